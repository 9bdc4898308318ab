/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge's questions to the page's API: the snapshot, then each machine, several at a time. */
#include "tests/bench/swarm/judge.h"
#include "tests/bench/swarm/requests.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define READERS      8
#define LOOK_EVERY   ((int64_t)2000000)
#define ASK_LIMIT    ((int64_t)60000000)
#define TRIES        20
#define TRY_AGAIN_MS 500

struct judging;

/* One connection that asks one thing after the other. */
struct reader {
	struct call call;
	struct timer timer;
	struct judging *judging;
	bool snapshot;
	size_t machine; /* it asks for */
	unsigned tries;
	int64_t begun;
};

struct judging {
	struct swarm *swarm;
	struct reader readers[READERS];
	int64_t *ids; /* of machine i; 0: not known to the appliance */
	size_t next, answered;
	bool seen; /* every Windows that is up */
	bool have; /* a snapshot */
	int error;
	double *snapshot;
};

static void reader_ask(struct reader *r)
{
	struct swarm *s = r->judging->swarm;
	char path[64] = "/api/v1/snapshot";
	struct buffer out;

	if (!r->snapshot)
		(void)snprintf(path, sizeof(path), "/api/v1/machines/%lld",
		        (long long)r->judging->ids[r->machine]);
	buffer_init(&out, REQUEST_MAX);
	r->begun = now_us();
	timer_set(&s->timers, &r->timer, r->begun + ASK_LIMIT);
	if (request_page(s, path, &out) < 0)
		r->judging->error = -ENOMEM;
	else
		call_make(&r->call, &s->https, true, out.data, out.len, REQUEST_MAX, CUT_NONE);
	buffer_free(&out);
}

static size_t number_of(const struct swarm *s, const char *mac)
{
	unsigned b[4];

	if (sscanf(mac, "52:54:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3]) != 4)
		return SIZE_MAX;
	size_t n = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
	return n < s->options->machines ? n : SIZE_MAX;
}

static void take_snapshot(struct judging *j, const json_t *json)
{
	const json_t *rows = json_object_get(json, "machines"), *row;
	size_t i, waiting = 0;

	json_array_foreach(rows, i, row)
	{
		size_t n = number_of(j->swarm, json_string_value(json_object_get(row, "mac")));
		const char *state = json_string_value(json_object_get(row, "state"));
		if (n == SIZE_MAX || !state)
			continue;
		if (j->ids[n])
			machine_problem(&j->swarm->machines[n], "two machines have its MAC");
		j->ids[n] = json_integer_value(json_object_get(row, "id"));
		waiting += j->swarm->machines[n].expects_return && strcmp(state, "returned") != 0;
	}
	j->seen = waiting == 0;
	j->have = true;
}

static void reader_next(struct reader *r)
{
	struct judging *j = r->judging;
	size_t count = j->swarm->options->machines;

	timer_clear(&j->swarm->timers, &r->timer);
	while (j->next < count && !j->ids[j->next]) {
		if (j->swarm->machines[j->next].boots_sent)
			machine_problem(
			        &j->swarm->machines[j->next], "the appliance does not know it");
		j->next++;
		j->answered++;
	}
	if (j->next == count)
		return;
	r->machine = j->next++;
	reader_ask(r);
}

static void reader_take(struct reader *r, const json_t *json)
{
	struct judging *j = r->judging;

	if (r->snapshot) {
		j->snapshot[0] = (double)(now_us() - r->begun) / 1000;
		j->snapshot[1] = (double)r->call.body.len;
		memset(j->ids, 0, j->swarm->options->machines * sizeof(*j->ids));
		take_snapshot(j, json);
		return;
	}
	judge_machine(&j->swarm->machines[r->machine], json);
	j->answered++;
	r->tries = 0;
	reader_next(r);
}

static void reader_done(struct call *call, int error)
{
	struct reader *r = (struct reader *)(void *)call;
	struct timers *timers = &r->judging->swarm->timers;
	json_t *json = NULL;

	timer_clear(timers, &r->timer);
	if (error == 0 && call->status == 200)
		json = json_loadb((const char *)call->body.data, call->body.len, 0, NULL);
	if (json) {
		reader_take(r, json);
		json_decref(json);
		return;
	}
	if (++r->tries > TRIES) {
		(void)fprintf(stderr, "swarm: the appliance cannot be asked: %s %d\n",
		        error < 0 ? strerror(-error) : "status", error < 0 ? 0 : call->status);
		r->judging->error = -EIO;
		return;
	}
	timer_set(timers, &r->timer, now_us() + (int64_t)TRY_AGAIN_MS * 1000);
}

static void reader_timer(struct timer *t)
{
	struct reader *r = (struct reader *)(void *)((char *)t - offsetof(struct reader, timer));

	if (!r->call.parser) {
		reader_ask(r);
		return;
	}
	call_close(&r->call);
	reader_done(&r->call, -ETIMEDOUT);
}

static void look(struct judging *j, int64_t end)
{
	struct reader *r = &j->readers[0];

	r->snapshot = true;
	do {
		int64_t again = now_us() + LOOK_EVERY;
		j->have = false;
		r->tries = 0;
		reader_ask(r);
		while (!j->error && !j->have)
			loop_turn(j->swarm->client.epoll, &j->swarm->timers, 100);
		timer_clear(&j->swarm->timers, &r->timer);
		while (!j->error && !j->seen && now_us() < again)
			loop_turn(j->swarm->client.epoll, &j->swarm->timers, 100);
	} while (!j->error && !j->seen && now_us() < end);
	r->snapshot = false;
}

int judge_all(struct swarm *s, double ret_snapshot[2])
{
	size_t count = s->options->machines;
	struct judging j = {.swarm = s, .snapshot = ret_snapshot};
	int bad = 0;

	j.ids = calloc(count, sizeof(*j.ids));
	if (!j.ids)
		return -ENOMEM;
	for (size_t i = 0; i < READERS; i++) {
		struct reader *r = &j.readers[i];
		*r = (struct reader){.judging = &j, .timer = {.expired = reader_timer}};
		call_init(&r->call, &s->client, s->machines[i % count].address, reader_done);
	}
	look(&j, now_us() + s->options->settle * 1000);
	for (size_t i = 0; i < READERS && !j.error; i++)
		reader_next(&j.readers[i]);
	while (!j.error && j.answered < count)
		loop_turn(s->client.epoll, &s->timers, 100);
	for (size_t i = 0; i < READERS; i++) {
		timer_clear(&s->timers, &j.readers[i].timer);
		call_close(&j.readers[i].call);
	}
	free(j.ids);
	for (size_t i = 0; i < count; i++)
		bad += s->machines[i].problem[0] != 0;
	return j.error ? j.error : bad;
}

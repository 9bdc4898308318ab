/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plays machines against an appliance and judges what it remembers of them (README.md). */
#include "tests/bench/swarm/judge.h"
#include "tests/generators/random.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>

#define SAY_EVERY ((int64_t)1000000)

/* Each story its share, at least one machine, in an order of the seed's. */
static void stories_deal(const struct swarm_options *o, enum story *ret)
{
	struct gen_random random;
	size_t at = 0;

	for (size_t s = STORY_good + 1; s < STORY_COUNT; s++) {
		size_t n = (o->machines * o->mix[s] + 99) / 100;
		for (; n > 0 && at < o->machines; n--)
			ret[at++] = (enum story)s;
	}
	while (at < o->machines)
		ret[at++] = STORY_good;
	gen_random_init(&random, o->seed, "stories");
	for (size_t i = o->machines - 1; i > 0; i--) {
		size_t k = gen_random_below(&random, (uint32_t)i + 1);
		enum story other = ret[k];
		ret[k] = ret[i];
		ret[i] = other;
	}
}

/* What escrow is to know, as `netmend keys import` takes it. */
static int csv_write(
        const struct swarm_options *o, const struct swarm_key *keys, const enum story *stories)
{
	char id[GUID_TEXT], other[PASSWORD_TEXT];
	int fd = open(o->csv, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -errno;
	(void)fprintf(f, "\"Hostname\",\"KeyID\",\"RecoveryKey\",\"Directory\"\n");
	for (size_t i = 0; i < o->machines; i++) {
		if (stories[i] == STORY_no_key)
			continue;
		swarm_password(other);
		guid_format(&keys[i].protector, id);
		(void)fprintf(f, "\"CN=PC%07zu,DC=swarm\",\"%s\",\"%s\",\"ActiveDirectory\"\n", i,
		        id, stories[i] == STORY_wrong_key ? other : keys[i].password);
	}
	bool whole = !ferror(f);
	return fclose(f) == 0 && whole ? 0 : -EIO;
}

static int token_read(struct swarm *s, const char *path)
{
	char line[256] = "";
	FILE *f = path ? fopen(path, "re") : NULL;

	if (path && (!f || !fgets(line, sizeof(line), f)))
		return -errno;
	if (f)
		(void)fclose(f);
	line[strcspn(line, "\n")] = 0;
	s->token = strdup(line);
	return s->token ? 0 : -ENOMEM;
}

static void say(const struct swarm *s, size_t started, int64_t begun)
{
	size_t up = 0;

	for (size_t i = 0; i < started; i++)
		up += s->machines[i].expects_return;
	(void)printf("progress %lld started %zu active %zu connected %zu over %zu windows %zu\n",
	        (long long)((now_us() - begun) / 1000), started, s->active, s->client.connected,
	        s->over, up);
	(void)fflush(stdout);
}

/* False: not over in time. */
static bool play(struct swarm *s)
{
	const struct swarm_options *o = s->options;
	int64_t begun = now_us(), said = begun, gap = 1000000 / o->rate, due = begun;
	size_t started = 0;

	while (s->over < o->machines) {
		int64_t now = now_us();
		for (; started < o->machines && s->active < o->active && due <= now; due += gap)
			machine_switch_on(&s->machines[started++]);
		/* What the limit held back does not come in one burst. */
		due = due < now - 1000000 ? now : due;
		loop_turn(s->client.epoll, &s->timers, started < o->machines ? 5 : 200);
		if (now - said >= SAY_EVERY) {
			said = now;
			say(s, started, begun);
		}
		if (now - begun > 1000 * o->limit)
			return false;
	}
	say(s, started, begun);
	return true;
}

static double processor_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int figures_write(const struct swarm *s, double seconds, const double snapshot[2])
{
	json_t *all = json_pack("{s:f,s:f,s:I,s:f,s:f,s:o}", "seconds", seconds, "own_cpu",
	        processor_seconds(), "repeated", (json_int_t)s->figures.repeated, "snapshot_ms",
	        snapshot[0], "snapshot_bytes", snapshot[1], "calls", figures_json(&s->figures));
	int r = all ? json_dump_file(all, s->options->figures, JSON_INDENT(1)) : -1;

	json_decref(all);
	return r;
}

static int run(struct swarm *s, const struct swarm_key *keys, const enum story *stories)
{
	const struct swarm_options *o = s->options;
	double snapshot[2] = {0};

	s->http = (struct sockaddr_in){.sin_family = AF_INET,
	        .sin_addr = o->server,
	        .sin_port = htons((uint16_t)o->http_port)};
	for (size_t i = 0; i < o->machines; i++)
		machine_init(&s->machines[i], s, i, stories[i], &keys[i]);
	int64_t begun = now_us();
	bool whole = play(s);
	double seconds = 1e-6 * (double)(now_us() - begun);
	if (!whole)
		(void)fprintf(stderr, "swarm: not over in time\n");
	(void)printf("played %.1f\n", seconds);
	(void)fflush(stdout);
	int bad = judge_all(s, snapshot);
	int r = o->ledger ? ledger_write(s, o->ledger) : 0;
	if (r == 0 && o->figures)
		r = figures_write(s, seconds, snapshot);
	(void)printf("judged %zu machines, %d not as they should be\n", o->machines, bad);
	return whole && bad == 0 && r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct swarm_options o;
	struct swarm s = {.options = &o};
	struct swarm_key *keys = NULL;
	struct rlimit files;

	if (options_parse(argc, argv, &o) < 0)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	enum story *stories = calloc(o.machines, sizeof(*stories));
	s.machines = calloc(o.machines, sizeof(*s.machines));
	/* A timer for each machine, and for each of the judge's readers. */
	s.timers.heap = calloc(o.machines + 64, sizeof(struct timer *));
	if (!stories || !s.machines || !s.timers.heap || sodium_init() < 0 ||
	        token_read(&s, o.token_file) < 0 || call_client_init(&s.client) < 0 ||
	        swarm_keys(o.keys, o.machines, o.stretchings, &keys) < 0) {
		(void)fprintf(stderr, "swarm: cannot start: %s\n", strerror(errno));
		return 2;
	}
	stories_deal(&o, stories);
	int r = o.csv ? csv_write(&o, keys, stories) : 0;
	if (r < 0)
		(void)fprintf(stderr, "swarm: %s: %s\n", o.csv, strerror(-r));
	int code = r < 0 ? 2 : o.only_keys ? 0 : run(&s, keys, stories);
	for (size_t i = 0; !o.only_keys && i < o.machines; i++)
		if (s.machines[i].swarm)
			machine_clear(&s.machines[i]);
	call_client_clear(&s.client);
	free(s.timers.heap);
	free(s.machines);
	free(s.token);
	free(stories);
	free(keys);
	return code;
}

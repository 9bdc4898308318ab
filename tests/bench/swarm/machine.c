/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/machine.h"
#include "fixer/base/cleanup.h"
#include "netmend/limits.h"
#include "tests/bench/swarm/answers.h"
#include "tests/bench/swarm/requests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define MS ((int64_t)1000) /* of microseconds */

#define CALL_LIMIT    (15 * 1000 * MS)
#define POLL_LIMIT    (35 * 1000 * MS)
#define RETRY_LEAST   (300 * MS)
#define RETRY_MOST    (3000 * MS)
#define POLL_PAUSE    (1000 * MS)
#define HOLD_PAUSE    (5000 * MS)
#define BEAT_EVERY    (NM_HEARTBEAT_INTERVAL * 1000 * MS)
#define BOOT_PART     ((size_t)64 * 1024) /* of kernel and initrd, by most machines */
#define RELAPSE_AFTER (3000 * MS)

void machine_problem(struct machine *m, const char *format, ...)
{
	va_list args;

	if (m->problem[0])
		return;
	va_start(args, format);
	(void)vsnprintf(m->problem, sizeof(m->problem), format, args);
	va_end(args);
	(void)fprintf(stderr, "swarm: machine %zu (%s, %s): %s\n", m->number, m->mac,
	        story_name(m->story), m->problem);
}

static struct boot *present(struct machine *m)
{
	return &m->boots[m->boot_count - 1];
}

static void pause_for(struct machine *m, int64_t us)
{
	timer_set(&m->swarm->timers, &m->timer, now_us() + us);
}

static void set_active(struct machine *m, bool active)
{
	m->swarm->active += (size_t)active;
	m->swarm->active -= (size_t)m->active;
	m->active = active;
}

static void end(struct machine *m)
{
	call_close(&m->call);
	timer_clear(&m->swarm->timers, &m->timer);
	m->in_call = false;
	set_active(m, false);
	if (!m->over)
		m->swarm->over++;
	m->over = true;
}

void machine_switch_on(struct machine *m)
{
	call_close(&m->call);
	m->in_call = false;
	m->act = 0;
	m->failures = 0;
	m->pause_end = 0;
	m->beating = false;
	set_active(m, true);
	m->boot_begun = now_us();
	pause_for(m, 0);
}

static void power_cut(struct machine *m)
{
	m->fall_at = SIZE_MAX;
	if (m->story == STORY_restart)
		machine_switch_on(m);
	else
		end(m);
}

/* ---- calls ---- */

static int event_request(struct machine *m, const struct act *act, struct buffer *out)
{
	struct boot *b = present(m);

	if (b->sent == b->taken && b->sent < SWARM_EVENTS)
		b->told[b->sent++] = (uint8_t)(act - acts);
	return request_event(m, act, b->sent, out);
}

static int request_of(struct machine *m, const struct act *act, struct buffer *out)
{
	bool whole = m->number % 100 < m->swarm->options->full;

	switch (act->kind) {
	case ACT_BOOT:
		m->boots_sent++;
		return request_boot(m, out);
	case ACT_KERNEL:
		return request_file(m, "/boot/vmlinuz", whole ? 0 : BOOT_PART, out);
	case ACT_INITRD:
		return request_file(m, "/boot/initrd.img", whole ? 0 : BOOT_PART, out);
	case ACT_SESSION:
		present(m)->session_sent = true;
		return request_session(m, out);
	case ACT_EVENT:
		return event_request(m, act, out);
	case ACT_PENDING:
		return request_pending(m, out);
	case ACT_RELEASE:
		return request_release(m, NM_RELEASE_WAIT_MAX, out);
	case ACT_JOURNAL:
		present(m)->journal_sent = true;
		return request_journal(m, present(m)->sha256, out);
	default:
		present(m)->result_sent = true;
		present(m)->result = act_result(m);
		return request_result(m, act_result(m), out);
	}
}

static enum figure figure_of(enum act_kind kind)
{
	static const enum figure figures[] = {
	        [ACT_BOOT] = FIGURE_boot,
	        [ACT_KERNEL] = FIGURE_kernel,
	        [ACT_INITRD] = FIGURE_initrd,
	        [ACT_SESSION] = FIGURE_session,
	        [ACT_EVENT] = FIGURE_events,
	        [ACT_PENDING] = FIGURE_pending,
	        [ACT_RELEASE] = FIGURE_release,
	        [ACT_JOURNAL] = FIGURE_journal,
	        [ACT_RESULT] = FIGURE_result,
	};

	return figures[kind];
}

/* Which of its calls lose their connection; a boot has no repeat that counts as one. */
static enum call_cut cut_of(const struct machine *m, const struct act *act)
{
	if (act->kind == ACT_BOOT || randombytes_uniform(100) >= m->swarm->options->cut)
		return CUT_NONE;
	return randombytes_uniform(2) ? CUT_REQUEST : CUT_ANSWER;
}

static void act_call(struct machine *m, enum call_cut cut)
{
	const struct act *act = &acts[m->act];
	bool secure = act->kind >= ACT_SESSION;
	struct buffer out;

	buffer_init(&out, REQUEST_MAX);
	if (request_of(m, act, &out) < 0) {
		machine_problem(m, "no memory");
		end(m);
	} else {
		m->in_call = true;
		m->figure = figure_of(act->kind);
		m->call_begun = now_us();
		pause_for(m, act->kind == ACT_RELEASE ? POLL_LIMIT : CALL_LIMIT);
		call_make(&m->call, secure ? &m->swarm->https : &m->swarm->http, secure, out.data,
		        out.len, REQUEST_MAX, cut);
	}
	buffer_free(&out);
}

static void windows_begin(struct machine *m)
{
	call_close(&m->call);
	set_active(m, false);
	if (m->story == STORY_never) {
		end(m);
		return;
	}
	windows_up(m);
	/* A relapse comes when the appliance has seen the machine. */
	if (m->story == STORY_relapse)
		pause_for(m, RELAPSE_AFTER);
	else
		end(m);
}

static void relapse(struct machine *m)
{
	if (!m->knocked) {
		pause_for(m, RELAPSE_AFTER);
		return;
	}
	windows_down(m);
	m->relapsed = true;
	m->expects_return = false;
	machine_switch_on(m);
}

static void act_begin(struct machine *m)
{
	if (acts[m->act].kind == ACT_WINDOWS) {
		if (m->window_fd < 0)
			windows_begin(m);
		else
			relapse(m);
		return;
	}
	if (m->act != m->fall_at) {
		act_call(m, cut_of(m, &acts[m->act]));
		return;
	}
	/* Power goes before the call, in the middle of it, or before its answer. */
	enum call_cut cut = (enum call_cut)randombytes_uniform(3);
	if (cut == CUT_NONE)
		power_cut(m);
	else
		act_call(m, cut);
}

/* Until the next act; a step that takes long has heartbeats. While it waits for its key, the long
 * poll is the sign of life. */
static void go_on_later(struct machine *m)
{
	int64_t now = now_us(), beat = now + BEAT_EVERY;
	bool told = m->act > act_first_in_session() && m->act <= act_last_in_session();

	timer_set(&m->swarm->timers, &m->timer, told && beat < m->pause_end ? beat : m->pause_end);
}

static void act_done(struct machine *m)
{
	int64_t pace = m->swarm->options->pace * MS;

	m->failures = 0;
	m->act = act_next(m, m->act + 1);
	m->pause_end = now_us() + pace / 2;
	if (pace)
		m->pause_end += (int64_t)randombytes_uniform((uint32_t)pace);
	go_on_later(m);
}

static void beat(struct machine *m)
{
	size_t last = m->act - 1;
	struct buffer out;

	while (acts[last].kind != ACT_EVENT && acts[last].kind != ACT_SESSION)
		last--;
	const struct act *act = acts[last].kind == ACT_EVENT ? &acts[last] : &acts[last + 1];
	buffer_init(&out, REQUEST_MAX);
	if (request_event(m, act, 0, &out) == 0) {
		m->in_call = m->beating = true;
		m->figure = FIGURE_heartbeat;
		m->call_begun = now_us();
		pause_for(m, CALL_LIMIT);
		call_make(
		        &m->call, &m->swarm->https, true, out.data, out.len, REQUEST_MAX, CUT_NONE);
	}
	buffer_free(&out);
}

static void call_failed(struct machine *m, int error)
{
	if (m->act == m->fall_at) {
		power_cut(m);
		return;
	}
	m->swarm->figures.repeated++;
	m->failures++;
	int64_t most = RETRY_LEAST << (m->failures < 6 ? m->failures : 6);
	most = most < RETRY_MOST ? most : RETRY_MOST;
	/* It lost the connection itself: it asks again at once. */
	pause_for(m, error == -ECONNABORTED
	                     ? 0
	                     : most / 2 + (int64_t)randombytes_uniform((uint32_t)most));
}

/* Its result was on the way when it was switched on again: the appliance has repaired it. */
static bool was_repaired_meanwhile(const struct machine *m)
{
	bool sent = false;

	for (size_t i = 0; i + 1 < m->boot_count; i++)
		sent |= m->boots[i].result_sent && !m->boots[i].result_taken;
	return sent && acts[m->act].kind == ACT_SESSION && m->call.body.data &&
	       strstr((const char *)m->call.body.data, "\"HELD\"");
}

static void call_answered(struct machine *m)
{
	int status = m->call.status;

	if (status == 503) {
		call_failed(m, -EAGAIN);
		return;
	}
	figures_add(&m->swarm->figures, m->figure, now_us() - m->call_begun);
	if (status == 403 && was_repaired_meanwhile(m)) {
		machine_switch_on(m);
		return;
	}
	if (status / 100 != 2) {
		machine_problem(m, "act %zu refused: %d %.100s", m->act, status,
		        m->call.body.data ? (const char *)m->call.body.data : "");
		end(m);
		return;
	}
	switch (answer_take(m, &acts[m->act])) {
	case ANSWER_ON:
		act_done(m);
		break;
	case ANSWER_WINDOWS:
		m->act = act_last_in_session();
		act_done(m);
		break;
	case ANSWER_LATER:
		pause_for(m, acts[m->act].kind == ACT_BOOT ? HOLD_PAUSE : POLL_PAUSE);
		break;
	case ANSWER_BOOT:
		machine_switch_on(m);
		break;
	default:
		end(m);
	}
}

/* One that is lost is not made up for: the next comes soon enough. */
static void beat_done(struct machine *m, int error)
{
	m->beating = false;
	if (error == 0 && m->call.status == 200)
		figures_add(&m->swarm->figures, FIGURE_heartbeat, now_us() - m->call_begun);
	go_on_later(m);
}

static void call_done(struct call *call, int error)
{
	struct machine *m = (struct machine *)(void *)call;

	m->in_call = false;
	timer_clear(&m->swarm->timers, &m->timer);
	if (m->beating) {
		beat_done(m, error);
		return;
	}
	if (error < 0)
		call_failed(m, error);
	else
		call_answered(m);
}

static void machine_timer(struct timer *t)
{
	struct machine *m = (struct machine *)(void *)((char *)t - offsetof(struct machine, timer));

	if (m->in_call) {
		call_close(&m->call);
		call_done(&m->call, -ETIMEDOUT);
	} else if (now_us() < m->pause_end && m->failures == 0) {
		beat(m);
	} else {
		act_begin(m);
	}
}

/* ---- who it is ---- */

void machine_init(struct machine *m, struct swarm *s, size_t number, enum story story,
        const struct swarm_key *key)
{
	struct guid uuid = {.bytes = {0x53, 0x57, 0x41, 0x52, 0x4d, 0, 0, 0x40, 0x80}};
	uint32_t n = (uint32_t)number;
	size_t first = act_first_in_session(), last = act_last_in_session();

	*m = (struct machine){.swarm = s,
	        .number = number,
	        .story = story,
	        .key = key,
	        .timer = {.expired = machine_timer},
	        .fall_at = SIZE_MAX,
	        .window_fd = -1};
	m->address.s_addr = htonl(ntohl(s->options->network.s_addr) + 1 + n);
	call_init(&m->call, &s->client, m->address, call_done);
	(void)snprintf(m->mac, sizeof(m->mac), "52:54:%02x:%02x:%02x:%02x", n >> 24, n >> 16 & 255,
	        n >> 8 & 255, n & 255);
	memcpy(uuid.bytes + 10, &n, sizeof(n));
	guid_format(&uuid, m->uuid);
	(void)snprintf(m->serial, sizeof(m->serial), "SWARM%07zu", number);
	if (story == STORY_restart || story == STORY_silent)
		do
			m->fall_at = first + randombytes_uniform((uint32_t)(last - first + 1));
		while (act_next(m, m->fall_at) != m->fall_at);
}

void machine_clear(struct machine *m)
{
	call_close(&m->call);
	windows_down(m);
}

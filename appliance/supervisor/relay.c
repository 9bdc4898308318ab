/* SPDX-License-Identifier: GPL-3.0-or-later */
/* News between dnsmasq, watch and web. */
#include "appliance/supervisor/answers.h"
#include "appliance/supervisor/control.h"
#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/serve.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

/* Records taken from one child before the others get their turn. */
#define TURN_MAX 64

#define CLOCK_LOOK_MS 30000

static void web_told(struct serve *s, int r)
{
	if (r < 0 && r != -EPIPE)
		log_warning("cannot tell web: %s", strerror(-r));
	if (s->to_web.lost && !outbox_waiting(&s->to_web)) {
		log_warning(
		        "web did not keep up: %zu messages about DHCP were lost", s->to_web.lost);
		s->to_web.lost = 0;
	}
}

static void tell_web(struct serve *s, const struct control_message *m)
{
	if (s->web_fd < 0)
		return; /* being restarted: it learns the state of things when it is back */
	web_told(s, outbox_send(&s->to_web, s->web_fd, m));
}

void serve_write_web(struct serve *s)
{
	if (s->web_fd >= 0)
		web_told(s, outbox_go_on(&s->to_web, s->web_fd));
}

void serve_web_gone(struct serve *s)
{
	if (s->web_fd >= 0)
		(void)close(s->web_fd);
	s->web_fd = -1;
	outbox_clear(&s->to_web);
}

void serve_tell_health(struct serve *s)
{
	struct control_message m = {.type = CONTROL_HEALTH, .ok = s->dhcp_ok};

	text_clean(m.text, sizeof(m.text), s->dhcp_text);
	tell_web(s, &m);
}

void serve_set_health(struct serve *s, bool ok, const char *text)
{
	if (s->dhcp_ok == ok && strncmp(s->dhcp_text, text, sizeof(s->dhcp_text) - 1) == 0)
		return;
	s->dhcp_ok = ok;
	text_clean(s->dhcp_text, sizeof(s->dhcp_text), text);
	serve_tell_health(s);
}

/* Reading it takes no right; containers may be forbidden to, all the same. */
void serve_tell_clock(struct serve *s, bool started)
{
	struct control_message m = {.type = CONTROL_CLOCK};
	struct timex clock = {0};
	int64_t now = monotonic_ms();

	if (!started && now - s->clock_looked < CLOCK_LOOK_MS)
		return;
	s->clock_looked = now;
	if (adjtimex(&clock) < 0)
		return;
	m.ok = !(clock.status & STA_UNSYNC);
	if (started || s->clock_ok != (m.ok != 0))
		tell_web(s, &m);
	s->clock_ok = m.ok;
}

static void answer_syncs(struct serve *s, const uint32_t *ids, size_t count, const char *refusal)
{
	for (size_t i = 0; i < count; i++) {
		struct control_message m = {
		        .type = CONTROL_SYNC_DONE, .id = ids[i], .ok = refusal ? 0 : 1};
		if (refusal)
			text_clean(m.text, sizeof(m.text), refusal);
		tell_web(s, &m);
	}
}

void serve_refuse_syncs(struct serve *s, const char *text)
{
	uint32_t ids[RESYNC_PENDING_MAX];
	size_t count = resync_take_all(&s->resync, ids);

	answer_syncs(s, ids, count, text);
}

/* dnsmasq has read the answer list: at its start, or because we told it to. */
static void list_was_read(struct serve *s)
{
	uint32_t done[RESYNC_PENDING_MAX];
	char text[80];
	size_t count = resync_read(&s->resync, done);

	answer_syncs(s, done, count, NULL);
	snprintf(text, sizeof(text), "dnsmasq answers on %s (%s)", s->config.interface,
	        config_dhcp_mode_name(&s->config));
	serve_set_health(s, true, text);
}

/* What watch would have said. */
static void tell_of_question(struct serve *s, const struct control_message *discover)
{
	struct control_message m = *discover;

	m.kind = CONTROL_DHCP_HEARD;
	m.ok = 1;
	tell_web(s, &m);
}

static void on_dnsmasq(const struct dnsmasq_event *event, void *context)
{
	struct serve *s = context;
	struct control_message m = {.type = CONTROL_DHCP};
	char answers[STATE_PATH_MAX];

	switch (event->kind) {
	case DNSMASQ_CLIENT:
		m.kind = CONTROL_DHCP_DISCOVER;
		m.id = event->client;
		m.ok = event->served;
		memcpy(m.mac, event->mac, sizeof(m.mac));
		/* Watch sees the same packet, and in it which machine it is. */
		if (s->watch_fd < 0)
			tell_of_question(s, &m);
		break;
	case DNSMASQ_SENT:
		m.kind = CONTROL_DHCP_BOOT_FILE;
		memcpy(m.ip, event->ip, sizeof(m.ip));
		break;
	case DNSMASQ_READ:
		state_path(answers, s->config.state, DNSMASQ_ANSWERS);
		/* The event's text may be a cut path; ours is then cut alike. */
		if (strncmp(event->text, answers, sizeof(event->text) - 1) == 0)
			list_was_read(s);
		else
			resync_goes_on(&s->resync, monotonic_ms());
		return;
	case DNSMASQ_NOTE:
		log_info("dnsmasq: %s", event->text);
		return;
	}
	const char *slash = strrchr(event->text, '/');
	snprintf(m.text, sizeof(m.text), "%s", slash ? slash + 1 : event->text);
	tell_web(s, &m);
}

void serve_read_log(struct serve *s)
{
	char block[4096];

	for (int i = 0; i < TURN_MAX; i++) {
		ssize_t n = read(s->log_fd, block, sizeof(block));
		if (n <= 0)
			return;
		dnsmasq_log_feed(&s->log, block, (size_t)n, on_dnsmasq, s);
	}
}

static void take_request(struct serve *s, const struct control_message *m)
{
	if (m->type == CONTROL_SETUP)
		serve_show_setup(&s->config, m->text);
	else if (m->type != CONTROL_SYNC)
		log_warning("web sent a message of type %u: ignored", (unsigned)m->type);
	else if (!s->enabled[CHILD_DNSMASQ])
		answer_syncs(s, &m->id, 1, NULL); /* no list to be read by anybody */
	else if (!resync_request(&s->resync, m->id))
		answer_syncs(s, &m->id, 1, "too many requests wait for dnsmasq");
}

void serve_read_web(struct serve *s)
{
	for (int i = 0; i < TURN_MAX && s->web_fd >= 0; i++) {
		struct control_message m;
		int r = control_receive(s->web_fd, &m);

		if (r == 0) {
			take_request(s, &m);
			continue;
		}
		if (r == -EPROTO)
			log_warning("web sent a malformed message: ignored");
		if (r == -EPIPE) {
			/* Its end, or a web that closed the pair: useless without it. */
			child_signal(&s->children[CHILD_WEB], SIGTERM);
			serve_web_gone(s);
		}
		return;
	}
}

void serve_read_watch(struct serve *s)
{
	for (int i = 0; i < TURN_MAX && s->watch_fd >= 0; i++) {
		struct control_message m;
		int r = control_receive(s->watch_fd, &m);

		if (r == -EPIPE) {
			close(s->watch_fd);
			s->watch_fd = -1;
		}
		if (r < 0)
			return;
		if (m.type == CONTROL_DHCP && m.kind >= CONTROL_DHCP_WINDOWS)
			tell_web(s, &m);
	}
}

void serve_drive_sync(struct serve *s)
{
	int64_t now = monotonic_ms();

	if (resync_overdue(&s->resync, now)) {
		log_error("dnsmasq has not gone on reading the answer list for %d ms: it is "
		          "restarted",
		        RESYNC_LIMIT_MS);
		resync_lost(&s->resync);
		child_signal(&s->children[CHILD_DNSMASQ], SIGKILL);
	}
	if (!resync_must_signal(&s->resync, now))
		return;
	struct error err = {0};
	if (answers_write(&s->config, &err) == 0) {
		child_signal(&s->children[CHILD_DNSMASQ], SIGHUP);
		return;
	}
	log_error("the answer list: %s", err.text);
	resync_failed(&s->resync);
	serve_refuse_syncs(s, err.text);
}

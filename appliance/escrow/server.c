/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread reads every connection and answers what is known; everything that takes time is done
 * by others (cases.h, errand.h). */
#include "appliance/escrow/server.h"
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/errand.h"
#include "appliance/escrow/status.h"
#include "appliance/escrow/work.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 16
#define MAX_OF_WEB  8 /* the rest is for root, whatever web does */
#define TICK_MS     250
#define LAST_MAX    256 /* messages of one connection that are looked at when it ends */

enum { FD_LISTEN, FD_SIGNAL, FD_WAKE, FD_CLIENTS };

struct slot {
	struct client *client;
	bool wants_requests; /* has asked for the list: is told when it changes */
};

struct server {
	int listen_fd, signal_fd, wake_fd;
	uid_t web_uid;
	struct escrow *escrow;
	struct errands *errands;
	struct slot slots[MAX_CLIENTS];
	struct secret *message; /* boxes, and root's passphrases */
	bool stopping;          /* only reports of misuse are taken any more */
};

struct server *server_new(int listen_fd, uid_t web_uid, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));
	sigset_t signals;

	if (!s) {
		(void)close(listen_fd);
		(void)error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
		return NULL;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	s->listen_fd = listen_fd;
	s->web_uid = web_uid;
	s->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->message = secret_new(NM_ESCROW_MESSAGE_MAX);
	if (s->signal_fd >= 0 && s->wake_fd >= 0 && s->message)
		return s;
	(void)error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no descriptor or locked memory");
	server_free(s);
	return NULL;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	(void)close(s->listen_fd);
	if (s->signal_fd >= 0)
		(void)close(s->signal_fd);
	if (s->wake_fd >= 0)
		(void)close(s->wake_fd);
	secret_free(s->message);
	free(s);
}

/* --- connections ----------------------------------------------------------------------------- */

static bool has_room(const struct server *s, uid_t uid, size_t *ret_slot)
{
	size_t same = 0, free_slot = MAX_CLIENTS;

	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		if (!s->slots[i].client)
			free_slot = i;
		else if (client_uid(s->slots[i].client) == uid)
			same++;
	}
	*ret_slot = free_slot;
	return free_slot < MAX_CLIENTS && (uid == 0 || same < MAX_OF_WEB);
}

static void accept_client(struct server *s)
{
	uid_t uid;
	size_t slot;
	int fd = guard_accept(s->listen_fd, s->web_uid, SOCK_NONBLOCK, &uid);

	if (fd < 0)
		return;
	if (!has_room(s, uid, &slot)) {
		log_warning("refused a connection of uid=%u: too many", uid);
		(void)close(fd);
		return;
	}
	s->slots[slot] = (struct slot){.client = client_new(fd, uid, s->wake_fd)};
}

static void drop(struct slot *slot)
{
	client_close(slot->client);
	client_drop(slot->client);
	*slot = (struct slot){0};
}

/* --- messages -------------------------------------------------------------------------------- */

static void answer_requests(struct server *s, struct slot *slot, const struct message *m)
{
	json_t *list = gate_requests(s->escrow->gate, m->skip);

	slot->wants_requests = true;
	client_send(slot->client, list ? json_pack("{s:i,s:I,s:b,s:o}", "v", 1, "id", m->id, "ok",
	                                         1, "requests", list)
	                               : NULL);
}

static void answer_suspects(struct server *s, struct slot *slot, json_int_t id)
{
	json_t *list = gate_suspects(s->escrow->gate, clock_wall());

	client_send(slot->client,
	        list ? json_pack("{s:i,s:I,s:b,s:o}", "v", 1, "id", id, "ok", 1, "suspects", list)
	             : NULL);
}

static void answer_refused(
        struct client *client, const struct message *m, enum reason reason, const char *text)
{
	struct outcome o = {.status = OUTCOME_PENDING, .reason = reason};

	text_clean(o.text, sizeof(o.text), text);
	client_send(client, m->op == MESSAGE_RELEASE ? outcome_answer(&o, m->id)
	                                             : message_answer(m->id, reason, text));
}

static void ask(struct server *s, struct slot *slot, struct message *m)
{
	if (cases_ask(s->escrow->cases, slot->client, m->id, m->ask)) {
		m->ask = NULL;
		message_free(m);
		return;
	}
	/* Somebody speaks for a session that is another machine's. */
	answer_refused(slot->client, m, REASON_SESSION_REPLACED,
	        "this session has asked with another key, machine or volumes before");
	m->op = MESSAGE_MISUSE;
	m->silent = true;
	m->subject = m->ask->subject;
	m->misuse = REASON_SESSION_REPLACED;
	errands_submit(s->errands, slot->client, m);
}

/* Takes m. */
static void dispatch(struct server *s, struct slot *slot, struct message *m)
{
	if (s->stopping && m->op != MESSAGE_MISUSE) {
		message_free(m);
		return;
	}
	if (m->root_only && client_uid(slot->client) != 0) {
		log_warning("refused an order of uid=%u that is root's",
		        (unsigned)client_uid(slot->client));
		answer_refused(slot->client, m, REASON_PROTOCOL_ERROR, "only root may order that");
	} else if (m->op == MESSAGE_RELEASE) {
		ask(s, slot, m);
		return;
	} else if (m->op == MESSAGE_POWER) {
		bmc_desk_take(s->escrow->desk, slot->client, m->id, m->power);
		m->power = NULL;
	} else if (m->op == MESSAGE_STATUS) {
		client_send(slot->client, status_answer(s->escrow, m->id));
	} else if (m->op == MESSAGE_REQUESTS) {
		answer_requests(s, slot, m);
	} else if (m->op == MESSAGE_SUSPECTS) {
		answer_suspects(s, slot, m->id);
	} else {
		errands_submit(s->errands, slot->client, m);
		return;
	}
	message_free(m);
}

/* False when the connection is to be dropped. */
static bool take_message(struct server *s, struct slot *slot, size_t len)
{
	struct message *m = NULL;
	struct error err = {0};
	int r = message_parse(s->message->data, len, &m, &err);

	secret_wipe(s->message->data, len);
	if (r == 0) {
		dispatch(s, slot, m);
		return true;
	}
	log_warning("%s", err.text);
	bool can_answer = m && m->has_id;
	if (can_answer)
		answer_refused(slot->client, m, err.reason, err.text);
	message_free(m);
	return can_answer;
}

static bool read_client(struct server *s, struct slot *slot)
{
	ssize_t n = recv(client_fd(slot->client), s->message->data, s->message->len,
	        MSG_DONTWAIT | MSG_TRUNC);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	if (n < 0)
		return true;
	if ((size_t)n <= s->message->len)
		return take_message(s, slot, (size_t)n);
	/* A machine can bring so much; the others' answers come on the same connection. */
	log_warning("a message of %zd bytes is passed over", n);
	return true;
}

/* --- the loop -------------------------------------------------------------------------------- */

static void tell_requests(struct server *s)
{
	if (!gate_news(s->escrow->gate))
		return;
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (s->slots[i].wants_requests)
			client_send(s->slots[i].client,
			        json_pack("{s:i,s:s}", "v", 1, "news", "requests"));
}

static void serve_slot(struct server *s, struct slot *slot, short events)
{
	if (events & POLLOUT)
		client_flush(slot->client);
	if ((events & (POLLIN | POLLHUP | POLLERR)) && !read_client(s, slot))
		drop(slot);
}

/* Who misuses a token has been answered: that it was reported before the end is not to depend on
 * who was faster. */
static void take_last_reports(struct server *s)
{
	s->stopping = true;
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct slot *slot = &s->slots[i];
		struct pollfd p = {
		        .fd = slot->client ? client_fd(slot->client) : -1, .events = POLLIN};
		for (unsigned n = 0; n < LAST_MAX && poll(&p, 1, 0) == 1; n++)
			if (!read_client(s, slot))
				break;
	}
}

static int serve(struct server *s)
{
	int64_t ticked = 0;
	uint64_t woken;

	for (;;) {
		struct pollfd fds[FD_CLIENTS + MAX_CLIENTS] = {
		        [FD_LISTEN] = {.fd = s->listen_fd, .events = POLLIN},
		        [FD_SIGNAL] = {.fd = s->signal_fd, .events = POLLIN},
		        [FD_WAKE] = {.fd = s->wake_fd, .events = POLLIN}};
		for (size_t i = 0; i < MAX_CLIENTS; i++) {
			struct client *c = s->slots[i].client;
			fds[FD_CLIENTS + i] = (struct pollfd){.fd = c ? client_fd(c) : -1,
			        .events = (short)(POLLIN | (c && client_waits(c) ? POLLOUT : 0))};
		}
		if (poll(fds, FD_CLIENTS + MAX_CLIENTS, TICK_MS) < 0 && errno != EINTR)
			return -errno;
		if (fds[FD_SIGNAL].revents) {
			take_last_reports(s);
			return 0;
		}
		if (fds[FD_WAKE].revents && read(s->wake_fd, &woken, sizeof(woken)) < 0 &&
		        errno != EAGAIN)
			return -errno;
		for (size_t i = 0; i < MAX_CLIENTS; i++)
			if (s->slots[i].client)
				serve_slot(s, &s->slots[i], fds[FD_CLIENTS + i].revents);
		if (fds[FD_LISTEN].revents)
			accept_client(s);
		/* It looks at every case: not once for each of their messages. */
		if (clock_steady() - ticked >= TICK_MS) {
			ticked = clock_steady();
			cases_tick(s->escrow->cases);
		}
		tell_requests(s);
	}
}

int server_run(struct server *s, struct escrow *e)
{
	int r = -ENOMEM;

	s->escrow = e;
	s->errands = errands_new(e);
	if (s->errands)
		r = serve(s);
	errands_free(s->errands);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (s->slots[i].client)
			drop(&s->slots[i]);
	return r;
}

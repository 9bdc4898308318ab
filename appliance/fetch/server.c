/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread reads every asker and keeps the clock; the places do what takes time. */
#include "appliance/fetch/server.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ASKERS 16
#define TICK       1000 /* ms */

struct server {
	int listen_fd, signal_fd;
	uid_t escrow_uid;
	struct place **places;
	size_t place_count;
	struct asker *askers[MAX_ASKERS];
	uint8_t message[NM_ESCROW_MESSAGE_MAX]; /* questions: no secret among them */
};

static void accept_asker(struct server *s)
{
	uid_t uid;
	int fd = guard_accept(s->listen_fd, s->escrow_uid, 0, &uid);

	if (fd < 0)
		return;
	for (size_t i = 0; i < MAX_ASKERS; i++) {
		if (!s->askers[i]) {
			s->askers[i] = asker_new(fd);
			return;
		}
	}
	log_warning("refused a connection: %d are open already", MAX_ASKERS);
	(void)close(fd);
}

static struct place *find_place(const struct server *s, const char *name)
{
	for (size_t i = 0; i < s->place_count; i++)
		if (strcmp(place_name(s->places[i]), name) == 0)
			return s->places[i];
	return NULL;
}

static void answer_status(const struct server *s, struct asker *asker, json_int_t id)
{
	json_t *sources = json_array();

	for (size_t i = 0; i < s->place_count; i++)
		(void)json_array_append_new(sources, place_status(s->places[i]));
	(void)asker_send(
	        asker, json_pack("{s:i,s:I,s:o}", "v", 1, "id", id, "sources", sources), false);
}

static void answer(const struct server *s, struct asker *asker, const struct source_message *m)
{
	static const char unknown[] = "no source of this name is configured";
	struct place *p = find_place(s, m->source);

	if (m->op == SOURCE_OP_STATUS)
		answer_status(s, asker, m->id);
	else if (p && m->op == SOURCE_OP_LOOKUP)
		place_ask(p, asker, m->id, &m->question);
	else if (p)
		place_pull(p, asker, m->id);
	else if (m->op == SOURCE_OP_LOOKUP)
		(void)asker_send(
		        asker, source_message_refusal(m->id, REASON_SOURCE_FAILED, unknown), false);
	else
		(void)asker_send(asker,
		        source_message_records(
		                m->id, json_array(), true, REASON_SOURCE_FAILED, unknown),
		        false);
}

/* False when the asker is gone. */
static bool read_asker(struct server *s, struct asker *asker)
{
	struct source_message m = {0};
	struct error err = {0};
	ssize_t n = recv(asker_fd(asker), s->message, sizeof(s->message), MSG_DONTWAIT | MSG_TRUNC);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	if (n < 0)
		return true;
	if ((size_t)n > sizeof(s->message)) {
		log_warning("message of %zd bytes refused", n);
		return false;
	}
	if (source_message_parse(s->message, (size_t)n, &m, &err) < 0) {
		log_warning("%s", err.text);
		return false; /* our own escrow process never sends that */
	}
	answer(s, asker, &m);
	return true;
}

static int serve(struct server *s)
{
	for (;;) {
		struct pollfd fds[MAX_ASKERS + 2] = {{.fd = s->listen_fd, .events = POLLIN},
		        {.fd = s->signal_fd, .events = POLLIN}};
		for (size_t i = 0; i < MAX_ASKERS; i++)
			fds[i + 2] = (struct pollfd){
			        .fd = s->askers[i] ? asker_fd(s->askers[i]) : -1, .events = POLLIN};
		if (poll(fds, MAX_ASKERS + 2, TICK) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 0;
		for (size_t i = 0; i < s->place_count; i++)
			place_expire(s->places[i]);
		for (size_t i = 0; i < MAX_ASKERS; i++)
			if (s->askers[i] && fds[i + 2].revents && !read_asker(s, s->askers[i])) {
				asker_drop(s->askers[i]);
				s->askers[i] = NULL;
			}
		if (fds[0].revents)
			accept_asker(s);
	}
}

int source_server_run(
        int listen_fd, uid_t escrow_uid, struct place **places, size_t count, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));
	sigset_t signals;
	int r = 0;

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	*s = (struct server){.listen_fd = listen_fd,
	        .signal_fd = signalfd(-1, &signals, SFD_CLOEXEC),
	        .escrow_uid = escrow_uid,
	        .places = places,
	        .place_count = count};
	if (s->signal_fd < 0)
		r = error_set(err, -errno, REASON_INTERNAL, "signalfd: %s", strerror(errno));
	for (size_t i = 0; r == 0 && i < count; i++)
		if (place_start(places[i]) < 0)
			r = error_set(err, -EAGAIN, REASON_OUT_OF_MEMORY, "cannot start threads");
	if (r == 0) {
		log_info("ready: %zu key sources", count);
		r = serve(s);
	}
	for (size_t i = 0; i < MAX_ASKERS; i++)
		if (s->askers[i])
			asker_drop(s->askers[i]);
	if (s->signal_fd >= 0)
		(void)close(s->signal_fd);
	free(s);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection: made without waiting for it longer than a call may, lost without harm. */
#include "appliance/store/postgres.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number
#define LINE_TEXT        256

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- parameters ------------------------------------------------------------------------------ */

const char *pg_parameter(const struct pg *p, const char *name)
{
	for (size_t i = 0; p->names && p->names[i]; i++)
		if (strcmp(p->names[i], name) == 0)
			return p->values[i];
	return NULL;
}

static int parameter_add(struct pg *p, size_t *count, const char *name, const char *value)
{
	p->names[*count] = strdup(name);
	p->values[*count] = strdup(value);
	if (!p->names[*count] || !p->values[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

static bool is_local(const char *host)
{
	return !host || host[0] == '\0' || host[0] == '/' || host[0] == '@' ||
	       strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	       strcmp(host, "::1") == 0;
}

/* What people leave out. Over a network the server must be the one that is meant; nothing of the
 * home directory or of Kerberos is asked for: it may be root's, whom we are no more, and libpq
 * connects to nobody when it may not look there for a certificate of its own. */
static int parameters_complete(struct pg *p, size_t *count)
{
	static const struct {
		const char *name, *value;
	} always[] = {{"application_name", "netmend"}, {"gssencmode", "disable"},
	        {"keepalives_idle", "5"}, {"keepalives_interval", "2"}, {"keepalives_count", "3"},
	        {"tcp_user_timeout", "8000"}, {"sslcert", "/nonexistent/certificate"}};
	bool local = is_local(pg_parameter(p, "host")) && is_local(pg_parameter(p, "hostaddr"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		if (!pg_parameter(p, always[i].name))
			r = parameter_add(p, count, always[i].name, always[i].value);
	if (r == 0 && !local && !pg_parameter(p, "sslmode"))
		r = parameter_add(p, count, "sslmode", "verify-full");
	if (r == 0 && !local && !pg_parameter(p, "sslrootcert"))
		r = parameter_add(p, count, "sslrootcert", "/etc/ssl/certs/ca-certificates.crt");
	return r < 0 ? r : parameter_add(p, count, "client_encoding", "UTF8");
}

int pg_parameters(struct pg *p, const char *url, struct error *err)
{
	char *message = NULL;
	PQconninfoOption *given = PQconninfoParse(url, &message);
	size_t count = 0, all = 16;
	int r = 0;

	/* The message may quote the URL, and so a password. */
	PQfreemem(message);
	if (!given)
		return error_set(err, -EINVAL, REASON_CANNOT_OPEN,
		        "[store] database: not an address PostgreSQL understands");
	for (const PQconninfoOption *o = given; o->keyword; o++)
		all++;
	p->names = calloc(all, sizeof(*p->names));
	p->values = calloc(all, sizeof(*p->values));
	if (!p->names || !p->values)
		r = -ENOMEM;
	for (const PQconninfoOption *o = given; r == 0 && o->keyword; o++)
		if (o->val && strcmp(o->keyword, "client_encoding") != 0)
			r = parameter_add(p, &count, o->keyword, o->val);
	PQconninfoFree(given);
	if (r == 0)
		r = parameters_complete(p, &count);
	return r < 0 ? error_set(err, r, REASON_OUT_OF_MEMORY, "no memory") : 0;
}

void pg_parameters_free(struct pg *p)
{
	for (size_t i = 0; p->names && p->values && (p->names[i] || p->values[i]); i++) {
		if (p->values[i])
			explicit_bzero(p->values[i], strlen(p->values[i]));
		free(p->names[i]);
		free(p->values[i]);
	}
	free(p->names);
	free(p->values);
}

/* ---- losing it ------------------------------------------------------------------------------- */

static void drop(struct pg *p)
{
	PQfinish(p->conn);
	p->conn = NULL;
	p->link = PG_DOWN;
	p->open = false;
}

/* Messages of libpq have an end of line and several lines. */
static void one_line(char line[LINE_TEXT], const char *message)
{
	(void)snprintf(line, LINE_TEXT, "%s", message);
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
}

/* What the server says unasked: libpq itself would write it to standard error as it is. */
static void notice(void *context, const char *message)
{
	char line[LINE_TEXT];

	(void)context;
	one_line(line, message);
	log_warning("store: PostgreSQL says: %s", line);
}

static void tell(struct pg *p, const char *why)
{
	char line[LINE_TEXT];

	one_line(line, why);
	if (!p->told)
		log_error("store: PostgreSQL: %s", line);
	p->told = true;
}

void pg_lose(struct pg *p, const char *why)
{
	bool was_up = p->link == PG_UP;

	tell(p, why);
	drop(p);
	/* A server that was restarted may be back at once. */
	p->retry = was_up ? 0 : now_ms() + PG_BACKOFF_MS;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Waits for the socket until the deadline. */
static int wait_socket(PGconn *conn, short events, int64_t deadline)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = events};

	for (;;) {
		int64_t left = deadline - now_ms();
		int n = poll(&fd, 1, left > 0 ? (int)left : 0);
		if (n < 0 && errno == EINTR)
			continue;
		return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
	}
}

/* Sends what is left and waits until a result is whole. */
static int wait_result(struct pg *p, int64_t deadline)
{
	int unsent;

	while ((unsent = PQflush(p->conn)) == 1) {
		int r = wait_socket(p->conn, POLLIN | POLLOUT, deadline);
		if (r < 0)
			return r;
		if (!PQconsumeInput(p->conn))
			return -EIO;
	}
	if (unsent < 0)
		return -EIO;
	while (PQisBusy(p->conn)) {
		int r = wait_socket(p->conn, POLLIN, deadline);
		if (r < 0)
			return r;
		if (!PQconsumeInput(p->conn))
			return -EIO;
	}
	return 0;
}

static void take_notices(struct pg *p)
{
	PGnotify *notice;

	while ((notice = PQnotifies(p->conn))) {
		if (notice->be_pid != PQbackendPID(p->conn))
			p->notified = true;
		PQfreemem(notice);
	}
}

int pg_answer(struct pg *p, PGresult **ret)
{
	int64_t deadline = now_ms() + p->answer_ms;
	PGresult *last = NULL, *result;
	int r;

	while ((r = wait_result(p, deadline)) == 0 && (result = PQgetResult(p->conn))) {
		/* Of several statements the first that failed counts: none after it was run. */
		PQclear(last);
		last = result;
		if (PQresultStatus(last) == PGRES_COPY_IN || PQresultStatus(last) == PGRES_COPY_OUT)
			r = -EIO;
	}
	if (r < 0 || PQstatus(p->conn) != CONNECTION_OK || !last) {
		/* The server's last words are in the result. */
		const char *words = last ? PQresultErrorMessage(last) : "";
		pg_lose(p, r == -ETIMEDOUT ? "no answer"
		           : words[0]      ? words
		                           : PQerrorMessage(p->conn));
		PQclear(last);
		return -EIO;
	}
	take_notices(p);
	*ret = last;
	return 0;
}

int pg_next(struct pg *p, PGresult **ret)
{
	int r = wait_result(p, now_ms() + p->answer_ms);

	if (r == 0) {
		*ret = PQgetResult(p->conn);
		return 0;
	}
	pg_lose(p, r == -ETIMEDOUT ? "no answer" : PQerrorMessage(p->conn));
	return -EIO;
}

int pg_judge(struct pg *p, const PGresult *result, const char *what)
{
	static const struct {
		const char *state;
		int code;
	} known[] = {
	        {"23505", -EEXIST}, /* unique_violation */
	        {"55P03", -EBUSY},  /* lock_not_available: lock_timeout */
	        {"57014", -EBUSY},  /* query_canceled: statement_timeout */
	        {"40P01", -EBUSY},  /* deadlock_detected */
	        {"40001", -EBUSY},  /* serialization_failure */
	};
	ExecStatusType status = PQresultStatus(result);

	(void)p;
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE)
		return 0;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	for (size_t i = 0; state && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(state, known[i].state) == 0)
			return known[i].code;
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	log_error("store: PostgreSQL: %s (%.60s)", message ? message : PQresStatus(status), what);
	return -EIO;
}

int pg_simple(struct pg *p, const char *text)
{
	PGresult *result;

	if (!PQsendQuery(p->conn, text)) {
		pg_lose(p, PQerrorMessage(p->conn));
		return -EIO;
	}
	int r = pg_answer(p, &result);
	if (r < 0)
		return r;
	r = pg_judge(p, result, text);
	PQclear(result);
	return r;
}

/* ---- getting it ------------------------------------------------------------------------------ */

static void connect_start(struct pg *p)
{
	p->conn = PQconnectStartParams(
	        (const char *const *)p->names, (const char *const *)p->values, 0);
	if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD) {
		pg_lose(p, p->conn ? PQerrorMessage(p->conn) : "no memory");
		return;
	}
	(void)PQsetNoticeProcessor(p->conn, notice, NULL);
	p->link = PG_CONNECTING;
	p->wants = PGRES_POLLING_WRITING;
	p->give_up = now_ms() + PG_CONNECT_MS;
}

/* A new session of the server is told how we work. */
static void connect_done(struct pg *p)
{
	const char *encoding = PQparameterStatus(p->conn, "server_encoding");

	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		pg_lose(p, "the database is not in UTF-8: create it with ENCODING 'UTF8'");
		return;
	}
	if (PQsetnonblocking(p->conn, 1) < 0) {
		pg_lose(p, PQerrorMessage(p->conn));
		return;
	}
	p->answer_ms = PG_CONNECT_MS;
	int r = pg_simple(p,
	        "SET statement_timeout = " TEXT_OF(
	                PG_STATEMENT_MS) ";"
	                                 "SET lock_timeout = " TEXT_OF(
	                                         PG_LOCK_MS) ";"
	                                                     "SET "
	                                                     "idle_in_transaction_session_timeout "
	                                                     "= " TEXT_OF(
	                                                             PG_IDLE_MS) ";"
	                                                                         "SET "
	                                                                         "client_min_"
	                                                                         "messages = error;"
	                                                                         "LISTEN netmend");
	p->answer_ms = PG_ANSWER_MS;
	if (r < 0) {
		if (p->conn)
			pg_lose(p, "the connection cannot be set up");
		return;
	}
	p->link = PG_UP;
	p->connection++;
	p->notified = true;
	if (p->told)
		log_info("store: PostgreSQL is back");
	p->told = false;
}

static void connect_go_on(struct pg *p, int64_t until)
{
	while (p->link == PG_CONNECTING) {
		short events = p->wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		int r = wait_socket(p->conn, events, until < p->give_up ? until : p->give_up);
		if (r == -ETIMEDOUT && now_ms() < p->give_up)
			return;
		if (r < 0) {
			pg_lose(p, r == -ETIMEDOUT ? "cannot be reached" : strerror(-r));
			return;
		}
		p->wants = PQconnectPoll(p->conn);
		if (p->wants == PGRES_POLLING_FAILED)
			pg_lose(p, PQerrorMessage(p->conn));
		else if (p->wants == PGRES_POLLING_OK)
			connect_done(p);
	}
}

/* What came in while nobody asked: notices, or the end of the connection. */
static void look(struct pg *p)
{
	struct pollfd fd = {.fd = PQsocket(p->conn), .events = POLLIN};

	if (poll(&fd, 1, 0) == 0)
		return;
	if (!PQconsumeInput(p->conn) || PQstatus(p->conn) != CONNECTION_OK) {
		pg_lose(p, PQerrorMessage(p->conn));
		return;
	}
	take_notices(p);
}

bool pg_ready(struct pg *p, int ms)
{
	int64_t until = now_ms() + ms;

	if (p->link == PG_UP)
		look(p);
	if (p->link == PG_DOWN && now_ms() >= p->retry)
		connect_start(p);
	if (p->link == PG_CONNECTING)
		connect_go_on(p, until);
	return p->link == PG_UP;
}

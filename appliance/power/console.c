/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Serial over LAN by libipmiconsole: it keeps the session alive in threads of its own, and hands
 * the characters over by a socket. Closing our direction of that socket logs out; that it has, is
 * seen by the end of the other direction.
 */
#include "appliance/power/console.h"

#include <errno.h>
#include <ipmiconsole.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IPMI_PORT      623
#define ENGINE_THREADS 2
#define LOGIN_MS       6000 /* for the suite that not all have */
#define LOGOUT_MS      2000 /* kept for it at the end */
#define QUIET_MS       3000 /* so long nothing more after something: that is the screen */
#define SESSION_MS     30000
#define REPEAT_MS      1000
#define KEEP_MS        5000
#define BYTES_MAX      (4u << 20) /* a serial line has not written that in ten minutes */

/* IPMI 2.0 table 22-20: with encryption and integrity, none of the others. */
static const int ciphers[] = {17, 3};
static const int privileges[] = {IPMICONSOLE_PRIVILEGE_OPERATOR, IPMICONSOLE_PRIVILEGE_ADMIN};

/* No harm to BMCs that need none of them: ipmi_sim wants the first, and falls over by the question
 * that the last leaves out; the second is on ipmiconsole(8)'s list for several boards. Where there
 * is no serial over LAN, the request for it is refused. */
#define WORKAROUNDS                                              \
	(IPMICONSOLE_WORKAROUND_OPEN_SESSION_PRIVILEGE |         \
	        IPMICONSOLE_WORKAROUND_IGNORE_SOL_PAYLOAD_SIZE | \
	        IPMICONSOLE_WORKAROUND_SKIP_CHANNEL_PAYLOAD_SUPPORT)

struct session {
	const struct power_target *target;
	ipmiconsole_ctx_t ctx; /* NULL: none */
	int fd;                /* -1: none */
};

/* --- the library's threads ------------------------------------------------------------------- */

static pthread_mutex_t engine_lock = PTHREAD_MUTEX_INITIALIZER;
static bool engine_runs;

/* One of the library's threads waits by select(), for a descriptor that is made now: one above its
 * limit would be written beside the set. The next time fewer may be open. */
static bool few_are_open(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd >= 0)
		(void)close(fd);
	return fd < FD_SETSIZE - 32;
}

/* At the first console and not before: threads are behind the walls only when these are up. 0 or
 * -errno. */
static int start_engine(void)
{
	int r = 0;

	pthread_mutex_lock(&engine_lock);
	if (!engine_runs && !few_are_open())
		r = -EMFILE;
	else if (!engine_runs && ipmiconsole_engine_init(ENGINE_THREADS, 0) < 0)
		r = errno > 0 ? -errno : -ENOMEM;
	engine_runs = r == 0;
	pthread_mutex_unlock(&engine_lock);
	return r;
}

/* --- errors ---------------------------------------------------------------------------------- */

static int session_error(const struct power_target *t, int number, struct error *err)
{
	const char *who = t->address;

	switch (number) {
	case IPMICONSOLE_ERR_USERNAME_INVALID:
	case IPMICONSOLE_ERR_PASSWORD_INVALID:
	case IPMICONSOLE_ERR_K_G_INVALID:
		return error_set(err, -EACCES, REASON_POWER_LOGIN,
		        "%s: IPMI user or password refused (user \"%s\"); it must be enabled for "
		        "IPMI over LAN",
		        who, t->user);
	case IPMICONSOLE_ERR_PRIVILEGE_LEVEL_INSUFFICIENT:
	case IPMICONSOLE_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
		return error_set(err, -EPERM, REASON_POWER_RIGHTS,
		        "%s: user \"%s\" may not use serial over LAN", who, t->user);
	case IPMICONSOLE_ERR_SOL_INUSE:
	case IPMICONSOLE_ERR_SOL_STOLEN:
		return error_set(err, -EBUSY, REASON_POWER_BUSY,
		        "%s: somebody else is on its serial console", who);
	case IPMICONSOLE_ERR_BMC_BUSY:
		return error_set(err, -EBUSY, REASON_POWER_BUSY, "%s: it is busy", who);
	case IPMICONSOLE_ERR_SOL_UNAVAILABLE:
	case IPMICONSOLE_ERR_SOL_REQUIRES_ENCRYPTION:
	case IPMICONSOLE_ERR_SOL_REQUIRES_NO_ENCRYPTION:
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: serial over LAN is switched off there, or wants no encryption", who);
	case IPMICONSOLE_ERR_IPMI_2_0_UNAVAILABLE:
	case IPMICONSOLE_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it offers neither cipher suite 17 nor 3 of IPMI 2.0; others are not "
		        "used, as they protect nothing",
		        who);
	case IPMICONSOLE_ERR_HOSTNAME_INVALID:
		return error_set(err, -EHOSTUNREACH, REASON_POWER_UNREACHABLE,
		        "%s: no such host: look at the name, or give an IP address", who);
	case IPMICONSOLE_ERR_CONNECTION_TIMEOUT:
	case IPMICONSOLE_ERR_SESSION_TIMEOUT:
	case IPMICONSOLE_ERR_EXCESS_RETRANSMISSIONS_SENT:
	case IPMICONSOLE_ERR_SYSTEM_ERROR:
		return error_set(err, -ETIMEDOUT, REASON_POWER_UNREACHABLE,
		        "%s: no answer by IPMI (UDP port 623): is IPMI over LAN on, and does the "
		        "network let it through?",
		        who);
	case IPMICONSOLE_ERR_OUT_OF_MEMORY:
	case IPMICONSOLE_ERR_TOO_MANY_OPEN_FILES:
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	case IPMICONSOLE_ERR_BMC_ERROR:
		return error_set(err, -EIO, REASON_POWER_REFUSED,
		        "%s: it refused to open its serial console", who);
	default:
		return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD, "%s: serial over LAN: %s",
		        who, ipmiconsole_ctx_strerror(number));
	}
}

/* --- one session ----------------------------------------------------------------------------- */

/* What waits, even when that time is over, up to size bytes; 0: the library has ended the session;
 * -ETIME: nothing. */
static ssize_t receive(const struct session *s, int64_t until, void *bytes, size_t size)
{
	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		int64_t left = until - power_clock();
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);
		if (ready == 0)
			return -ETIME;
		ssize_t n = ready < 0 ? -1 : read(s->fd, bytes, size);
		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return 0;
	}
}

/* Logs out, and waits for it a little: who asks again would find himself on that console. The
 * context, with its copy of the password, is the library's to give back (and so to be wiped): as
 * soon as it has logged out, or within 30 seconds where it never was logged in. */
static void close_session(struct session *s, int64_t until)
{
	char rest[512];

	if (s->fd >= 0)
		(void)shutdown(s->fd, SHUT_WR);
	if (s->ctx)
		ipmiconsole_ctx_destroy(s->ctx);
	if (s->fd >= 0) {
		while (receive(s, until, rest, sizeof(rest)) > 0 && power_clock() < until)
			;
		(void)close(s->fd);
	}
	s->ctx = NULL;
	s->fd = -1;
}

static ipmiconsole_ctx_t make_context(const struct power_target *t, int cipher, int privilege)
{
	char host[POWER_ADDRESS + 16], user[POWER_USER];
	struct ipmiconsole_ipmi_config ipmi = {.username = user,
	        .password = (char *)t->password->data,
	        .privilege_level = privilege,
	        .cipher_suite_id = cipher,
	        .workaround_flags = WORKAROUNDS};
	struct ipmiconsole_protocol_config protocol = {.session_timeout_len = SESSION_MS,
	        .retransmission_timeout_len = REPEAT_MS,
	        .keepalive_timeout_len = KEEP_MS,
	        .retransmission_keepalive_timeout_len = REPEAT_MS};
	/* Who is on it stays on it. A NUL says that the session stands. */
	struct ipmiconsole_engine_config engine = {
	        .engine_flags = IPMICONSOLE_ENGINE_OUTPUT_ON_SOL_ESTABLISHED,
	        .behavior_flags = IPMICONSOLE_BEHAVIOR_ERROR_ON_SOL_INUSE};

	(void)snprintf(host, sizeof(host), strchr(t->address, ':') ? "[%s]:%u" : "%s:%u",
	        t->address, t->port ? t->port : IPMI_PORT);
	(void)snprintf(user, sizeof(user), "%s", t->user);
	return ipmiconsole_ctx_create(host, &ipmi, &protocol, &engine);
}

/* The library's error number, IPMICONSOLE_ERR_SUCCESS: logged in, and its characters come. */
static int log_in(struct session *s, int cipher, int privilege, int64_t until)
{
	char established;

	s->ctx = make_context(s->target, cipher, privilege);
	if (!s->ctx)
		return errno == EINVAL ? IPMICONSOLE_ERR_PARAMETERS : IPMICONSOLE_ERR_OUT_OF_MEMORY;
	if (ipmiconsole_engine_submit(s->ctx, NULL, NULL) < 0)
		return ipmiconsole_ctx_errnum(s->ctx);
	s->fd = ipmiconsole_ctx_fd(s->ctx);
	if (s->fd < 0)
		return ipmiconsole_ctx_errnum(s->ctx);
	ssize_t n = receive(s, until, &established, 1);
	if (n > 0)
		return IPMICONSOLE_ERR_SUCCESS;
	return n < 0 ? IPMICONSOLE_ERR_CONNECTION_TIMEOUT : ipmiconsole_ctx_errnum(s->ctx);
}

/* A BMC that does not know the suite says so, or nothing, or answers by its own hash, which looks
 * as if the password were wrong. */
static bool may_be_cipher(int number)
{
	return number == IPMICONSOLE_ERR_CIPHER_SUITE_ID_UNAVAILABLE ||
	       number == IPMICONSOLE_ERR_PASSWORD_INVALID ||
	       number == IPMICONSOLE_ERR_K_G_INVALID || number == IPMICONSOLE_ERR_BMC_ERROR ||
	       number == IPMICONSOLE_ERR_BMC_IMPLEMENTATION ||
	       number == IPMICONSOLE_ERR_CONNECTION_TIMEOUT ||
	       number == IPMICONSOLE_ERR_SESSION_TIMEOUT;
}

static bool is_privilege(int number)
{
	return number == IPMICONSOLE_ERR_PRIVILEGE_LEVEL_INSUFFICIENT ||
	       number == IPMICONSOLE_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED;
}

/* A BMC may say nothing at all to a suite it does not know. */
static int64_t first_share(int64_t deadline)
{
	int64_t now = power_clock(), half = (deadline - now) / 2;

	return now + (half < LOGIN_MS ? half : LOGIN_MS);
}

/* Each suite with each privilege until one lets us in. */
static int open_session(struct session *s, int64_t deadline, struct error *err)
{
	int number = IPMICONSOLE_ERR_CONNECTION_TIMEOUT;

	for (size_t c = 0; c < sizeof(ciphers) / sizeof(ciphers[0]); c++) {
		for (size_t p = 0; p < sizeof(privileges) / sizeof(privileges[0]); p++) {
			number = log_in(s, ciphers[c], privileges[p],
			        c == 0 ? first_share(deadline) : deadline);
			if (number == IPMICONSOLE_ERR_SUCCESS)
				return 0;
			close_session(s, power_clock());
			if (!is_privilege(number))
				break;
		}
		if (!may_be_cipher(number))
			break;
	}
	return session_error(s->target, number, err);
}

/* --- listening ------------------------------------------------------------------------------- */

static int64_t milliseconds_since_1970(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the screen stands still, the BMC ends it, or that time: what has come by then is what there
 * is. */
static void listen_until(
        const struct session *s, int64_t until, struct console_terminal *t, int64_t *ret_seen)
{
	int64_t end = until;
	char bytes[1024];
	size_t all = 0;
	ssize_t n;

	while (all < BYTES_MAX && power_clock() < until &&
	        (n = receive(s, end, bytes, sizeof(bytes))) > 0) {
		console_terminal_write(t, bytes, (size_t)n);
		*ret_seen = milliseconds_since_1970();
		all += (size_t)n;
		end = power_clock() + QUIET_MS < until ? power_clock() + QUIET_MS : until;
	}
}

/* The library refuses longer ones without a word that they are too long (IPMI 2.0, 13.28.4). */
static int check_login(const struct power_target *t, struct error *err)
{
	if (ipmiconsole_username_is_valid(t->user) &&
	        ipmiconsole_password_is_valid((const char *)t->password->data))
		return 0;
	return error_set(err, -EINVAL, REASON_POWER_LOGIN,
	        "%s: with IPMI, a user's name has at most 16 characters and a password 20",
	        t->address);
}

int ipmi_console(const struct power_target *target, int64_t deadline, struct power_screen *ret,
        struct error *err)
{
	struct session s = {.target = target, .fd = -1};
	int64_t until = deadline - LOGOUT_MS, seen = 0;
	int r = check_login(target, err);

	if (r < 0)
		return r;
	r = start_engine();
	if (r < 0)
		return error_set(
		        err, r, REASON_INTERNAL, "cannot start serial over LAN: %s", strerror(-r));
	struct console_terminal *t = console_terminal_new();
	if (!t)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	r = open_session(&s, until, err);
	if (r == 0) {
		listen_until(&s, until, t, &seen);
		close_session(&s, deadline);
		console_terminal_rows(t, ret);
		ret->seen = seen;
	}
	console_terminal_free(t);
	return r;
}

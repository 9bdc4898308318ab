/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/power/ipmi_session.h"

#include "appliance/power/ipmi_send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SESSION_MS   12000 /* without an answer for so long: the session is given up */
#define REPEAT_MS    1200  /* ipmi_sim carries out what takes it a second again when asked again */
#define LOGIN_MS     6000  /* one cipher suite, one privilege */
#define SHORTEST_MS  50    /* less is no time to log in */
#define BUSY_MS      500
#define USER_MAX     16 /* IPMI 2.0, 13.28.4: RAKP messages have no room for more */
#define PASSWORD_MAX 20

/* IPMI 2.0 table 22-20. 0 to 2 have no encryption or no authentication at all: never. */
static const uint8_t ciphers[] = {17, 3};
/* Operator is enough for power and boot order (table G-1); some let nobody but administrators in.
 */
static const uint8_t privileges[] = {IPMI_PRIVILEGE_LEVEL_OPERATOR, IPMI_PRIVILEGE_LEVEL_ADMIN};

static void pause_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static int64_t at_most(int64_t deadline, int64_t ms)
{
	int64_t left = deadline - power_clock();

	return left < ms ? left : ms;
}

/* ---- errors ---- */

static int session_error(const struct ipmi_bmc *b, int number, int system, struct error *err)
{
	const char *who = b->target->address;

	switch (number) {
	case IPMI_ERR_USERNAME_INVALID:
	case IPMI_ERR_PASSWORD_INVALID:
	case IPMI_ERR_K_G_INVALID:
	case IPMI_ERR_PASSWORD_VERIFICATION_TIMEOUT:
	case IPMI_ERR_AUTHENTICATION_TYPE_UNAVAILABLE:
		return error_set(err, -EACCES, REASON_POWER_LOGIN,
		        "%s: IPMI user or password refused (user \"%s\"); it must be enabled for "
		        "IPMI over LAN",
		        who, b->target->user);
	case IPMI_ERR_PERMISSION:
	case IPMI_ERR_PRIVILEGE_LEVEL_INSUFFICIENT:
	case IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED:
		return error_set(err, -EPERM, REASON_POWER_RIGHTS,
		        "%s: user \"%s\" does not get the operator privilege by IPMI", who,
		        b->target->user);
	case IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE:
	case IPMI_ERR_IPMI_2_0_UNAVAILABLE:
		return error_set(err, -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: it offers neither cipher suite 17 nor 3 of IPMI 2.0; others are not "
		        "used, as they protect nothing",
		        who);
	case IPMI_ERR_HOSTNAME_INVALID:
		return error_set(err, -EHOSTUNREACH, REASON_POWER_UNREACHABLE,
		        "%s: no such host: look at the name, or give an IP address", who);
	case IPMI_ERR_BMC_BUSY:
	case IPMI_ERR_DRIVER_BUSY:
		return error_set(err, -EBUSY, REASON_POWER_BUSY, "%s: it is busy", who);
	case IPMI_ERR_CONNECTION_TIMEOUT:
	case IPMI_ERR_SESSION_TIMEOUT:
	case IPMI_ERR_MESSAGE_TIMEOUT:
	case IPMI_ERR_DRIVER_TIMEOUT:
		return error_set(err, -ETIMEDOUT, REASON_POWER_UNREACHABLE,
		        "%s: no answer by IPMI (UDP port 623): is IPMI over LAN on, and does the "
		        "network let it through?",
		        who);
	case IPMI_ERR_SYSTEM_ERROR:
		return error_set(err, -EHOSTUNREACH, REASON_POWER_UNREACHABLE, "%s: %s", who,
		        strerror(system));
	case IPMI_ERR_OUT_OF_MEMORY:
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	case IPMI_ERR_BAD_RMCPPLUS_STATUS_CODE:
		return error_set(err, -EBUSY, REASON_POWER_REFUSED,
		        "%s: it refuses another IPMI session: all may be in use", who);
	default:
		return error_set(err, -EPROTO, REASON_POWER_ANSWER_BAD, "%s: IPMI: %s", who,
		        ipmi_ctx_strerror(number));
	}
}

int ipmi_refused(const struct ipmi_bmc *b, const char *what, uint8_t code, struct error *err)
{
	const char *who = b->target->address;

	switch (code) {
	case IPMI_NODE_BUSY:
	case IPMI_COMMAND_TIMEOUT:
		return error_set(
		        err, -EBUSY, REASON_POWER_BUSY, "%s: it is too busy to %s", who, what);
	case IPMI_PARAMETER_UNSUPPORTED:
	case IPMI_COMMAND_INVALID:
	case IPMI_COMMAND_INVALID_FOR_LUN:
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it cannot %s by IPMI (completion code %02xh)", who, what, code);
	case IPMI_PRIVILEGE_TOO_LOW:
		return error_set(err, -EPERM, REASON_POWER_RIGHTS, "%s: user \"%s\" may not %s",
		        who, b->target->user, what);
	default:
		return error_set(err, -EIO, REASON_POWER_REFUSED,
		        "%s: it refused to %s (completion code %02xh)", who, what, code);
	}
}

/* ---- session ---- */

void ipmi_session_close(struct ipmi_bmc *b)
{
	if (!b->ctx)
		return;
	(void)ipmi_ctx_close(b->ctx);
	ipmi_ctx_destroy(b->ctx);
	b->ctx = NULL;
}

static int failed(const struct ipmi_bmc *b, int number, int system, struct error *err)
{
	(void)session_error(b, number, system, err);
	return number;
}

/* The library's error number, 0: logged in. */
static int log_in(struct ipmi_bmc *b, int64_t deadline, int64_t most, struct error *err)
{
	const struct power_target *t = b->target;
	int64_t ms = at_most(deadline, most);

	if (ms < SHORTEST_MS)
		return failed(b, IPMI_ERR_CONNECTION_TIMEOUT, 0, err);
	b->ctx = ipmi_ctx_create();
	if (!b->ctx)
		return failed(b, IPMI_ERR_OUT_OF_MEMORY, 0, err);
	if (ipmi_ctx_open_outofband_2_0(b->ctx, b->host, t->user, (const char *)t->password->data,
	            NULL, 0, b->privilege, b->cipher, (unsigned)ms,
	            (unsigned)(ms > REPEAT_MS ? REPEAT_MS : ms - 1),
	            IPMI_WORKAROUND_FLAGS_OUTOFBAND_2_0_OPEN_SESSION_PRIVILEGE,
	            IPMI_FLAGS_DEFAULT) == 0)
		return 0;
	int number = ipmi_ctx_errnum(b->ctx), system = errno;
	ipmi_ctx_destroy(b->ctx);
	b->ctx = NULL;
	return failed(b, number, system, err);
}

static bool is_silence(int number)
{
	return number == IPMI_ERR_CONNECTION_TIMEOUT || number == IPMI_ERR_SESSION_TIMEOUT ||
	       number == IPMI_ERR_MESSAGE_TIMEOUT || number == IPMI_ERR_DRIVER_TIMEOUT;
}

/* A BMC that does not know the suite says so, or nothing, or answers by its own hash, which looks
 * as if the password were wrong (pyghmi). We see that before the BMC sees ours: it counts no failed
 * login. */
static bool may_be_cipher(int number)
{
	return number == IPMI_ERR_CIPHER_SUITE_ID_UNAVAILABLE ||
	       number == IPMI_ERR_BAD_RMCPPLUS_STATUS_CODE || number == IPMI_ERR_IPMI_ERROR ||
	       number == IPMI_ERR_PASSWORD_INVALID || number == IPMI_ERR_K_G_INVALID ||
	       is_silence(number);
}

static bool is_privilege(int number)
{
	return number == IPMI_ERR_PRIVILEGE_LEVEL_INSUFFICIENT ||
	       number == IPMI_ERR_PRIVILEGE_LEVEL_CANNOT_BE_OBTAINED;
}

/* Each suite with each privilege until one lets us in. The library's error number of the last. */
static int log_in_any(struct ipmi_bmc *b, int64_t deadline, bool *heard, struct error *err)
{
	int number = 0;

	for (size_t c = 0; c < sizeof(ciphers); c++) {
		for (size_t p = 0; p < sizeof(privileges); p++) {
			b->cipher = ciphers[c];
			b->privilege = privileges[p];
			number = log_in(b, deadline, LOGIN_MS, err);
			if (number == 0)
				return 0;
			*heard = *heard || !is_silence(number);
			if (!is_privilege(number))
				break;
		}
		if (!may_be_cipher(number))
			break;
	}
	return number;
}

int ipmi_session_open(struct ipmi_bmc *b, int64_t deadline, struct error *err)
{
	bool heard = false;
	int number;

	if (strlen(b->target->user) > USER_MAX)
		return error_set(err, -EINVAL, REASON_POWER_LOGIN,
		        "%s: an IPMI user's name has at most %d characters", b->target->address,
		        USER_MAX);
	if (strlen((const char *)b->target->password->data) > PASSWORD_MAX)
		return error_set(err, -EINVAL, REASON_POWER_LOGIN,
		        "%s: an IPMI password has at most %d characters", b->target->address,
		        PASSWORD_MAX);
	do
		number = log_in_any(b, deadline, &heard, err);
	/* Packets get lost: who has said anything is asked again. */
	while (is_silence(number) && heard && at_most(deadline, LOGIN_MS) == LOGIN_MS);
	return number == 0 ? 0 : err->code;
}

/* The same way in once more. */
static int again(struct ipmi_bmc *b, int64_t deadline, struct error *err)
{
	int number;

	do
		number = log_in(b, deadline, SESSION_MS, err);
	while (is_silence(number) && at_most(deadline, LOGIN_MS) == LOGIN_MS);
	return number == 0 ? 0 : err->code;
}

/* ---- commands ---- */

static bool is_busy(uint8_t code)
{
	return code == IPMI_NODE_BUSY || code == IPMI_COMMAND_TIMEOUT;
}

/* One answer, or the library's error number. */
static int ask(struct ipmi_bmc *b, bool once, uint8_t netfn, const uint8_t *request, size_t len,
        struct ipmi_answer *ret)
{
	uint8_t answer[IPMI_ANSWER_MAX + 2];

	ipmi_send_limit(once ? 1 : -1);
	int got = ipmi_cmd_raw(b->ctx, 0, netfn, request, (unsigned)len, answer, sizeof(answer));
	ipmi_send_limit(-1);
	if (got < 2)
		return got < 0 ? ipmi_ctx_errnum(b->ctx) : IPMI_ERR_IPMI_ERROR;
	*ret = (struct ipmi_answer){.code = answer[1], .len = (size_t)got - 2};
	memcpy(ret->data, answer + 2, ret->len);
	return 0;
}

int ipmi_command(struct ipmi_bmc *b, int64_t deadline, bool once, uint8_t netfn, uint8_t command,
        const uint8_t *data, size_t len, struct ipmi_answer *ret, struct error *err)
{
	uint8_t request[IPMI_ANSWER_MAX] = {command};
	int r = 0;

	if (len > sizeof(request) - 1)
		return -EINVAL;
	if (len)
		memcpy(request + 1, data, len);
	for (;;) {
		if (!b->ctx)
			r = again(b, deadline, err);
		if (r < 0)
			return r;
		int number = ask(b, once, netfn, request, len + 1, ret);
		int system = errno;
		if (number == 0 && (!is_busy(ret->code) || at_most(deadline, BUSY_MS) < BUSY_MS))
			return 0;
		if (number == 0) {
			pause_ms(BUSY_MS);
			continue;
		}
		r = session_error(b, number, system, err);
		/* The session is of no use any more. */
		ipmi_session_close(b);
		if (once || !is_silence(number) || at_most(deadline, LOGIN_MS) < LOGIN_MS)
			return r;
		r = 0;
	}
}

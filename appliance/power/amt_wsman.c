/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question to AMT and its answer; what it says against it becomes a reason and a sentence. */
#include "appliance/power/amt_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 1000 /* before a question is asked again that came too early */

/* Of a method: what CIM has for all of them. Power's own: 4096, it does it in a job. */
#define BUSY        3
#define JOB_STARTED 4096

/* ---- one post ---- */

static int post(struct amt *a, int64_t deadline, const struct amt_question *q,
        struct bmc_answer *ret, struct error *err)
{
	static const char *const headers[] = {
	        "Content-Type: application/soap+xml;charset=UTF-8", NULL};
	char *envelope = amt_envelope(q, ++a->messages);

	if (!envelope)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	struct bmc_call call = {.method = "POST",
	        .path = "/wsman",
	        .body = envelope,
	        .headers = headers,
	        .repeatable = strcmp(q->action, "RequestPowerStateChange") != 0,
	        .max = AMT_ANSWER_MAX,
	        .deadline = deadline};
	int r = bmc_https_call(a->https, &call, ret, err);
	free(envelope);
	return r;
}

/* ---- what is said against it ---- */

static bool is_any(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

static int explain_fault(
        const struct amt *a, const char *class, const struct amt_xml *x, struct error *err)
{
	/* No route: it has no such class. */
	static const char *const absent[] = {"DestinationUnreachable", "ActionNotSupported",
	        "InvalidResourceURI", "UnsupportedFeature", NULL};
	static const char *const later[] = {
	        "Concurrency", "TimedOut", "EndpointUnavailable", "QuotaLimit", NULL};
	char code[64], text[120];

	amt_xml_fault(x, code, sizeof(code), text, sizeof(text));
	if (strcmp(code, "AccessDenied") == 0)
		return error_set(err, -EACCES, REASON_POWER_RIGHTS,
		        "%s: Intel AMT does not let this user at %s", a->address, class);
	if (is_any(code, absent))
		return error_set(err, -ENOTSUP, REASON_POWER_UNSUPPORTED,
		        "%s: this version of Intel AMT has no %s", a->address, class);
	if (is_any(code, later))
		return error_set(err, -EBUSY, REASON_POWER_BUSY,
		        "%s: Intel AMT is busy with something else (%s: %s)", a->address, class,
		        code);
	return error_set(err, -EREMOTEIO, REASON_POWER_REFUSED,
	        "%s: Intel AMT refuses what was asked of %s: %s%s%s", a->address, class,
	        code[0] ? code : "a fault without a code", text[0] ? ": " : "", text);
}

static int explain_status(const struct amt *a, const struct bmc_answer *answer, struct error *err)
{
	switch (answer->status) {
	case 401:
		return error_set(err, -EPERM, REASON_POWER_LOGIN,
		        "%s: Intel AMT refuses user or password", a->address);
	case 403:
		return error_set(err, -EACCES, REASON_POWER_RIGHTS,
		        "%s: Intel AMT does not let this user in from the network", a->address);
	case 429:
	case 503:
		return error_set(err, -EBUSY, REASON_POWER_BUSY,
		        "%s: Intel AMT says it is busy (HTTP %d)", a->address, answer->status);
	default:
		return error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
		        "%s: what answers there is not Intel AMT, or is not well: HTTP %d to a "
		        "WS-Management question",
		        a->address, answer->status);
	}
}

/* The element in its SOAP body has to be the one of that name. Faults come with 400 and 500. */
static int read_answer(const struct amt *a, const struct bmc_answer *answer, const char *class,
        const char *name, struct amt_xml **ret, struct error *err)
{
	bool fault = answer->status == 400 || answer->status == 500;
	struct amt_xml *x = NULL;

	if (answer->status != 200 && !fault)
		return explain_status(a, answer, err);
	int r = amt_xml_parse(answer->body, answer->len, &x);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	if (r < 0 && fault)
		return explain_status(a, answer, err);
	if (r < 0)
		return error_set(err, r, REASON_POWER_ANSWER_BAD,
		        "%s: its answer about %s is no SOAP envelope", a->address, class);
	if (strcmp(amt_xml_name(x), "Fault") == 0)
		r = explain_fault(a, class, x, err);
	else if (fault)
		r = explain_status(a, answer, err);
	else if (name && strcmp(amt_xml_name(x), name) != 0)
		r = error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
		        "%s: asked for %s, it answers something else", a->address, name);
	if (r < 0)
		amt_xml_free(x);
	else
		*ret = x;
	return r;
}

/* ---- asking, again while it is busy ---- */

static bool wait_for_it(int64_t deadline, int64_t seconds)
{
	int64_t pause = seconds > 0 ? seconds * 1000 : PAUSE_MS;

	if (power_clock() + pause >= deadline)
		return false;
	power_pause(pause);
	return true;
}

/* name: of the element wanted; NULL: any. */
static int ask(struct amt *a, int64_t deadline, const struct amt_question *q, const char *name,
        struct amt_xml **ret, struct error *err)
{
	for (;;) {
		struct bmc_answer answer = {0};
		struct error why = {0};
		int r = post(a, deadline, q, &answer, &why);
		int64_t seconds = answer.retry_after;
		if (r == 0)
			r = read_answer(a, &answer, q->class->name, name, ret, &why);
		bmc_answer_clear(&answer);
		if (r == 0)
			return 0;
		if (why.reason != REASON_POWER_BUSY || !wait_for_it(deadline, seconds)) {
			if (err)
				*err = why;
			return r;
		}
	}
}

int amt_get(struct amt *a, int64_t deadline, const struct amt_class *class, const char *selector,
        const char *value, struct amt_xml **ret, struct error *err)
{
	struct amt_question q = {
	        .class = class, .action = "", .selector = selector, .value = value};

	return ask(a, deadline, &q, class->name, ret, err);
}

int amt_put(struct amt *a, int64_t deadline, const struct amt_class *class, const char *body,
        struct error *err)
{
	struct amt_question q = {.class = class, .action = "", .put = true, .body = body};
	struct amt_xml *x = NULL;
	int r = ask(a, deadline, &q, class->name, &x, err);

	amt_xml_free(r == 0 ? x : NULL);
	return r;
}

int amt_invoke(struct amt *a, int64_t deadline, const struct amt_class *class, const char *method,
        const char *inner, int64_t *ret_value, struct error *err)
{
	char name[64];
	char *input = amt_method_input(class, method, inner);
	struct amt_question q = {.class = class, .action = method, .body = input};
	int64_t value = 0;
	int r = input ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");

	(void)snprintf(name, sizeof(name), "%s_OUTPUT", method);
	for (bool again = r == 0; again;) {
		struct amt_xml *x = NULL;
		r = ask(a, deadline, &q, name, &x, err);
		if (r == 0 && amt_xml_number(x, "ReturnValue", UINT32_MAX, &value) < 0)
			r = error_set(err, -EBADMSG, REASON_POWER_ANSWER_BAD,
			        "%s: %s was answered without a result", a->address, method);
		amt_xml_free(x);
		again = r == 0 && value == BUSY && wait_for_it(deadline, 0);
	}
	free(input);
	if (r == 0 && value == BUSY)
		return error_set(err, -EBUSY, REASON_POWER_BUSY,
		        "%s: Intel AMT is busy: %s was not done in time", a->address, method);
	if (r == 0)
		*ret_value = value == JOB_STARTED ? 0 : value;
	return r;
}

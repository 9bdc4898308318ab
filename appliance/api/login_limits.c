/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/login_limits.h"
#include "appliance/api/gate.h"
#include "appliance/people/people.h"
#include "fixer/base/log.h"

#include <stdio.h>
#include <string.h>

static void failure_write(
        struct web_api *a, const struct actor *actor, const char *name, const char *text)
{
	struct store *s = a->fleet->store;
	int r = store_begin(s, false);

	if (r == 0)
		r = people_end(
		        s, 0, actor, a->fleet->clock(), "login-failed", "person", name, text);
	if (r < 0)
		log_warning("a failed login could not be recorded: %s", strerror(-r));
}

bool login_limits_admit(struct http_request *r, struct web_api *a, const char *name, int64_t person)
{
	int64_t known = 0;
	int64_t now = http_clock();
	bool fits = rate_take(&a->login_addresses, r->address, LOGIN_ADDRESS_MINUTE, now);

	if (store_logins_from(a->fleet->store, person, r->address, &known) < 0)
		known = 0;
	if (fits && name[0] && known == 0)
		fits = rate_take(&a->login_names, name, LOGIN_NAME_MINUTE, now);
	if (fits)
		return true;
	a->failures.untold++;
	http_reply_error(r, 429, REASON_TRY_LATER,
	        "too many tries within a minute from %s or for this name", r->address);
	return false;
}

void login_limits_failed(struct http_request *r, struct web_api *a, const char *name)
{
	struct login_failures *f = &a->failures;
	struct actor actor;

	if (f->told >= LOGIN_FAILURES_TOLD) {
		f->untold++;
		return;
	}
	f->told++;
	gate_stranger(r, &actor);
	failure_write(a, &actor, name, name[0] ? "" : "a name nobody has");
}

void login_limits_tick(struct web_api *a, int64_t now)
{
	struct login_failures *f = &a->failures;
	struct actor actor;
	char text[80];

	if (now - f->begun < RATE_SPAN_MS)
		return;
	if (f->untold > 0) {
		(void)snprintf(
		        text, sizeof(text), "%u more failed logins within a minute", f->untold);
		people_appliance(&actor);
		failure_write(a, &actor, "", text);
	}
	*f = (struct login_failures){.begun = now};
}

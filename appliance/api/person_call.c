/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/person_call.h"
#include "appliance/people/password.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdlib.h>

bool call_person_name(struct http_request *r, const char *text, char ret[PLACE_TEXT])
{
	if (people_name(text, ret) == 0)
		return true;
	call_bad_value(r, "name", "1 to 64 letters, digits and . _ @ -");
	return false;
}

bool call_role(struct http_request *r, const char *text, enum role *ret)
{
	int role = role_parse(text);

	if (role < 0) {
		call_bad_value(r, "role", "viewer, operator, approver or admin");
		return false;
	}
	*ret = (enum role)role;
	return true;
}

bool call_password_good(struct http_request *r, const char *field, const char *password)
{
	int e = password_judge(password);

	if (e == -EMSGSIZE)
		call_bad_value(r, field, "longer than 256 bytes");
	else if (e < 0)
		http_reply_error(r, 400, REASON_PASSWORD_WEAK, "%s: %d characters or more", field,
		        NM_PASSWORD_MIN);
	return e == 0;
}

bool call_number(struct http_request *r, const char *what, int64_t *ret)
{
	char *end;

	errno = 0;
	long long n = strtoll(r->capture[0], &end, 10);
	if (errno || *end || n <= 0) {
		call_undone(r, what, -ENOENT);
		return false;
	}
	*ret = n;
	return true;
}

void call_signed_in(struct http_request *r, const struct actor *actor, const char *secret)
{
	gate_set_cookie(r, secret);
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:s}", "v", NETMEND_WIRE_VERSION, "name", actor->name, "role",
	                actor->role));
}

void call_done(struct http_request *r, struct web_api *a, const char *what, int e)
{
	if (e < 0) {
		call_undone(r, what, e);
		return;
	}
	web_api_passes_changed(a);
	http_reply_json(r, 200, json_pack("{s:i}", "v", NETMEND_WIRE_VERSION));
}

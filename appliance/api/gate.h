/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who calls, and what he may. Asked in one place for every call of the page's API: routes.c names
 * the right of each. */
#ifndef API_GATE_H
#define API_GATE_H

#include "appliance/api/api.h"
#include "appliance/store/actions.h"

/* viewer: VIEW; operator: VIEW, OPERATE; approver: VIEW, APPROVE; admin: all. Nobody signed in:
 * OPEN, and WALL when the configuration opens the wallboard. */
enum right { RIGHT_OPEN, RIGHT_WALL, RIGHT_VIEW, RIGHT_OPERATE, RIGHT_APPROVE, RIGHT_ADMIN };

/* How somebody showed who he is: kept by what lasts longer than one call. */
struct pass {
	enum { PASS_NONE, PASS_LOGIN, PASS_TOKEN } kind;
	uint8_t hash[PASS_HASH];
};

struct caller {
	struct actor actor; /* name "" when nobody is signed in */
	int64_t person;     /* 0: nobody, or an API token */
	enum role role;     /* of who is signed in */
	struct pass pass;
};

#define GATE_COOKIE "__Host-netmend"

/* True when the request may go on; else it has its reply (401 LOGIN_NEEDED, 403 ROLE_TOO_LOW). A
 * call that changes something and comes with a cookie needs the header X-Netmend: 1 besides, which
 * a page of another site cannot send; and what a browser says of where it comes from must fit. */
bool gate_admit(struct http_request *r, struct web_api *a, enum right need, struct caller *ret);

/* The same without a reply: asked before a large body is taken in. */
bool gate_allows(struct http_request *r, struct web_api *a, enum right need);

/* Whether a pass still opens that right: its login may have ended, its person been disabled. */
bool gate_still(struct web_api *a, const struct pass *pass, enum right need);

/* Who calls without being signed in yet: via and address alone. */
void gate_stranger(const struct http_request *r, struct actor *ret);

/* The browser keeps this login from now on ("": forgets it). */
void gate_set_cookie(struct http_request *r, const char *secret);

#endif

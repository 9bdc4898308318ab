/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP to one BMC, by libcurl: bounded in time and size, no redirects, HTTP and HTTPS only, no
 * proxy. Certificates of BMCs are self-signed: any is taken while no pin is known, and told, and is
 * the one this object stays with; another than the known one ends the handshake, before a byte of
 * ours is sent. Passwords in curl's own memory are wiped as it gives it back, by the heap of
 * netmend-power (appliance/guard/wiping_heap.h).
 */
#ifndef POWER_HTTPS_H
#define POWER_HTTPS_H

#include "appliance/power/power.h"

#include <stddef.h>

enum https_login { HTTPS_LOGIN_NONE, HTTPS_LOGIN_BASIC, HTTPS_LOGIN_DIGEST };

struct bmc_https;

/* tls: https, else http. t is borrowed; -EINVAL for an address that is none. Call the first one
 * before there are threads. 0 or -errno.
 */
int bmc_https_new(const struct power_target *t, bool tls, uint16_t port, enum https_login login,
        struct bmc_https **ret);
void bmc_https_free(struct bmc_https *h);

struct bmc_call {
	const char *method;         /* "GET", "POST", "PATCH", "DELETE" */
	const char *path;           /* begins with "/"; checked */
	const char *body;           /* or NULL; JSON unless a header says otherwise */
	const char *const *headers; /* "Name: value", ends with NULL; or NULL */
	bool without_login;         /* none is offered in this call */
	/* A POST that may come twice. Any other one goes by a new connection: on one that was used
	 * before, whoever closes it without an answer would be sent the same again. */
	bool repeatable;
	size_t max;       /* bytes of body the answer may have */
	int64_t deadline; /* power_clock() */
};

struct bmc_answer {
	int status;
	int64_t retry_after; /* seconds, at most a minute; 0: it does not say */
	char etag[128], location[POWER_URL];
	char token[256]; /* X-Auth-Token */
	char *body;      /* with a NUL behind it, "" for none; wiped by bmc_answer_clear() */
	size_t len;
};

/* 0: it answered, whatever it says (redirects, too: none is followed). err: POWER_UNREACHABLE,
 * POWER_CERTIFICATE, POWER_ANSWER_BAD for an answer over max, for what is no HTTP and for a path
 * that cannot be asked for. -EPROTO: something answers, but not with TLS. ret is untouched then. */
int bmc_https_call(struct bmc_https *h, const struct bmc_call *call, struct bmc_answer *ret,
        struct error *err);
void bmc_answer_clear(struct bmc_answer *a);

/* Of the certificate seen last; "" before that. */
const char *bmc_https_pin(const struct bmc_https *h);

#endif

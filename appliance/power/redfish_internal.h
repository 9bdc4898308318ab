/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the Redfish driver share; nobody else includes it. */
#ifndef POWER_REDFISH_INTERNAL_H
#define POWER_REDFISH_INTERNAL_H

#include "appliance/power/https.h"
#include "appliance/power/quirks.h"

#include <jansson.h>

#define REDFISH_PATH 300

struct redfish {
	const struct power_target *target;
	struct bmc_https *https;
	char token[256];            /* of our session; "": Basic */
	char session[REDFISH_PATH]; /* to be deleted at the end; "": none */
	char service_vendor[NM_MAX_NAME];
	char system[REDFISH_PATH], manager[REDFISH_PATH]; /* manager "": none is told */
	struct quirks quirks;
};

struct redfish_request {
	const char *method, *path;
	json_t *body;     /* consumed; NULL: none */
	const char *etag; /* sent as If-Match; NULL or "": none */
	bool act;         /* carried out twice it would do harm: sent once */
};

/*
 * One answer with status 2xx, its body as JSON in *ret (NULL: it has none; the caller's to
 * json_decref()); etag (128 bytes) may be NULL. "Not now" (a self-test, a job, 503 and the like) is
 * waited for while there is time. Errors as of power_ops; -EINVAL with POWER_REFUSED for a 400 and
 * what else says that the request's form was not liked, so that the caller may try another one.
 */
int redfish_ask(struct redfish *b, const struct redfish_request *q, int64_t deadline, json_t **ret,
        char *etag, struct error *err);
int redfish_get(struct redfish *b, const char *path, int64_t deadline, json_t **ret, char *etag,
        struct error *err);

/* A path on this BMC out of an object's field (from an absolute URL its path only). -EPROTO. */
int redfish_link(const json_t *object, const char *field, char ret[REDFISH_PATH]);
/* The same of {"@odata.id": ...} below that field. */
int redfish_child(const json_t *object, const char *field, char ret[REDFISH_PATH]);

/* "" when it is none. Borrowed from object. */
const char *redfish_text(const json_t *object, const char *field);
/* Whether field@Redfish.AllowableValues names value; true where there is no such list. */
bool redfish_allows(const json_t *object, const char *field, const char *value);

int redfish_bad(const struct redfish *b, const char *what, struct error *err);

/* redfish_boot.c */
int redfish_boot_set(void *bmc, int64_t deadline, const struct power_boot *boot, struct error *err);
int redfish_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err);
/* redfish_media.c */
int redfish_insert(void *bmc, int64_t deadline, const char *url, struct error *err);
int redfish_eject(void *bmc, int64_t deadline, struct error *err);

#endif

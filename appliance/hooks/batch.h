/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one call to a webhook says. */
#ifndef HOOKS_BATCH_H
#define HOOKS_BATCH_H

#include "appliance/hooks/settings.h"

#define BATCH_EVENTS   100  /* in one call */
#define BATCH_LOOK     1000 /* events looked at for it */
#define SIGNATURE_TEXT 72   /* "sha256=" and 64 hex digits */

struct batch {
	char *body;                /* JSON, malloc()ed; NULL: there is nothing to tell */
	size_t events;             /* changes in it, of machines and campaigns */
	int64_t cursor, campaigns; /* where the next one begins */
};

/* The changes after those two that the hook wants. 0, a store's -errno, -ENOMEM. */
int batch_make(struct store *s, const struct hook_setting *hook, const char *appliance,
        int64_t cursor, int64_t campaigns, struct batch *ret);

/* HMAC-SHA256 of the body under the hook's secret. */
void batch_sign(const struct secret *secret, const char *body, char ret[SIGNATURE_TEXT]);

#endif

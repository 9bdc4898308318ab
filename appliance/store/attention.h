/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_ATTENTION_H
#define STORE_ATTENTION_H

#include "appliance/store/store.h"

/* Machines that need somebody (state `attention`), the longest waiting first, at most limit: name
 * ("" when nobody gave one), number and reason. A non-zero return of each ends the walk and is
 * returned. Errors as in store.h. */
int store_attention(struct store *s, size_t limit,
        int (*each)(const char *name, int64_t machine, enum reason reason, void *context),
        void *context);

/* A machine that does not move. */
struct store_still {
	int64_t machine;
	enum machine_state state; /* silent: the one it was in, STATE_COUNT when not known */
	enum reason reason;
	int64_t since; /* of that state; silent: when it was heard of last */
};

/* Calls each() for those on their way, from booting to rebooting but waiting, in one state since
 * before `before`: the longest first. */
int store_still(struct store *s, int64_t before,
        int (*each)(const struct store_still *still, void *context), void *context);
/* The same for those that need attention as they are silent: BOOT_STALLED, NO_HEARTBEAT,
 * NOT_RETURNED. */
int store_silent(struct store *s, int (*each)(const struct store_still *still, void *context),
        void *context);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The appliance's answers, parsed strictly: every field known and present, of its type, within
 * limits.h. No I/O. All parsers: text of len bytes; 0, or -EPROTO with REASON_PROTOCOL_ERROR.
 */
#ifndef LINK_API_ANSWER_H
#define LINK_API_ANSWER_H

#include "fixer/base/error.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"
#include "netmend/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define API_SEALED_LEN (WIRE_SEALED_PLAIN + 48) /* crypto_box_SEALBYTES */

struct api_session {
	char id[33];
	char machine[NM_MAX_NAME]; /* name for the screen */
	unsigned attempt;
	unsigned heartbeat; /* seconds, 1 to NM_SILENCE_LIMIT */
	char *recipe;       /* INI text, at most NM_MAX_RECIPE */
	bool pending;       /* a saved repair was never confirmed */
	char pending_sha256[65];
	size_t pending_size;
};
int api_parse_session(const void *text, size_t len, struct api_session *ret, struct error *err);
void api_session_clear(struct api_session *s);

enum api_release_status { RELEASE_PENDING, RELEASE_DENIED, RELEASE_GRANTED };

struct api_release_key {
	struct guid volume, protector;
	uint8_t sealed[API_SEALED_LEN];
};

struct api_release {
	enum api_release_status status;
	enum reason reason;
	char text[NM_MAX_EVENT_TEXT];
	char request[17]; /* 16 hex digits while people have to approve, else "" */
	size_t count;     /* at least 1 when granted, otherwise 0 */
	struct api_release_key keys[NM_MAX_VOLUMES];
};
int api_parse_release(const void *text, size_t len, struct api_release *ret, struct error *err);

enum api_boot_step { BOOT_REMEDIATE, BOOT_HOLD, BOOT_LOCAL };

#define API_WAIT_MAX 3600

/* What a machine that asked for itself is to do. */
struct api_boot {
	enum api_boot_step step;
	char token[33]; /* of BOOT_REMEDIATE, else ""; the caller wipes it */
	unsigned wait;  /* seconds until it asks again, or restarts; at most API_WAIT_MAX */
	bool dry_run;
	enum reason reason;
	char name[NM_MAX_NAME + 1];
	char text[NM_MAX_EVENT_TEXT];
};
int api_parse_boot(const void *text, size_t len, struct api_boot *ret, struct error *err);

enum api_next_step { NEXT_REBOOT, NEXT_HOLD, NEXT_AGAIN };

struct api_next {
	enum api_next_step step;
	char text[NM_MAX_EVENT_TEXT];
};
int api_parse_next(const void *text, size_t len, struct api_next *ret, struct error *err);

/* Answer to events: the highest seq the appliance has. */
int api_parse_ack(const void *text, size_t len, uint64_t *ret, struct error *err);

/* Answer to PUT journal; fails as well when the size is not the one sent. */
int api_parse_saved(
        const void *text, size_t len, size_t sent, char ret_sha256[65], struct error *err);

/* The body of an answer other than 2xx becomes err, with its reason; a body that is none becomes
 * REASON_PROTOCOL_ERROR. Always returns a negative errno. */
int api_parse_refusal(int status, const void *text, size_t len, struct error *err);

#endif

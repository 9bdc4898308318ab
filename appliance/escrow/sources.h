/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where recovery keys come from, in the order they are asked: keys typed in by hand first, then the
 * sources of the settings. What they give are candidates: only the machine's blob tells which is
 * right. Safe between threads.
 */
#ifndef ESCROW_SOURCES_H
#define ESCROW_SOURCES_H

#include "appliance/escrow/entered.h"
#include "appliance/escrow/fetch_client.h"
#include "appliance/escrow/settings.h"

#define SOURCES_MAX        (NM_MAX_SOURCES + 1)
#define SOURCES_CANDIDATES (2 * NM_MAX_CANDIDATES) /* by ID, and by the machine's name */

struct sources;

/* All borrowed; fetch may be NULL when no source needs it. NULL without memory. */
struct sources *sources_new(const struct settings *settings, struct vault *vault,
        struct entered *entered, struct fetch_client *fetch);
void sources_free(struct sources *s);

size_t sources_count(const struct sources *s);
const char *sources_name(const struct sources *s, size_t i);
/* Whether asking it may take long: everything that is not in this process. */
bool sources_remote(const struct sources *s, size_t i);

struct candidate {
	struct secret *key; /* 16 bytes */
	char origin[200];   /* which record */
	bool guess;         /* of a record without a key ID: found by the machine's name */
};

struct candidates {
	size_t count, malformed; /* malformed: records that hold no recovery password */
	struct candidate list[SOURCES_CANDIDATES];
	char text[320]; /* what people should know, whatever the reason */
};
void candidates_clear(struct candidates *c);

/* OK with candidates (or malformed records); KEY_NOT_FOUND, KEY_NOT_READABLE, VAULT_LOCKED,
 * SOURCE_*. Blocks when remote; a source that has just failed is not asked again for some seconds.
 * ret is set in any case and is cleared by the caller. */
enum reason sources_ask(struct sources *s, size_t i, const struct ask_protector *p,
        const struct subject *subject, struct candidates *ret);

/* "sources" of the status (../README.md); NULL without memory. */
json_t *sources_status(struct sources *s);

#endif

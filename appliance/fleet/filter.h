/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which machines a person means: words by key (FILTER of include/netmend/README.md). Of several
 * words of one key any may fit; different keys must all fit; a filter without words means all.
 */
#ifndef FLEET_FILTER_H
#define FLEET_FILTER_H

#include "appliance/store/machine.h"
#include "fixer/base/error.h"

#include <jansson.h>
#include <stddef.h>

#define FILTER_WORDS_MAX 256 /* of one key */

enum filter_key {
	FILTER_STATE,
	FILTER_REASON,
	FILTER_SEVERITY,
	FILTER_GROUP, /* group.h */
	FILTER_SITE,  /* this and the next three: the whole text, ASCII in any case; "" for none */
	FILTER_FLOOR,
	FILTER_OWNER,
	FILTER_RING,
	FILTER_CAMPAIGN, /* its number; "0" for none */
	FILTER_WAVE,
	FILTER_APPLIANCE,
	FILTER_TEXT,          /* part of name, MAC, serial, UUID or address, in any case */
	FILTER_UNKNOWN,       /* "1": seen, in no inventory */
	FILTER_CONFLICT,      /* "1" */
	FILTER_MISSING,       /* "1": in the inventory, never seen */
	FILTER_NETWORK_FIRST, /* "1": its firmware tries the network before Windows */
	FILTER_SAFE_MODE,     /* "1": its Windows is set to start in safe mode */
	FILTER_KEYS
};

struct machine_filter {
	struct filter_words {
		char **words;
		size_t count;
	} keys[FILTER_KEYS];
};

/* Starts from {0}; filter_free() also after a failure. */
void filter_free(struct machine_filter *f);
/* One word of the key of this name ("site"). -EINVAL with VALUE_BAD for a name or a word that is
 * none: a misspelt filter must not mean every machine. -ENOMEM. */
int filter_add(struct machine_filter *f, const char *key, const char *word, struct error *err);
/* An object as in the body of /machines/act: {"site":["Bern",...],"wave":[2],"unknown":true}; a
 * list, or a word alone. Errors as above. */
int filter_from_json(struct machine_filter *f, json_t *object, struct error *err);

bool filter_is_empty(const struct machine_filter *f);
bool machine_matches(const struct machine_filter *f, const struct machine *m);

#endif

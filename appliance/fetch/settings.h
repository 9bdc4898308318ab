/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `netmend serve` (root) hands to this process by a pipe: the sources and how to log in to
 * them
 * (../README.md). */
#ifndef FETCH_SETTINGS_H
#define FETCH_SETTINGS_H

#include "appliance/fetch/source.h"

#define SOURCE_OPTIONS_MAX 32 /* of one source */

struct source_settings {
	size_t count;
	struct source_setting {
		char name[32], type[16];
		struct source_options options;
	} sources[NM_MAX_SOURCES];
	struct secret *text; /* keys and values of the options: credentials among them */
};

/* Strict. -EBADMSG names the field, never a value. Text of len bytes. */
int source_settings_parse(
        const char *text, size_t len, struct source_settings *ret, struct error *err);

/* Reads fd to its end (at most NM_MAX_SETTINGS), closes it, parses. */
int source_settings_read(int fd, struct source_settings *ret, struct error *err);

void source_settings_clear(struct source_settings *s);

#endif

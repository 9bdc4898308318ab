/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the settings' parser share. */
#ifndef ESCROW_SETTINGS_PART_H
#define ESCROW_SETTINGS_PART_H

#include "appliance/escrow/settings.h"

#include <jansson.h>

/* Fills err and gives -EBADMSG. */
int settings_bad(struct error *err, const char *what);

/* Which of the names text is; count when it is none. */
size_t settings_which(const char *text, const char *const *names, size_t count);

/* Takes clean text that is not empty and fits, or -EBADMSG. */
int settings_text(const char *text, char *out, size_t size);

/* The member "release". */
int settings_release(json_t *j, struct policy_rules *rules, struct error *err);

#endif

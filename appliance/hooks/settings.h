/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What serve hands to netmend-hooks through a pipe (../README.md). */
#ifndef HOOKS_SETTINGS_H
#define HOOKS_SETTINGS_H

#include "appliance/hooks/wanted.h"
#include "appliance/store/hooks.h"
#include "fixer/base/error.h"
#include "fixer/base/secret.h"

struct hook_setting {
	char name[HOOK_NAME];
	char url[512];
	struct wanted wanted;
	struct secret *secret; /* the key of its signatures */
	char *ca;              /* PEM; NULL: the authorities this host trusts */
};

struct hook_settings {
	struct secret *store; /* the store's place, terminated */
	char id_file[256];    /* of this appliance's id */
	size_t count;
	struct hook_setting hooks[NM_MAX_HOOKS];
};

/* Reads fd to its end and closes it. PROTOCOL_ERROR names what is wrong. ret is to be cleared, also
 * on failure. */
int hook_settings_read(int fd, struct hook_settings *ret, struct error *err);
void hook_settings_clear(struct hook_settings *s);

#endif

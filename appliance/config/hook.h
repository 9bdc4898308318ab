/* SPDX-License-Identifier: GPL-3.0-or-later */
/* [webhook NAME]: another system that is told of changes. */
#ifndef CONFIG_HOOK_H
#define CONFIG_HOOK_H

#include "appliance/config/source.h"

#define CONFIG_HOOK_URL    512
#define CONFIG_HOOK_EVENTS 256

struct config_hook {
	char name[CONFIG_SOURCE_NAME];
	int line; /* the first one */
	char url[CONFIG_HOOK_URL];
	char events[CONFIG_HOOK_EVENTS];   /* as hooks/wanted.h reads them; "": all */
	char secret_file[CONFIG_PATH_MAX]; /* one line: the key of the signatures */
	char ca[CONFIG_PATH_MAX];          /* PEM; "": the authorities this host trusts */
};

/* One line of the section. -EINVAL, REASON_USAGE; text without the line. */
int hook_set(struct config_hook *h, const char *key, const char *value, struct error *err);
/* When all lines were read. */
int hook_judge(const struct config_hook *h, struct error *err);

#endif

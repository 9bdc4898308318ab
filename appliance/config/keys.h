/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every key of the configuration file but those of [source NAME]: one table. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "appliance/config/config.h"
#include "appliance/config/value.h"

#define KEYS_MAX 64

struct key {
	const char *section;
	const char *name;
	/* Returns NULL, or what the value should have been. */
	const char *(*parse)(const char *value, const struct value_target *target);
	size_t offset, size; /* of the field in struct config */
	const struct value_choices *choices;
	long low, high;
	bool list; /* further lines add to it */
};

/* Sets one key. -EINVAL, REASON_USAGE: no such section or key, or what the value is not. */
int key_set(struct config *config, const char *section, const char *name, const char *value,
        const struct key **ret_key, struct error *err);

/* Its place in the table, below KEYS_MAX. */
size_t key_index(const struct key *key);

#endif

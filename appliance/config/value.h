/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of values in the configuration file. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

struct value_choices {
	const char *wanted; /* for the error */
	const char *names[4];
};

struct value_target {
	void *field;
	size_t size;                         /* of the field */
	const struct value_choices *choices; /* value_choice */
	long low, high;                      /* value_number */
};

/* Each returns NULL and sets the field, or returns what the value is not ("an IPv4 address") and
 * leaves the field. */
const char *value_interface(const char *value, const struct value_target *target); /* char[] */
const char *value_ipv4(const char *value, const struct value_target *target);      /* char[16] */
const char *value_port(const char *value, const struct value_target *target);      /* int */
const char *value_path(const char *value, const struct value_target *target);      /* char[] */
const char *value_file_name(
        const char *value, const struct value_target *target); /* char[], no folder in it */
const char *value_recipe(const char *value, const struct value_target *target); /* char[] */
const char *value_user(const char *value, const struct value_target *target);   /* char[] */
const char *value_choice(const char *value, const struct value_target *target); /* int, index */
const char *value_number(const char *value, const struct value_target *target); /* int */
const char *value_label(const char *value, const struct value_target *target);  /* char[] */
const char *value_time(const char *value, const struct value_target *target);   /* int64_t */
const char *value_database(
        const char *value, const struct value_target *target); /* char[], postgresql://... */
const char *value_range(const char *value, const struct value_target *target); /* "A,B" */

/* Lists: words between blanks or commas, added to what the field holds already. */
const char *value_subnets(
        const char *value, const struct value_target *target);                 /* config_subnets */
const char *value_hosts(const char *value, const struct value_target *target); /* config_subnets */
const char *value_order(const char *value, const struct value_target *target); /* config_order */

/* auto, ask, file:PATH, passphrase-file:PATH, credential:NAME, passphrase-credential:NAME. */
const char *value_vault_key(
        const char *value, const struct value_target *target); /* config_vault_key */

/* The next word of a list into out; its length, 0 at the end, size or more when it is longer. */
size_t value_word(const char **at, char *out, size_t size);

/* UTF-8 without control characters. */
bool value_is_clean(const char *value);

#endif

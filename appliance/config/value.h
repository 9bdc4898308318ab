/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of values in the configuration file. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stddef.h>

struct value_choices {
	const char *wanted; /* for the error */
	const char *names[4];
};

struct value_target {
	void *field;
	size_t size;                         /* of the field */
	const struct value_choices *choices; /* value_choice */
};

/* Each returns NULL and sets the field, or returns what the value is not ("an IPv4 address") and
 * leaves the field. */
const char *value_interface(const char *value, const struct value_target *target); /* char[] */
const char *value_ipv4(const char *value, const struct value_target *target);      /* char[16] */
const char *value_port(const char *value, const struct value_target *target);      /* int */
const char *value_path(const char *value, const struct value_target *target);      /* char[] */
const char *value_recipe(const char *value, const struct value_target *target);    /* char[] */
const char *value_user(const char *value, const struct value_target *target);      /* char[] */
const char *value_choice(const char *value, const struct value_target *target);    /* int, index */
const char *value_range(const char *value, const struct value_target *target);     /* "A,B" */

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* [source NAME]: one place recovery passwords are kept besides the vault. Its keys depend on its
 * type; what they mean is the business of appliance/fetch. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "fixer/base/error.h"
#include "netmend/limits.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_PATH_MAX    256
#define CONFIG_SOURCE_NAME 32
#define CONFIG_SOURCES_MAX (NM_MAX_SOURCES - 1) /* the vault is one too */
#define CONFIG_OPTIONS_MAX 12                   /* more than any type has */
#define CONFIG_OPTION_MAX  512

enum source_type { SOURCE_LDAP = 1, SOURCE_GRAPH = 2, SOURCE_EXEC = 4 };

/* What an option's value stands for. */
enum option_content {
	CONTENT_VALUE,  /* the value itself */
	CONTENT_PUBLIC, /* the path of a file, whose content is handed on */
	CONTENT_SECRET, /* the same; nobody but root may read it */
	CONTENT_KEYTAB, /* the same; a copy of it is handed on */
};

struct config_option {
	const char *key; /* as in the file; a string of the program */
	enum option_content content;
	int line;
	int types; /* enum source_type: which have this key */
	char value[CONFIG_OPTION_MAX];
};

struct config_source {
	char name[CONFIG_SOURCE_NAME];
	int type; /* enum source_type; 0 until its line was read */
	int line; /* the first one */
	size_t option_count;
	struct config_option options[CONFIG_OPTIONS_MAX];
};

/* One line of the section; a line that continues the one before adds to it where a list is wanted.
 * -EINVAL, REASON_USAGE; text without the line. */
int source_set(struct config_source *s, const char *key, const char *value, int line,
        bool continues, struct error *err);

/* When all lines were read: what is missing, and what does not belong together. *ret_line: the one
 * to name. */
int source_judge(const struct config_source *s, int *ret_line, struct error *err);

/* NULL when it was not given. */
const char *source_value(const struct config_source *s, const char *key);

const char *source_type_name(const struct config_source *s);

/* A name people may give: letters, digits, - and _, at most 31; not "vault". */
bool source_name_good(const char *name);

#endif

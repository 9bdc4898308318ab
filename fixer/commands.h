/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fixer's command line: what was asked for, and the commands. main.c parses, the others do. */
#ifndef FIXER_COMMANDS_H
#define FIXER_COMMANDS_H

#include "fixer/unlock.h"
#include "fixer/windows/recipe.h"

enum exit_status {
	STATUS_DONE = 0,      /* repaired, nothing to do, undone, or dry run passed */
	STATUS_USAGE = 2,     /* arguments, recipe or key file wrong */
	STATUS_ATTENTION = 3, /* refused: the disk is untouched */
	STATUS_WRITE = 4, /* a write or the check after it failed: the bundle completes or undoes */
	STATUS_OPEN = 5,  /* cannot open, or in use */
};
enum exit_status status_of(enum reason reason);

struct command {
	const char *disk;   /* image file or device node */
	const char *bundle; /* where to save it, or which one to apply or verify; may be NULL */
	const char *recipe; /* a built-in one's name, or a file */
	struct key_files keys;
	uint32_t partition; /* only this one; ANY_PARTITION: all */
	bool dry_run, json;
};
#define ANY_PARTITION UINT32_MAX

/* The recipe the command line asks for. REASON_CANNOT_OPEN, _RECIPE_BAD. */
int command_recipe(const struct command *c, struct recipe *ret, struct error *err);

/* Each prints its result, on standard output as words or one JSON object, and gives the status. */
enum exit_status command_repair(const struct command *c);
enum exit_status command_undo(const struct command *c);
enum exit_status command_complete(const struct command *c);
enum exit_status command_verify(const struct command *c);
enum exit_status command_inspect(const struct command *c);

#endif

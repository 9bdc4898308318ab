/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `fixer inspect` found; between the file that looks and those that show. */
#ifndef FIXER_INSPECT_H
#define FIXER_INSPECT_H

#include "fixer/image_file.h"
#include "fixer/repair/facts.h"
#include "fixer/survey.h"
#include "fixer/unlock.h"

#include <jansson.h>

struct inspected_volume {
	const struct survey_volume *volume; /* of the survey */
	char how[UNLOCK_HOW];               /* by what it was opened; "" for a plain volume */
	struct error closed; /* code set: why there are no facts. KEY_NEEDED: locked */
	struct volume_facts facts;
	struct error repair; /* why a repair would be refused; code 0: it would not */
};

struct inspection {
	const char *path;
	struct image_file *image;
	struct recipe recipe; /* whose directories are looked at */
	struct survey *survey;
	size_t count; /* those the command line asks for */
	struct inspected_volume volumes[NM_MAX_VOLUMES];
};

/* All of it as words on standard output. */
void inspect_print(const struct inspection *in);
void inspect_print_partitions(const struct survey *s);

/* What somebody has to bring to open a locked volume, as part of a sentence; "" when it is not
 * locked, or nothing that can be given here opens it. */
#define NEEDS_TEXT 600
void inspect_needs(const struct inspected_volume *v, char out[NEEDS_TEXT]);

/* The fields "disk", "partitions" and "volumes" (fixer/README.md) into root. */
void inspect_json(const struct inspection *in, json_t *root);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between image.c, which goes over the volumes of a disk, and image_volume.c, which repairs one. */
#ifndef FIXER_IMAGE_INTERNAL_H
#define FIXER_IMAGE_INTERNAL_H

#include "fixer/commands.h"
#include "fixer/image_file.h"
#include "fixer/repair/facts.h"
#include "fixer/repair/repair.h"
#include "fixer/survey.h"
#include "netmend/limits.h"

#include <jansson.h>

struct image_run {
	const struct command *command;
	struct recipe recipe;
	struct keys keys;
	struct image_file *image;
	struct survey *survey;
	bool rehearsal; /* plan only, and say nothing of it */

	char *bundle_path; /* of the first bundle; each repaired volume has its own */
	char *saved[NM_MAX_VOLUMES];
	size_t saved_count;

	/* Of the volume in work. */
	char how[UNLOCK_HOW];      /* what opened it; "" when nothing did or it is plain NTFS */
	struct volume_facts facts; /* as it is now; none when it stays closed */
};

static inline bool image_quiet(const struct image_run *run)
{
	return run->command->json || run->rehearsal;
}

/* Opens the volume if it can be opened and repairs it, or plans to; result says why not, too, and
 * is to be cleared. */
void image_treat_volume(
        struct image_run *run, const struct survey_volume *v, struct repair_result *result);

/* Prints what became of the volume; with volumes, adds it there, too. saved: the bundle's path, or
 * "". */
void image_record_volume(struct image_run *run, const struct survey_volume *v,
        const struct repair_result *result, const char *saved, json_t *volumes);

#endif

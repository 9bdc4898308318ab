/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Repairs of volumes whose metadata is damaged at random. Few volumes are made; each case damages
 * one of them in a few places, lets the fixer repair it, judges, and takes both back. What a case
 * does follows from a seed and a number alone.
 */
#ifndef VOLUMES_CORRUPT_H
#define VOLUMES_CORRUPT_H

#include "fixer/repair/repair.h"
#include "tests/generators/ntfs_edit.h"
#include "tests/generators/random.h"

#define CORRUPT_BASES   12
#define CORRUPT_PLACES  16
#define CORRUPT_TEXT    1000
#define CORRUPT_REASONS 160

/* A volume to damage, in a file, and in memory as the file is to be before a repair. */
struct corrupt_base {
	char name[24], path[96];
	uint64_t size;
	uint32_t sector;
	uint8_t *bytes;
	struct ntfs_edit edit; /* over bytes */
	uint64_t target, directory,
	        other; /* MFT records: the bad file, its directory, another file */
};

struct corrupt_bases {
	char folder[64];
	size_t count;
	struct corrupt_base list[CORRUPT_BASES];
};

/* Makes them in a new folder; those from ../shared/data only when it is there. 0 or -errno
 * (logged). corrupt_bases_free() in any case. */
int corrupt_bases_make(struct corrupt_bases *ret);
void corrupt_bases_free(struct corrupt_bases *b);

/* What was changed, and what was there. */
struct corrupt_place {
	uint64_t offset;
	size_t len;
	uint8_t *old_bytes;
};

struct corrupt_case {
	uint64_t seed;
	unsigned number;
	struct gen_random random;
	struct corrupt_base *base;
	enum recipe_action action;
	enum recipe_unclean unclean;
	size_t place_count;
	struct corrupt_place places[CORRUPT_PLACES];
};

/* Draws the case and damages its base. corrupt_revert() in any case. 0 or -errno. */
int corrupt_damage(
        struct corrupt_case *c, struct corrupt_bases *bases, uint64_t seed, unsigned number);
/* Changes one area of the base in memory. */
void corrupt_somewhere(struct corrupt_case *c);
/* Notes that len bytes from offset on will change; NULL when they are not all in the volume. */
uint8_t *corrupt_touch(struct corrupt_case *c, uint64_t offset, size_t len);
/* Takes the damage back, in memory and file. whole: the file may be anything and is written anew.
 */
int corrupt_revert(struct corrupt_case *c, bool whole);

/* How a case ended. */
struct corrupt_verdict {
	bool good;
	bool shared; /* freed clusters that another file claims: excused, counted */
	enum reason reason;
	enum plan_kind plan;
	char text[CORRUPT_TEXT]; /* what is not as it should be */
};

/* Runs the repair in a process of its own and judges it there. */
void corrupt_run(const struct corrupt_case *c, struct corrupt_verdict *ret);

/* Sets text when after has a finding that before had not, or a file of the plan is still what it
 * was. */
void corrupt_judge(const uint8_t *before, const uint8_t *after, size_t size,
        const struct plan *plan, struct corrupt_verdict *v);

#endif

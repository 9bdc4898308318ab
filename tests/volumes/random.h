/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random NTFS volumes and one repair of each. What a volume holds follows from a seed and a number
 * alone, so that any one of them can be made again. Functions return 0 or -errno and log why.
 */
#ifndef VOLUMES_RANDOM_H
#define VOLUMES_RANDOM_H

#include "fixer/repair/repair.h"
#include "tests/generators/journal.h"
#include "tests/generators/ntfs_image.h"
#include "tests/generators/random.h"

#define RANDOM_BAD_MAX 10
#define RANDOM_FOLDER  "\\Windows\\System32\\drivers\\CrowdStrike"

/* What a file is like; a volume's files have any of them together that NTFS allows. */
enum random_trait {
	TRAIT_READONLY = 0x1, /* these three are GEN_ATTR_* */
	TRAIT_HIDDEN = 0x2,
	TRAIT_SYSTEM = 0x4,
	TRAIT_LINKED = 0x10,     /* a hard link in another directory */
	TRAIT_COMPRESSED = 0x20, /* LZNT1 */
	TRAIT_SPARSE = 0x40,
	TRAIT_STREAMS = 0x80,     /* a few named streams */
	TRAIT_FRAGMENTED = 0x100, /* enough for an attribute list, at times */
	TRAIT_LISTED = 0x200,     /* so many streams that there is an attribute list */
	TRAIT_POSIX = 0x400,      /* no short name */
};
#define TRAIT_ATTRIBUTES 0x7

struct random_file {
	char path[1024];
	size_t size;
	int64_t modified; /* seconds since 1970 */
	unsigned traits;
};

struct random_case {
	uint64_t seed;
	unsigned number;
	struct gen_random random;
	char image[64]; /* path of the volume */
	uint64_t size;
	uint32_t sector, cluster;
	unsigned siblings;             /* in RANDOM_FOLDER */
	unsigned files;                /* elsewhere */
	unsigned bad_count, act_count; /* channel files 291; how many of them are in the window */
	struct random_file bad[RANDOM_BAD_MAX];
	enum recipe_action action;
	enum recipe_unclean unclean; /* rename or replay */
	bool dirty;                  /* the volume asks for chkdsk */
	unsigned journal;            /* 0: empty; 1, 2: unclean, of version 1.1 or 2.0 */
	bool pending;                /* it tells of changes; else of none */
	bool pending_beside;         /* some of them in RANDOM_FOLDER */
	enum gen_flushed flushed;    /* how much of them is in place */
	char leaving[1024];          /* path of a file that is deleted in them */
};

/* --- making ------------------------------------------------------------------------------------
 */

/* Draws what volume number of seed is like, and makes it at c->image. */
int random_make(struct random_case *c, uint64_t seed, unsigned number, const char *image);

/* One line that tells it. */
void random_describe(const struct random_case *c, char *out, size_t size);

/* A file with all its traits; files that do not fit any more are made smaller. */
int random_put(struct random_case *c, struct gen_ntfs *n, const struct random_file *file);

/* Bytes that may still be used for content. */
uint64_t random_room(struct gen_ntfs *n);

/* A name no other call with the same c and index gives; at most size bytes of UTF-8. */
void random_name(struct random_case *c, unsigned index, char *out, size_t size);

/* Names and files of a Windows: what makes a folder one, the folder of the channel files, others.
 */
int random_put_windows(struct random_case *c, struct gen_ntfs *n);
int random_put_channel_files(struct random_case *c, struct gen_ntfs *n);
int random_put_others(struct random_case *c, struct gen_ntfs *n);
/* What the journal tells of when c->pending. */
int random_put_pending(struct random_case *c, struct gen_ntfs *n);

/* --- judging -----------------------------------------------------------------------------------
 */

/* A whole volume in memory; pages that are holes in the file are not there. */
struct snapshot {
	uint8_t *bytes;
	size_t size;
};
int snapshot_take(const char *image, struct snapshot *ret);
/* The same after ntfsrecover replayed a copy. */
int snapshot_take_replayed(const char *image, struct snapshot *ret);
void snapshot_free(struct snapshot *s);
/* True when the file holds the same, byte for byte. */
bool snapshot_equals(const struct snapshot *s, const char *image);

/* Text of what is wrong, empty when nothing is. */
struct judgement {
	char text[2048];
};

/* Whether ntfscheck has no findings. */
bool judge_check(const struct snapshot *s, const char *when, struct judgement *j);

/* Whether after differs from before by what the plan intends, and by nothing else. */
bool judge_effect(const struct snapshot *before, const struct snapshot *after,
        const struct plan *plan, struct judgement *j);

/* --- all of it ---------------------------------------------------------------------------------
 */

struct random_totals {
	unsigned made, failed;
	unsigned discarded;  /* ntfsrecover does not replay the journal made */
	unsigned by_plan[4]; /* enum plan_kind, of what was repaired */
	unsigned unclean, dirty;
	unsigned nothing, unsafe, pending;
	unsigned files_acted;
	double seconds;
};

/* Makes, repairs, judges, undoes. False when something is not as it should be: then the image stays
 * as it was before the repair, and j tells. */
bool random_run(struct random_case *c, uint64_t seed, unsigned number, const char *image,
        struct random_totals *totals, struct judgement *j);

#endif

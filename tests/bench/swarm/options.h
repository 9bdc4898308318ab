/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run is made of; README.md has the command line. */
#ifndef SWARM_OPTIONS_H
#define SWARM_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of a machine. Each has its share of the mix, in hundredths. (clang-format takes the
 * X() for declarations.) */
/* clang-format off */
#define SWARM_STORIES(X)                                                                           \
	X(good, "repaired at once")                                                                \
	X(restart, "switched off in the middle, then repaired")                                    \
	X(again, "a write fails, the next boot repairs it")                                        \
	X(relapse, "back from the repair, it boots from the network again")                        \
	X(refused, "cannot be repaired")                                                           \
	X(never, "repaired, its Windows never comes back")                                         \
	X(silent, "falls silent in the middle for ever")                                           \
	X(no_key, "escrow has no key of it")                                                       \
	X(wrong_key, "escrow has a key that does not fit")
/* clang-format on */

enum story {
#define X(name, text) STORY_##name,
	SWARM_STORIES(X)
#undef X
	        STORY_COUNT,
};

const char *story_name(enum story story);

struct swarm_options {
	struct in_addr server; /* the appliance */
	int http_port;
	size_t machines;
	struct in_addr network; /* machine i has the address network + 1 + i */
	unsigned seed;
	unsigned mix[STORY_COUNT]; /* per cent; good: the rest */
	unsigned cut;              /* per cent of calls that lose their connection */
	unsigned full;             /* per cent of machines that fetch kernel and initrd whole */
	size_t active;             /* at most so many between boot and reboot */
	unsigned rate;             /* machines switched on a second */
	int64_t pace;              /* ms a step takes */
	int64_t patience;          /* ms a machine without its key is left on */
	int64_t limit;             /* ms of the whole run */
	int64_t settle;            /* ms for the appliance to see the last Windows */
	size_t bundle;             /* bytes */
	size_t stretchings;        /* passwords and salts for all; 0: each machine its own */
	const char *keys, *csv, *ledger, *token_file;
	const char *figures; /* JSON */
	bool only_keys;      /* write the CSV, play nothing */
};

/* 0, or -EINVAL after saying why. Strings are argv's. */
int options_parse(int argc, char **argv, struct swarm_options *ret);

#endif

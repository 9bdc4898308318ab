/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Landlock's system calls and the parts of its ABI that are younger than Debian 12's headers.
 * Values of linux/landlock.h (Linux 6.12). */
#ifndef GUARD_LANDLOCK_H
#define GUARD_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

/* ABI 3 and 5. */
#define LANDLOCK_FS_TRUNCATE  (1ULL << 14)
#define LANDLOCK_FS_IOCTL_DEV (1ULL << 15)
/* ABI 4. */
#define LANDLOCK_NET_BIND_TCP    (1ULL << 0)
#define LANDLOCK_NET_CONNECT_TCP (1ULL << 1)
/* ABI 6. */
#define LANDLOCK_ABSTRACT_SOCKET (1ULL << 0)
#define LANDLOCK_SIGNAL          (1ULL << 1)

/* struct landlock_ruleset_attr as of ABI 6; an older kernel takes it when what it does not know is
 * zero. */
struct landlock_rules {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* A ruleset's descriptor, or -errno. */
int landlock_new(const struct landlock_rules *rules);

/* Path beneath: 0, -ENOENT, another -errno. access may hold what only folders have; it is cut for a
 * file. */
int landlock_allow(int ruleset, const char *path, uint64_t access);

/* From now on; closes the ruleset. Sets no_new_privs, which it needs. 0 or -errno. */
int landlock_restrict(int ruleset);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ordinary user as user 0 of a namespace, where he may mount. */
#ifndef BASE_USER_NAMESPACE_H
#define BASE_USER_NAMESPACE_H

#include <sys/types.h>

/*
 * After unshare(CLONE_NEWUSER): uid and gid, which the process had before, become 0 in it. A
 * process that keeps secrets does not own its files in /proc, so for the moment it does as if it
 * had none: its own user can look into it meanwhile. user_namespaces(7). 0 or a negative errno.
 */
int user_namespace_map(uid_t uid, gid_t gid);

#endif

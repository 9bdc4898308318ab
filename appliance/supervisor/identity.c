/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/child.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Permitted, inheritable and ambient, so that they survive both setresuid() and execve() of an
 * ordinary program, and nothing else does. */
static int keep_capabilities(uint64_t capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		uint32_t word = (uint32_t)(capabilities >> (32 * i));
		data[i] = (struct __user_cap_data_struct){
		        .effective = word, .permitted = word, .inheritable = word};
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;
	for (unsigned c = 0; c < 64; c++) {
		if (!(capabilities & (1ULL << c)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

static bool identity_is(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return false;
	/* Nobody but root may have a way back. */
	return uid == 0 || (setresuid(0, 0, 0) < 0 && getgroups(0, NULL) == 1);
}

int identity_drop(uid_t uid, gid_t gid, uint64_t capabilities)
{
	if (prctl(PR_SET_KEEPCAPS, capabilities ? 1 : 0, 0, 0, 0) < 0 || setgroups(1, &gid) < 0 ||
	        setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	if (capabilities) {
		int r = keep_capabilities(capabilities);
		if (r < 0)
			return r;
	}
	if (!identity_is(uid, gid))
		return -EPERM;
	/* After the change of user, which resets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

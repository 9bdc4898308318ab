/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/guard/guard.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

bool guard_raise_memory_limit(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	return setrlimit(RLIMIT_MEMLOCK, &all) == 0;
}

int guard_memory(bool *ret_locked)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return -errno;
	if (limit.rlim_cur != RLIM_INFINITY) {
		*ret_locked = false;
		return 0;
	}
	/* Locked as they are touched: the untouched rest of a thread's stack costs nothing. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return -errno;
	*ret_locked = true;
	return 0;
}

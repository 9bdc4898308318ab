/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int serve_find_program(const char *name, char ret[STATE_PATH_MAX], struct error *err)
{
	char self[STATE_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return error_set(err, -errno, REASON_INTERNAL, "cannot tell where netmend is: %s",
		        strerror(errno));
	self[n] = '\0';
	if (strcmp(name, "netmend") == 0) {
		memcpy(ret, self, sizeof(self));
		return 0;
	}
	int folder = (int)(strrchr(self, '/') - self);
	snprintf(ret, STATE_PATH_MAX, "%.*s/%s", folder, self, name);
	if (access(ret, X_OK) == 0)
		return 0;
	snprintf(ret, STATE_PATH_MAX, "%s/libexec/netmend/%s", NM_PREFIX, name);
	if (access(ret, X_OK) == 0)
		return 0;
	return error_set(err, -ENOENT, REASON_CANNOT_OPEN,
	        "%s is neither beside %s nor at %s: install it (make install)", name, self, ret);
}

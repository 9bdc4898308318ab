/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole boot-time sessions. The cases are in session_cases.py, which plays the appliance and judges
 * the disk with tools that are not ours; it calls this program back with the root of a machine made
 * of files: ROOT/cmdline, ROOT/boot_id, ROOT/sys, ROOT/dev.
 */
#include "fixer/base/screen.h"
#include "fixer/base/secret.h"
#include "fixer/session.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int run_machine(const char *root)
{
	char cmdline[PATH_MAX], boot_id[PATH_MAX], sys[PATH_MAX], dev[PATH_MAX];
	const struct session_env env = {cmdline, boot_id, sys, dev, .refused_wait = 0};

	(void)snprintf(cmdline, sizeof(cmdline), "%s/cmdline", root);
	(void)snprintf(boot_id, sizeof(boot_id), "%s/boot_id", root);
	(void)snprintf(sys, sizeof(sys), "%s/sys", root);
	(void)snprintf(dev, sizeof(dev), "%s/dev", root);
	if (secrets_init() < 0)
		return 1;
	screen_open();
	return session_run_env(&env);
}

int main(int argc, char **argv)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc == 2)
		return run_machine(argv[1]);
	self[n > 0 ? n : 0] = 0;
	(void)execl("/usr/bin/python3", "/usr/bin/python3", "tests/module/session_cases.py", self,
	        NULL);
	perror("python3");
	return 1;
}

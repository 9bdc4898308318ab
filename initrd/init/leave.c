/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/leave.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "initrd/init/events.h"
#include "initrd/init/surroundings.h"
#include "initrd/init/sysfs.h"

#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

void init_wait_until(uint64_t until)
{
	(void)events_wait(until);
	if (events.restart_asked)
		init_leave();
}

void init_leave(void)
{
	char line[64];

	(void)events_wait(0); /* what is left of the log */
	surroundings_end();
	/* Not on the screen: the fixer's last words stand there. */
	(void)snprintf(line, sizeof(line), "netmend: rebooting at %llu ms",
	        (unsigned long long)boottime_ms());
	screen_serial(line);
	screen_flush();
	(void)reboot(RB_AUTOBOOT);
	/* Never seen; but a machine that hangs here needs a person. */
	log_error("the kernel does not restart the machine, trying the emergency way");
	(void)sysfs_write("/proc/sysrq-trigger", "b");
	for (;;)
		(void)pause();
}

void init_hold(void)
{
	screen_serial("netmend: held; Ctrl-Alt-Del restarts this machine");
	for (;;)
		init_wait_until(UINT64_MAX);
}

void init_fail(enum reason reason, const char *text, unsigned seconds)
{
	const uint64_t limit = boottime_ms() + (uint64_t)seconds * 1000;

	screen_reason(reason, text);
	screen_line("restarting in %u seconds", seconds);
	while (boottime_ms() < limit)
		init_wait_until(limit);
	init_leave();
}

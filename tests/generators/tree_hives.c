/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two hives that say which Windows it is. */
#include "tests/generators/hive.h"
#include "tests/generators/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIG     "\\Windows\\System32\\config\\"
#define VERSION    "Microsoft\\Windows NT\\CurrentVersion"
#define FREE_SPACE (1800 * 1024) /* in each, so that reading one takes more than one piece */

/* ProductName as Windows 11 has it to this day. */
static const struct gen_hive_value software[] = {
        {VERSION, "ProductName", "Windows 10 Pro", 0},
        {VERSION, "EditionID", "Professional", 0},
        {VERSION, "InstallationType", "Client", 0},
        {VERSION, "CurrentVersion", "6.3", 0},
        {VERSION, "CurrentBuild", "22631", 0},
        {VERSION, "CurrentBuildNumber", "22631", 0},
        {VERSION, "DisplayVersion", "23H2", 0},
        {VERSION, "ReleaseId", "2009", 0},
        {VERSION, "UBR", NULL, 3880},
        {VERSION, "PathName", "C:\\Windows", 0},
        {VERSION, "SystemRoot", "C:\\Windows", 0},
        {"Classes\\.sys", "Content Type", "application/octet-stream", 0},
        {"CrowdStrike\\Sensor", "Version", "7.11.18110.0", 0},
        {"Microsoft\\Windows\\CurrentVersion", "ProgramFilesDir", "C:\\Program Files", 0},
};

static int put_hive(struct tree *t, const char *name, const struct gen_hive_value *values,
        size_t count, int64_t installed)
{
	char path[64];
	struct buffer hive;
	uint8_t *noise = malloc(FREE_SPACE);

	if (!noise)
		return -ENOMEM;
	gen_random_bytes(&t->random, noise, FREE_SPACE);
	buffer_init(&hive, 4 * FREE_SPACE);
	int r = gen_hive_make(values, count, installed, noise, FREE_SPACE, &hive);
	free(noise);
	if (r == 0) {
		gen_hive_stamp(hive.data, name, 1207, 1206);
		(void)snprintf(path, sizeof(path), CONFIG "%s", name);
		r = tree_put(t, &(struct gen_file){.path = path,
		                        .data = hive.data,
		                        .size = hive.len,
		                        .created = installed,
		                        .modified = TREE_LAST_DAY,
		                        .attributes = GEN_ATTR_ARCHIVE});
	}
	buffer_free(&hive);
	return r;
}

int tree_put_hives(struct tree *t, int64_t installed)
{
	const struct gen_hive_value system[] = {
	        {"Select", "Current", NULL, 1},
	        {"Select", "Default", NULL, 1},
	        {"Select", "LastKnownGood", NULL, 1},
	        {"ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName", t->name, 0},
	        {"ControlSet001\\Control\\CrashControl", "CrashDumpEnabled", NULL, 7},
	        {"ControlSet001\\Control\\CrashControl", "DumpFile", "%SystemRoot%\\MEMORY.DMP", 0},
	        {"ControlSet001\\Control\\CrashControl", "MinidumpDir", "%SystemRoot%\\Minidump",
	                0},
	        {"ControlSet001\\Services\\CSAgent", "ImagePath",
	                "\\SystemRoot\\System32\\drivers\\CrowdStrike\\csagent.sys", 0},
	        {"ControlSet001\\Services\\CSAgent", "Start", NULL, 1},
	};

	int r = put_hive(
	        t, "SOFTWARE", software, sizeof(software) / sizeof(software[0]), installed);
	return r < 0 ? r
	             : put_hive(t, "SYSTEM", system, sizeof(system) / sizeof(system[0]), installed);
}

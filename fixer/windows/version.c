/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/version.h"
#include "fixer/windows/hive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CURRENT_VERSION "Microsoft\\Windows NT\\CurrentVersion"
#define WINDOWS_10      "Windows 10"
#define FIRST_11        22000

void windows_product_correct(struct windows_version *v)
{
	size_t len = strlen(WINDOWS_10);

	if (strncmp(v->product, WINDOWS_10, len) == 0 && v->build >= FIRST_11 &&
	        (v->installation[0] == 0 || strcmp(v->installation, "Client") == 0))
		v->product[len - 1] = '1';
}

static void note_problem(struct windows_version *v, const char *hive, int r)
{
	const char *what = r == -EBADMSG  ? "is damaged"
	                   : r == -ENOENT ? "is missing"
	                   : r == -EFBIG  ? "is too large"
	                                  : "cannot be read";

	(void)snprintf(v->problem, sizeof(v->problem), "the %s hive %s", hive, what);
}

/* A value that is not there stays unknown; anything else is worth telling. */
static int optional(int r)
{
	return r == -ENOENT ? 0 : r;
}

static int text_of(struct hive_h *hive, const char *name, char out[WINDOWS_TEXT])
{
	return optional(hive_text(hive, CURRENT_VERSION, name, out, WINDOWS_TEXT));
}

/* CurrentBuild is text; UBR, the update's number, is a number and newer. */
static int read_build(struct hive_h *hive, struct windows_version *v)
{
	char text[WINDOWS_TEXT] = "";
	char *end;

	int r = text_of(hive, "CurrentBuild", text);
	unsigned long build = strtoul(text, &end, 10);
	if (r == 0 && text[0] >= '0' && text[0] <= '9' && *end == 0 && build <= UINT32_MAX)
		v->build = (uint32_t)build;
	if (r == 0)
		r = optional(hive_number(hive, CURRENT_VERSION, "UBR", &v->revision));
	return r;
}

/* DisplayVersion came with 20H2, ReleaseId with 1511; Windows 7 and 8 have service packs. */
static int read_release(struct hive_h *hive, struct windows_version *v)
{
	static const char *const names[] = {"DisplayVersion", "ReleaseId", "CSDVersion"};
	int r = 0;

	for (size_t i = 0; r == 0 && !v->release[0] && i < 3; i++)
		r = text_of(hive, names[i], v->release);
	return r;
}

static int read_software(struct hive_h *hive, struct windows_version *v)
{
	int r = text_of(hive, "ProductName", v->product);

	if (r == 0)
		r = text_of(hive, "EditionID", v->edition);
	if (r == 0)
		r = text_of(hive, "InstallationType", v->installation);
	if (r == 0)
		r = read_release(hive, v);
	if (r == 0)
		r = read_build(hive, v);
	if (r == 0)
		r = optional(hive_text(hive, CURRENT_VERSION, "SystemRoot", v->system_root,
		        sizeof(v->system_root)));
	windows_product_correct(v);
	return r;
}

static int read_crash_control(struct hive_h *hive, uint32_t set, struct windows_version *v)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "ControlSet%03u\\Control\\CrashControl", set);
	int r = optional(hive_text(hive, path, "DumpFile", v->dump_file, sizeof(v->dump_file)));
	if (r == 0)
		r = optional(hive_text(
		        hive, path, "MinidumpDir", v->minidump_folder, sizeof(v->minidump_folder)));
	return r;
}

/* The control set in use is the one Select\Current names. */
static int read_system(struct hive_h *hive, struct windows_version *v)
{
	char path[64];
	uint32_t set;

	int r = hive_number(hive, "Select", "Current", &set);
	if (r < 0)
		return r;
	(void)snprintf(
	        path, sizeof(path), "ControlSet%03u\\Control\\ComputerName\\ComputerName", set);
	r = optional(hive_text(hive, path, "ComputerName", v->computer, sizeof(v->computer)));
	return r < 0 ? r : read_crash_control(hive, set, v);
}

static void read_hive(struct ntfs_view *view, uint64_t root, int scratch, const char *name,
        int (*read)(struct hive_h *, struct windows_version *), struct windows_version *v)
{
	char path[32];
	struct hive_h *hive = NULL;
	bool dirty = false;

	(void)snprintf(path, sizeof(path), "System32\\config\\%s", name);
	int r = hive_open(view, root, path, scratch, &hive, &dirty);
	if (r == 0)
		r = read(hive, v);
	hive_close(hive);
	v->dirty = v->dirty || dirty;
	if (r < 0)
		note_problem(v, name, r);
}

void windows_version_read(
        struct ntfs_view *view, uint64_t root, int scratch, struct windows_version *ret)
{
	struct windows_version v = {0};

	read_hive(view, root, scratch, "SYSTEM", read_system, &v);
	read_hive(view, root, scratch, "SOFTWARE", read_software, &v);
	*ret = v;
}

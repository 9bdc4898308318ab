/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The paths and file name patterns a recipe may have. */
#include "fixer/base/text.h"
#include "fixer/windows/recipe_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_UNITS 255 /* of one NTFS name */

static bool is_device(const char *name, size_t len)
{
	static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
	size_t stem = strcspn(name, ".");

	if (stem > len)
		stem = len;
	while (stem > 0 && name[stem - 1] == ' ')
		stem--;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (strlen(devices[i]) == stem && strncasecmp(name, devices[i], stem) == 0)
			return true;
	return stem == 4 && isdigit((unsigned char)name[3]) &&
	       (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0);
}

/* What is wrong with one name of len bytes, as Windows makes names; NULL when nothing is. */
static const char *wrong_name(const char *name, size_t len)
{
	uint16_t units[NAME_MAX_UNITS];
	char copy[256];
	size_t count;

	if (len == 0)
		return "has an empty name in it:";
	if ((len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0))
		return "has '.' or '..' in it; write where it leads:";
	if (len >= sizeof(copy))
		return "has a name that is too long:";
	memcpy(copy, name, len);
	copy[len] = 0;
	if (utf8_to_utf16(copy, units, NAME_MAX_UNITS, &count) < 0)
		return "has a control character or a name that is too long:";
	if (name[len - 1] == '.' || name[len - 1] == ' ' || name[0] == ' ')
		return "has a name with a blank or dot at its edge, which Windows drops:";
	if (is_device(name, len))
		return "names a device, not a file:";
	return NULL;
}

/* "path " and what; the message shows the value. */
static int wrong(struct parser *p, const char *key, const char *what, const char *value)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s %s", key, what);
	return recipe_fail(p, text, value);
}

const char *recipe_path_in_windows(const char *path)
{
	static const char windows[] = "\\Windows";
	size_t len = sizeof(windows) - 1;

	if (strncasecmp(path, windows, len) != 0 || (path[len] && path[len] != '\\'))
		return NULL;
	return path + len;
}

/* Where NTFS keeps files of its own; those in the root no path leads to. */
static bool is_ntfs_own(const char *path)
{
	static const char own[] = "\\$Extend";
	size_t len = sizeof(own) - 1;

	return strncasecmp(path, own, len) == 0 && (path[len] == 0 || path[len] == '\\');
}

int recipe_check_path(struct parser *p, const char *path)
{
	const char *why = NULL;

	if (isalpha((unsigned char)path[0]) && path[1] == ':')
		return wrong(p, "path", "has a drive letter; begin with the first '\\':", path);
	if (strchr(path, '/'))
		return wrong(p, "path", "has '/' in it; write '\\':", path);
	if (strchr(path, ':'))
		return wrong(p, "path", "has ':' in it; streams and drives are not meant:", path);
	if (strpbrk(path, "*?\"<>|"))
		return wrong(p, "path", "has a character no directory has (* ? \" < > |):", path);
	if (path[0] != '\\' || path[1] == 0)
		return wrong(p, "path", "is not of the form \\Folder\\Folder:", path);
	if (is_ntfs_own(path))
		return wrong(p, "path", "is where NTFS keeps its own files:", path);
	for (const char *name = path; *name == '\\' && !why;) {
		size_t len = strcspn(++name, "\\");
		why = wrong_name(name, len);
		name += len;
	}
	return why ? wrong(p, "path", why, path) : 0;
}

int recipe_check_glob(struct parser *p, const char *glob)
{
	if (strpbrk(glob, "\\/"))
		return wrong(p, "glob", "is the name only; folders belong in path:", glob);
	if (strchr(glob, ':'))
		return wrong(p, "glob", "has ':' in it; streams are not meant:", glob);
	if (strpbrk(glob, "\"<>|"))
		return wrong(p, "glob", "has a character no file has (\" < > |):", glob);
	const char *why = wrong_name(glob, strlen(glob));
	if (why)
		return wrong(p, "glob", why, glob);
	if (strspn(glob, "*?.") == strlen(glob))
		return wrong(p, "glob", "fits every file; say at least a part of the name:", glob);
	return 0;
}

size_t recipe_glob_literals(const char *glob)
{
	const char *dot = strrchr(glob, '.');
	const char *end = dot ? dot : glob + strlen(glob);
	size_t count = 0;

	/* Of a character beyond ASCII only the first byte counts. */
	for (const char *c = glob; c < end; c++)
		count += isalnum((unsigned char)*c) || ((unsigned char)*c & 0xc0) == 0xc0;
	return count;
}

const char *recipe_vital(const struct recipe_match *m)
{
	static const struct {
		const char *path;
		const char *names[16];
	} vital[] = {
	        {"\\Windows\\System32",
	                {"ntoskrnl.exe", "hal.dll", "ci.dll", "kdcom.dll", "ntdll.dll", "smss.exe",
	                        "csrss.exe", "wininit.exe", "services.exe", "lsass.exe",
	                        "winload.exe", "winload.efi"}},
	        {"\\Windows\\System32\\config", {"SYSTEM", "SOFTWARE", "SAM", "SECURITY"}},
	        {"\\Windows\\System32\\drivers",
	                {"acpi.sys", "cng.sys", "disk.sys", "fltmgr.sys", "fvevol.sys",
	                        "ksecdd.sys", "ndis.sys", "ntfs.sys", "partmgr.sys", "pci.sys",
	                        "storport.sys", "volmgr.sys", "volsnap.sys", "wdf01000.sys"}},
	};

	for (size_t i = 0; i < sizeof(vital) / sizeof(vital[0]); i++) {
		if (strcasecmp(m->path, vital[i].path) != 0)
			continue;
		for (const char *const *name = vital[i].names; *name; name++)
			if (recipe_globs_meet(m->glob, *name))
				return *name;
	}
	return NULL;
}

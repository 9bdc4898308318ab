/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a Redfish service answers: what is taken out of it as a path on the same
 * controller, and what it allows. */
#include "appliance/power/redfish_internal.h"
#include "tests/fuzz/fuzz.h"

static void try_path(const char *path)
{
	must(path[0] == '/' && path[1] != '/' && strlen(path) < REDFISH_PATH);
	for (const char *c = path; *c; c++)
		must(*c > ' ' && *c < 0x7f);
	must(!strstr(path, "\\"));
}

static void try_object(const json_t *object)
{
	char path[REDFISH_PATH];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (redfish_link(object, key, path) == 0)
			try_path(path);
		if (redfish_child(object, key, path) == 0)
			try_path(path);
		must(redfish_text(object, key) != NULL);
		(void)redfish_allows(object, key, "Pxe");
		if (json_is_object(value))
			try_object(value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quirks quirks;

	json_t *answer = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(answer))
		try_object(answer);
	quirks_of(redfish_text(answer, "Vendor"), redfish_text(answer, "Model"), &quirks);
	json_decref(answer);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/windows/bcd.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"
#include "fixer/windows/hive.h"

#include <errno.h>
#include <stdio.h>

#define BOOT_MANAGER    "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
#define DEFAULT_OBJECT  "23000003" /* BcdBootMgrObject_DefaultObject */
#define SAFE_BOOT       "25000080" /* BcdOSLoaderInteger_SafeBoot */
#define TYPE_OS_LOADER  0x10200003 /* an application of the boot manager: a loader of Windows */
#define OBJECT_PATH_MAX 160

const char *safe_mode_name(enum safe_mode mode)
{
	static const char *const names[] = {
	        [SAFE_MODE_UNKNOWN] = "unknown",
	        [SAFE_MODE_NONE] = "none",
	        [SAFE_MODE_MINIMAL] = "minimal",
	        [SAFE_MODE_NETWORK] = "network",
	        [SAFE_MODE_DSREPAIR] = "dsrepair",
	};

	return names[mode];
}

static void element_path(const char *object, const char *element, char path[OBJECT_PATH_MAX])
{
	(void)snprintf(path, OBJECT_PATH_MAX, "Objects\\%.60s\\Elements\\%s", object, element);
}

/* The GUID of the entry that starts by itself. */
static int find_default(struct hive_h *hive, char *ret, size_t size)
{
	char path[OBJECT_PATH_MAX];

	element_path(BOOT_MANAGER, DEFAULT_OBJECT, path);
	return hive_text(hive, path, "Element", ret, size);
}

static bool is_loader(struct hive_h *hive, const char *object)
{
	char path[OBJECT_PATH_MAX];
	uint32_t type;

	(void)snprintf(path, sizeof(path), "Objects\\%.60s\\Description", object);
	return hive_number(hive, path, "Type", &type) == 0 && type == TYPE_OS_LOADER;
}

/* An integer has eight bytes. -ENOENT: the element is not set. */
static int read_integer(struct hive_h *hive, const char *object, const char *element, uint64_t *ret)
{
	char path[OBJECT_PATH_MAX];
	uint8_t raw[8];
	size_t len;

	element_path(object, element, path);
	int r = hive_binary(hive, path, "Element", raw, sizeof(raw), &len);
	if (r < 0)
		return r;
	if (len != sizeof(raw))
		return -EBADMSG;
	*ret = get_le64(raw);
	return 0;
}

enum safe_mode bcd_safe_mode(struct hive_h *hive)
{
	static const enum safe_mode meanings[] = {
	        SAFE_MODE_MINIMAL, SAFE_MODE_NETWORK, SAFE_MODE_DSREPAIR};
	char object[64];
	uint64_t value;

	if (find_default(hive, object, sizeof(object)) < 0 || !is_loader(hive, object))
		return SAFE_MODE_UNKNOWN;
	int r = read_integer(hive, object, SAFE_BOOT, &value);
	if (r == -ENOENT)
		return SAFE_MODE_NONE;
	return r == 0 && value < sizeof(meanings) / sizeof(meanings[0]) ? meanings[value]
	                                                                : SAFE_MODE_UNKNOWN;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a firmware says of itself: as each field of an identity, in a boot script, and
 * as a Range header of a file whose size is the input's length. */
#include "appliance/boot/netmask.h"
#include "appliance/fleet/identity.h"
#include "appliance/boot/template.h"
#include "appliance/http/range.h"
#include "fixer/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static void try_identity(const char *text)
{
	char uuid[UUID_TEXT], name[NM_MAX_NAME + 1];

	identity_uuid(text, uuid);
	must(uuid[0] == 0 || strlen(uuid) == 36);
	identity_string(text, name);
	must(memchr(name, 0, sizeof(name)) && is_clean(name, sizeof(name)));
	must(netmask_prefix(text) <= 32);
}

/* One word of the script stays one word. */
static void try_script(const char *text)
{
	const struct boot_value value = {"NAME", text};
	struct buffer out;

	buffer_init(&out, BOOT_SCRIPT_MAX);
	must(boot_render("set name @NAME@\n", &value, 1, &out, NULL) == 0);
	must(out.len >= 10 && memcmp(out.data, "set name ", 9) == 0);
	for (size_t i = 9; i + 1 < out.len; i++)
		must(out.data[i] > ' ' && out.data[i] < 0x7f &&
		        !strchr("${}()|&;<>#\"'`\\%", out.data[i]));
	must(out.data[out.len - 1] == '\n');
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = text_of(data, size);
	uint64_t first, length;

	try_identity(text);
	try_script(text);
	if (range_parse(text, size, &first, &length) == RANGE_PART)
		must(first < size && length > 0 && length <= size - first);
	return 0;
}

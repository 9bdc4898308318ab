/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is an inventory of machines; what comes of it is judged by a JSON library. */
#include "appliance/supervisor/inventory.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct locked_text out;
	struct error err = {0};
	size_t count = 0;
	char *text = text_of(data, size);

	must(sodium_init() >= 0);
	locked_text_init(&out, 65536);
	int r = inventory_add_text(&out, "f", text, size, &count, &err);
	must_explain(r, &err);
	if (r == 0 && !out.failed) {
		json_t *list = json_loadb(
		        (const char *)out.memory->data, out.len, JSON_REJECT_DUPLICATES, NULL);
		must(json_is_array(list) && json_array_size(list) == count);
		json_decref(list);
	}
	locked_text_clear(&out);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the list of approvers. */
#include "appliance/escrow/policy/approvers_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct approver_list list;
	struct error err = {0};
	char *text = text_of(data, size);

	list.count = SIZE_MAX;
	int r = approvers_parse(text, size, &list, &err);
	free(text);
	must_explain(r, &err);
	must(r == 0 || list.count == SIZE_MAX);
	if (r < 0)
		return 0;
	must(list.count <= NM_MAX_APPROVERS);
	for (size_t i = 0; i < list.count; i++) {
		const struct approver *a = &list.all[i];
		must(is_clean(a->name, sizeof(a->name)) && approvers_name_ok(a->name));
		must(is_clean(a->hash, sizeof(a->hash)));
		must(crypto_pwhash_str_needs_rehash(a->hash, APPROVERS_OPS, APPROVERS_MEMORY) == 0);
		for (size_t k = 0; k < i; k++)
			must(strcmp(a->name, list.all[k].name) != 0);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what netmend-fetch says: an answer, its sources, a page of a pull. */
#include "appliance/escrow/fetch_answer.h"
#include "tests/fuzz/fuzz.h"

static void look_at_page(json_t *j)
{
	struct fetch_page page;
	json_t *one;
	size_t i;

	if (fetch_answer_page(j, &page) < 0)
		return;
	must(is_clean(page.text, sizeof(page.text)));
	json_array_foreach(page.records, i, one)
	{
		struct fetch_record r;
		if (fetch_answer_record(one, &r) < 0)
			continue;
		must(r.key && r.key->len == 16 && is_clean(r.host, sizeof(r.host)) &&
		        r.changed >= 0);
		secret_free(r.key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fetch_answer a;
	struct fetch_source sources[NM_MAX_SOURCES];
	size_t count = 0;
	json_t *j = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);

	must(secrets_init() == 0);
	if (fetch_answer_lookup(j, &a) == 0) {
		must(a.count + a.malformed <= NM_MAX_CANDIDATES &&
		        is_clean(a.text, sizeof(a.text)));
		for (size_t i = 0; i < a.count; i++)
			must(a.candidates[i].key->len == 16 &&
			        is_clean(a.candidates[i].origin, sizeof(a.candidates[i].origin)));
		fetch_answer_clear(&a);
	}
	if (fetch_answer_status(j, sources, &count) == 0)
		must(count <= NM_MAX_SOURCES);
	look_at_page(j);
	json_decref(j);
	return 0;
}

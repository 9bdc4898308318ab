/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what nft prints of the host's rules. */
#include "appliance/preflight/ruleset.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct packet packets[] = {{.interface = "eth0", .port = 67},
	        {.interface = "eth0", .tcp = true, .port = 443},
	        {.interface = "eth0", .established = true, .port = 40000}};
	json_t *rules = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct ruling_place place;

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		enum ruling ruling = ruleset_judge(rules, &packets[i], &place);
		must(ruling == RULING_ACCEPT || ruling == RULING_DROP || ruling == RULING_UNSURE);
		must(is_clean(place.family, sizeof(place.family)));
		must(is_clean(place.table, sizeof(place.table)));
		must(is_clean(place.chain, sizeof(place.chain)));
		/* What is dropped is dropped somewhere. */
		must(ruling != RULING_ACCEPT || !place.policy);
	}
	json_decref(rules);
	return 0;
}

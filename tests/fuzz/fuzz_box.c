/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a browser sealed: tried as a box, which nothing made at random opens, and as
 * what is inside of one. */
#include "appliance/escrow/box.h"
#include "appliance/escrow/message.h"
#include "tests/fuzz/fuzz.h"

static void look_inside(const uint8_t *data, size_t size)
{
	struct order o;
	struct error err = {0};

	int r = order_parse(data, size, &o, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	if (o.is_entry) {
		must(o.entry.machine > 0 && o.entry.password && o.entry.password->len > 0);
	} else {
		must(o.decision.count >= 1 && o.decision.count <= ORDER_REQUESTS);
		must(is_clean(o.decision.approver, sizeof(o.decision.approver)));
		must(is_clean(o.decision.why, sizeof(o.decision.why)));
		for (size_t i = 0; i < o.decision.count; i++)
			must(strlen(o.decision.requests[i]) == REQUEST_TEXT - 1);
	}
	order_clear(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct box_key *key;
	struct secret *plain = NULL;
	struct error err = {0};

	if (!key) {
		must(secrets_init() == 0);
		key = box_key_new();
	}
	must(key != NULL);
	int r = box_open(key, BOX_ORDER, data, size, &plain, &err);
	must_explain(r, &err);
	must(r < 0);
	look_inside(data, size);
	return 0;
}

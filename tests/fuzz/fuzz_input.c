/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a body that a machine sends to the appliance: first contact, session, events or
 * result. */
#include "appliance/api/input.h"
#include "tests/fuzz/fuzz.h"

static void try_first_contact(json_t *root)
{
	struct fleet_identity i;
	struct error err = {0};

	int r = input_first_contact(root, &i, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(strlen(i.mac) == MAC_TEXT - 1 && i.way != FLEET_WAY_SCRIPT);
	must(is_clean(i.uuid, sizeof(i.uuid)) && is_clean(i.serial, sizeof(i.serial)));
	must(is_clean(i.product, sizeof(i.product)) && is_clean(i.asset, sizeof(i.asset)));
}

static void try_hello(json_t *root)
{
	struct fleet_hello hello;
	struct error err = {0};
	char *volumes = NULL;

	int r = input_hello(root, &hello, &volumes, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	json_t *list = json_loads(volumes, JSON_REJECT_DUPLICATES, NULL);
	must(json_is_array(list) && json_array_size(list) <= NM_MAX_VOLUMES);
	json_decref(list);
	must(strlen(hello.token) == 32 && strlen(hello.boot_id) == 36);
	must(is_clean(hello.identity.uuid, sizeof(hello.identity.uuid)));
	must(is_clean(hello.identity.serial, sizeof(hello.identity.serial)));
	must(is_clean(hello.identity.product, sizeof(hello.identity.product)));
	free(volumes);
}

static void try_events(json_t *root)
{
	enum machine_state state;
	struct fleet_event *events = NULL;
	struct error err = {0};
	size_t count = 0;

	int r = input_events(root, &state, &events, &count, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(count <= NM_MAX_EVENTS_PER_POST);
	for (size_t i = 0; i < count; i++) {
		const struct store_event *e = &events[i].event;
		must(is_clean(e->step, sizeof(e->step)) && is_clean(e->text, sizeof(e->text)));
		must(i == 0 || events[i].n > events[i - 1].n);
	}
	input_events_free(events, count);
}

static void try_result(json_t *root)
{
	struct fleet_report report;
	struct error err = {0};

	int r = input_result(root, &report, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(is_clean(report.text, NM_MAX_EVENT_TEXT + 1));
	must(report.reason < REASON_COUNT && report.bundle_count <= NM_MAX_VOLUMES + 1);
	for (size_t i = 0; i < report.bundle_count; i++)
		must(strlen(report.bundles[i].sha256) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *root = NULL;
	struct error err = {0};

	int r = input_parse((const char *)data, size, &root, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	try_first_contact(root);
	try_hello(root);
	try_events(root);
	try_result(root);
	json_decref(root);
	return 0;
}

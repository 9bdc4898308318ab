/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a message of escrow to the web process. */
#include "appliance/api/escrow_answer.h"
#include "tests/fuzz/fuzz.h"

static void try_status(json_t *answer)
{
	struct error err = {0};
	json_t *page = NULL;

	int r = escrow_status_parse(answer, &page, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	json_t *sources = json_object_get(page, "sources");
	must(json_array_size(sources) <= NM_MAX_SOURCES);
	must(json_integer_value(json_object_get(page, "requests")) >= 0);
	json_t *lost = escrow_status_lost(page, "lost");
	must(lost && json_is_false(json_object_get(lost, "ok")));
	json_decref(lost);
	json_decref(page);
}

static void try_power(json_t *answer)
{
	struct escrow_power power;
	struct error err = {0};
	int r = escrow_power_parse(answer, &power, &err);

	must_explain(r, &err);
	if (r < 0)
		return;
	must(is_clean(power.text, sizeof(power.text)) &&
	        is_clean(power.address, sizeof(power.address)));
	must(json_array_size(power.steps) <= 64 && json_array_size(power.rows) <= 64);
	escrow_power_clear(&power);
}

static void try_bmcs(json_t *answer)
{
	struct error err = {0};
	json_t *known = NULL, *one;
	size_t i;
	int r = escrow_bmcs_parse(answer, &known, &err);

	must_explain(r, &err);
	if (r < 0)
		return;
	json_array_foreach(known, i, one)
	        must(json_string_length(json_object_get(one, "address")) < 256);
	json_decref(known);
}

static void try_requests(json_t *answer)
{
	struct error err = {0};
	json_t *list = NULL, *request;
	size_t i;

	int r = escrow_requests_parse(answer, &list, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(json_array_size(list) <= ESCROW_LIST_MAX);
	json_array_foreach(list, i, request)
	{
		must(json_string_length(json_object_get(request, "request")) == 16);
		must(json_string_length(json_object_get(request, "code")) < ESCROW_CODE_TEXT);
	}
	json_decref(list);
}

static void try_release(json_t *answer)
{
	struct escrow_release release;
	struct error err = {0};

	int r = escrow_release_parse(answer, &release, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(release.reason < REASON_COUNT && is_clean(release.text, sizeof(release.text)));
	must(!release.request[0] || strlen(release.request) == 16);
	must((release.status == ESCROW_RELEASED) == (release.volumes != NULL));
}

static void try_box(json_t *answer)
{
	struct error err = {0};
	json_t *page = NULL;

	int r = escrow_box_parse(answer, &page, &err);
	must_explain(r, &err);
	if (r == 0)
		must(json_is_string(json_object_get(page, "title")));
	json_decref(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct escrow_message m;
	struct error err = {0};

	int r = escrow_message_parse((const char *)data, size, &m, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must((m.kind == ESCROW_ANSWER) == (m.json != NULL));
	if (m.kind == ESCROW_NEWS_RELEASE)
		must(strlen(m.session) == 32);
	if (!m.json)
		return 0;
	try_status(m.json);
	try_requests(m.json);
	try_release(m.json);
	try_box(m.json);
	try_power(m.json);
	try_bmcs(m.json);
	json_decref(m.json);
	return 0;
}

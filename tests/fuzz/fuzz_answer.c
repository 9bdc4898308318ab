/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the JSON of an appliance's answer; every parser gets it. */
#include "fixer/link/api_answer.h"
#include "tests/fuzz/fuzz.h"

static void try_session(const char *text, size_t len)
{
	struct api_session s = {0};
	struct error err = {0};

	int r = api_parse_session(text, len, &s, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(strlen(s.id) == 32 && strlen(s.recipe) <= NM_MAX_RECIPE && s.attempt > 0);
	must(is_clean(s.machine, sizeof(s.machine)));
	must(!s.pending || (s.pending_size > 0 && s.pending_size <= NM_MAX_BUNDLE));
	api_session_clear(&s);
}

static void try_release(const char *text, size_t len)
{
	static struct api_release release;
	struct error err = {0};

	int r = api_parse_release(text, len, &release, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(release.count <= NM_MAX_VOLUMES && is_clean(release.text, sizeof(release.text)));
	must((release.status == RELEASE_GRANTED) == (release.count > 0));
	must(!release.request[0] ||
	        (release.status == RELEASE_PENDING && strlen(release.request) == 16));
}

static void try_boot(const char *text, size_t len)
{
	struct api_boot b;
	struct error err = {0};

	int r = api_parse_boot(text, len, &b, &err);
	must_explain(r, &err);
	if (r < 0)
		return;
	must(strlen(b.token) == (b.step == BOOT_REMEDIATE ? 32 : 0) && b.wait <= API_WAIT_MAX);
	must(is_clean(b.name, sizeof(b.name)) && is_clean(b.text, sizeof(b.text)));
}

static void try_rest(const char *text, size_t len)
{
	struct api_next next;
	struct error err = {0};
	uint64_t ack;
	char sha256[65];

	int r = api_parse_next(text, len, &next, &err);
	must_explain(r, &err);
	must(r < 0 || is_clean(next.text, sizeof(next.text)));
	must_explain(api_parse_ack(text, len, &ack, &err), &err);
	must_explain(api_parse_saved(text, len, 7, sha256, &err), &err);
	r = api_parse_refusal(403, text, len, &err);
	must(r < 0);
	must_explain(r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_session((const char *)data, size);
	try_release((const char *)data, size);
	try_boot((const char *)data, size);
	try_rest((const char *)data, size);
	return 0;
}

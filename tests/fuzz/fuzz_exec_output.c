/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is what a program wrote: to standard output, and to standard error. */
#include "appliance/fetch/exec_output.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <sodium.h>

static void try_output(const char *text, size_t len)
{
	struct source_answer answer = {0};
	struct error err = {0};
	int r = exec_candidates(text, len, "program", &answer, &err);

	must_explain(r, &err);
	must(answer.count <= NM_MAX_CANDIDATES);
	for (size_t i = 0; i < answer.count; i++) {
		const struct secret *s = answer.candidates[i].password;
		must(s->len > 1 && s->len <= 257 && s->data[s->len - 1] == 0);
		must(strlen((const char *)s->data) == s->len - 1);
		must(is_clean((const char *)s->data, s->len));
	}
	source_answer_clear(&answer);
}

static void try_errors(const char *text, size_t len)
{
	char clean[401];
	size_t run = 0;

	exec_errors_clean(text, len, clean, sizeof(clean));
	must(is_clean(clean, sizeof(clean)));
	for (const char *p = clean; *p; p++) {
		run = isdigit((unsigned char)*p) ? run + 1 : 0;
		must(run < 6);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	must(sodium_init() >= 0);
	try_output((const char *)data, size);
	try_errors((const char *)data, size);
	return 0;
}

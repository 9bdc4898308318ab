/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is the body of an answer of Intel AMT. What is sent back of it (AMT_BootSettingData)
 * has to be read as the same. */
#include "appliance/power/amt_internal.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static const struct amt_class settings = {AMT_AMT_SCHEMA, "AMT_BootSettingData"};

static void try_fields(const struct amt_xml *x)
{
	const char *name = NULL, *text = NULL;
	char code[64], why[160];

	for (size_t i = 0; amt_xml_field(x, i, &name, &text); i++) {
		int64_t n = -1;
		must(name[0] && amt_xml_text(x, name));
		must(amt_xml_number(x, name, 1000, &n) == 0 ? n >= 0 && n <= 1000 : n == -1);
	}
	amt_xml_fault(x, code, sizeof(code), why, sizeof(why));
	must(is_clean(code, sizeof(code)) && is_clean(why, sizeof(why)));
}

static bool is_dropped(const struct amt_xml *back, size_t at, const char *name)
{
	const char *other = NULL, *text = NULL;

	return !amt_xml_field(back, at, &other, &text) || strcmp(name, other) != 0;
}

/* In the same order, with the same names; a text is the same or quiet. */
static void compare(const struct amt_xml *x, const struct amt_xml *back)
{
	const char *name = NULL, *text = NULL, *other = NULL, *said = NULL;
	size_t at = 0;

	for (size_t i = 0; amt_xml_field(x, i, &name, &text); i++) {
		if (is_dropped(back, at, name))
			continue;
		must(amt_xml_field(back, at++, &other, &said));
		must(strcmp(text, said) == 0 || strcmp(said, "false") == 0 ||
		        strcmp(said, "0") == 0);
	}
	must(!amt_xml_field(back, at, &other, &said));
}

static void try_settings(const struct amt_xml *x, bool base)
{
	bool set = false;
	char *body = amt_boot_settings(x, base, &set);

	must(body);
	struct amt_question q = {.class = &settings, .action = "", .put = true, .body = body};
	char *text = amt_envelope(&q, 1);
	must(text);
	struct amt_xml *back = NULL;
	size_t len = strlen(text);
	if (len <= AMT_ANSWER_MAX) {
		must(amt_xml_parse(text, len, &back) == 0);
		must(strcmp(amt_xml_name(back), "AMT_BootSettingData") == 0);
		compare(x, back);
	}
	amt_xml_free(back);
	free(text);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size);
	struct amt_xml *x = NULL;
	int r = amt_xml_parse(text, size, &x);

	must(r == 0 || (r == -EBADMSG && !x));
	if (r == 0) {
		must(amt_xml_name(x)[0]);
		try_fields(x);
		try_settings(x, false);
		try_settings(x, true);
	}
	amt_xml_free(x);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine's management controller, and the latest order to it, step by step. */
#include "appliance/cli/machines.h"
#include "fixer/base/text.h"

#include <stdio.h>
#include <string.h>

/* A line fit for a terminal. */
static void print_text(const char *before, const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	char clean[512];

	text_clean(clean, sizeof(clean), text ? text : "");
	if (clean[0])
		printf("%s%s", before, clean);
}

static void print_step(const json_t *step)
{
	bool ok = json_is_true(json_object_get(step, "ok"));

	print_text("            ", step, "step");
	printf(", %.1f s%s", (double)json_integer_value(json_object_get(step, "ms")) / 1000,
	        ok ? "" : ", FAILED");
	print_text(": ", step, "text");
	putchar('\n');
}

void machines_print_power(const json_t *power)
{
	const json_t *order = json_object_get(power, "order"), *step;
	const char *bmc = json_string_value(json_object_get(power, "bmc"));
	const char *state = json_string_value(json_object_get(order, "state"));
	char when[CLI_TIME_TEXT];
	size_t i;

	if (bmc && bmc[0]) {
		print_text("  power     controller ", power, "bmc");
		putchar('\n');
	}
	if (!state)
		return;
	cli_time_text(json_integer_value(json_object_get(order, "created")), when);
	print_text("  order     ", order, "order");
	print_text(" by ", order, "by");
	printf(", %s: %s", when, state);
	if (strcmp(state, "failed") == 0)
		print_text(", ", order, "title");
	print_text(": ", order, "text");
	putchar('\n');
	json_array_foreach(json_object_get(order, "steps"), i, step)
	{
		print_step(step);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/report.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct show {
	const struct filter *filter;
	bool json;
	FILE *out;
};

/* Has a column of its own, or is for programs. */
static bool is_shown_elsewhere(const char *name)
{
	static const char *const names[] = {"n", "time", "event", "prev", "hash", "decision",
	        "reason", "machine", "ip", "mac", "uuid", "serial", "session", "volume",
	        "campaign"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void show_details(FILE *out, json_t *record)
{
	const char *name, *before = "";
	json_t *value;

	json_object_foreach(record, name, value)
	{
		char *text CLEANUP_FREE = is_shown_elsewhere(name) ? NULL : print_value(value);
		if (!text || !*text)
			continue;
		fprintf(out, "%s%s=%s", before, name, text);
		before = "; ";
	}
	fputc('\n', out);
}

static int show_record(void *context, const struct audit_record *r)
{
	const struct show *s = context;
	const char *name = audit_text(r, "machine"), *decision = audit_text(r, "decision");

	if (!filter_fits(s->filter, r))
		return 0;
	if (s->json) {
		(void)fwrite(r->line, 1, r->len, s->out);
		return 0;
	}
	fprintf(s->out, "%6" PRIu64 "  %-20s  %-12s  %-22s  %-18s  %-15s  ", r->n,
	        audit_text(r, "time"), *decision ? decision : r->event, audit_text(r, "reason"),
	        *name ? name : audit_text(r, "mac"), audit_text(r, "ip"));
	show_details(s->out, r->fields);
	return 0;
}

int audit_show(const char *dir, const struct filter *f, bool json, FILE *out, struct error *err)
{
	struct show s = {.filter = f, .json = json, .out = out};

	if (!json)
		fprintf(out, "%6s  %-20s  %-12s  %-22s  %-18s  %-15s  %s\n", "N", "TIME", "WHAT",
		        "REASON", "MACHINE", "ADDRESS", "DETAILS");
	int r = audit_each(dir, show_record, &s, err);
	if (r == 0 && fflush(out) != 0)
		r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot write: %s", strerror(errno));
	return r;
}

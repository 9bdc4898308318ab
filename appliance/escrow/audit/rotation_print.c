/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/report.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of the appliance's own making: what anybody who reads the list should know. */
#define WHY                                                                                       \
	"What left the appliance is each volume's master key, sealed to the machine, not its 48 " \
	"digits; a new recovery password does not change that key. Replace the password all the " \
	"same: it was taken out of its store for this incident, may lie in an export, and opens " \
	"the volume as long as it is there."

struct due_text {
	char protector[GUID_TEXT], first[ISO8601_TEXT], last[ISO8601_TEXT];
};

static struct due_text text_of(const struct due *d)
{
	struct due_text t;

	guid_format(&d->protector, t.protector);
	iso8601_format(d->first * 1000000, t.first);
	iso8601_format(d->last * 1000000, t.last);
	return t;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int print_json(const struct rotation *r, FILE *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct due *d = &r->due[i];
		const struct due_text t = text_of(d);
		(void)json_array_append_new(
		        list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s,s:s}", "protector",
		                      t.protector, "machine", or_empty(d->machine), "uuid",
		                      or_empty(d->uuid), "serial", or_empty(d->serial), "mac",
		                      or_empty(d->mac), "first", t.first, "last", t.last, "times",
		                      (json_int_t)d->times, "source", or_empty(d->source), "origin",
		                      or_empty(d->origin)));
	}
	json_t *all = json_pack(
	        "{s:i,s:I,s:s,s:o}", "v", 1, "done", (json_int_t)r->done, "why", WHY, "due", list);
	int result = all && json_dumpf(all, out, JSON_INDENT(1)) == 0 ? 0 : -1;
	fputc('\n', out);
	json_decref(all);
	return result;
}

static void print_csv(const struct rotation *r, FILE *out)
{
	fputs("\"protector\",\"machine\",\"uuid\",\"serial\",\"mac\",\"first\",\"last\",\"times\","
	      "\"source\",\"origin\"\n",
	        out);
	for (size_t i = 0; i < r->count; i++) {
		const struct due *d = &r->due[i];
		const struct due_text t = text_of(d);
		const char *const cells[] = {
		        t.protector, d->machine, d->uuid, d->serial, d->mac, t.first, t.last};
		for (size_t k = 0; k < sizeof(cells) / sizeof(cells[0]); k++)
			print_cell(out, or_empty(cells[k]), ',');
		fprintf(out, "\"%" PRIu64 "\",", d->times);
		print_cell(out, or_empty(d->source), ',');
		print_cell(out, or_empty(d->origin), '\n');
	}
}

static void print_text(const struct rotation *r, FILE *out)
{
	if (r->count > 0)
		fprintf(out, "%-36s  %-18s  %-14s  %-20s  %5s  %s\n", "PROTECTOR", "MACHINE",
		        "SERIAL", "LAST RELEASED", "TIMES", "SOURCE");
	for (size_t i = 0; i < r->count; i++) {
		const struct due *d = &r->due[i];
		const struct due_text t = text_of(d);
		fprintf(out, "%-36s  %-18s  %-14s  %-20s  %5" PRIu64 "  %s\n", t.protector,
		        or_empty(d->machine), or_empty(d->serial), t.last, d->times,
		        or_empty(d->source));
	}
	fprintf(out, "%zu recovery passwords are due for rotation, %zu are done.\n", r->count,
	        r->done);
	if (r->count > 0)
		fputs(WHY "\nWindows: manage-bde -protectors -delete and -add, or "
		          "rotateBitLockerKeys of Intune; then netmend audit rotation --done.\n",
		        out);
}

int rotation_print(const struct rotation *r, enum rotation_format format, FILE *out)
{
	int result = 0;

	if (format == ROTATION_JSON)
		result = print_json(r, out);
	else if (format == ROTATION_CSV)
		print_csv(r, out);
	else
		print_text(r, out);
	return fflush(out) == 0 ? result : -1;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The partitions as a table whose columns are as wide as they must be. */
#include "fixer/inspect.h"
#include "fixer/report.h"

#include <stdio.h>
#include <string.h>

/* The table's cells before the label, and the width each column needs. */
enum { COL_NUMBER, COL_START, COL_BYTES, COL_SIZE, COL_TYPE, COL_CONTENT, COLUMNS };

struct row {
	char cell[COLUMNS][SIZE_TEXT];
};

static struct row row_of(const struct partition *p, enum volume_content content)
{
	struct row r;
	const char *type = partition_type_name(p), *inside = volume_content_name(content);

	(void)snprintf(r.cell[COL_NUMBER], SIZE_TEXT, "%u", p->number);
	(void)snprintf(r.cell[COL_START], SIZE_TEXT, "%llu", (unsigned long long)p->start);
	(void)snprintf(r.cell[COL_BYTES], SIZE_TEXT, "%llu", (unsigned long long)p->size);
	(void)report_size(p->size, r.cell[COL_SIZE]);
	(void)snprintf(r.cell[COL_TYPE], SIZE_TEXT, "%s", type ? type : "unknown");
	(void)snprintf(r.cell[COL_CONTENT], SIZE_TEXT, "%s", inside ? inside : "-");
	return r;
}

static void widen(size_t width[COLUMNS], const struct row *r)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (strlen(r->cell[i]) > width[i])
			width[i] = strlen(r->cell[i]);
}

static void print_row(const size_t width[COLUMNS], const struct row *r, const char *label)
{
	report_line(false, "%*s  %*s  %*s  %*s  %-*s  %-*s  %s", (int)width[COL_NUMBER],
	        r->cell[COL_NUMBER], (int)width[COL_START], r->cell[COL_START],
	        (int)width[COL_BYTES], r->cell[COL_BYTES], (int)width[COL_SIZE], r->cell[COL_SIZE],
	        (int)width[COL_TYPE], r->cell[COL_TYPE], (int)width[COL_CONTENT],
	        r->cell[COL_CONTENT], label);
}

/* What a type we have no name for is. */
static void print_unknown_type(const struct partition *p)
{
	char guid[GUID_TEXT];

	guid_format(&p->type, guid);
	if (p->mbr_type)
		report_line(false, "    its type is 0x%02X", p->mbr_type);
	else
		report_line(false, "    its type is {%s}", guid);
}

void inspect_print_partitions(const struct survey *s)
{
	static const struct row title = {{"no", "start byte", "bytes", "size", "type", "content"}};
	const struct partition_table *t = &s->table;
	size_t width[COLUMNS] = {0};
	struct row r;

	widen(width, &title);
	for (size_t i = 0; i < t->count; i++) {
		r = row_of(&t->entries[i], s->content[i]);
		widen(width, &r);
	}
	report_line(false, "%s", "");
	print_row(width, &title, "label");
	for (size_t i = 0; i < t->count; i++) {
		r = row_of(&t->entries[i], s->content[i]);
		print_row(width, &r, t->entries[i].label);
		if (!partition_type_name(&t->entries[i]))
			print_unknown_type(&t->entries[i]);
	}
}

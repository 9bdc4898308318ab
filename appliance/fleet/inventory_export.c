/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/inventory.h"
#include "fixer/base/csv.h"

#include <stdio.h>
#include <string.h>

static int write_row(struct buffer *out, const char *const cells[INVENTORY_COLUMNS])
{
	int r = 0;

	for (int c = 0; r == 0 && c < INVENTORY_COLUMNS; c++)
		r = csv_append(out, c == 0, cells[c]);
	return r < 0 ? r : buffer_append(out, CSV_ROW_END, strlen(CSV_ROW_END));
}

static int line_each(const struct inventory_line *line, void *context)
{
	char rank[12] = "";

	if (line->rank)
		(void)snprintf(rank, sizeof(rank), "%d", line->rank);
	const char *const cells[INVENTORY_COLUMNS] = {line->name, line->serial, line->uuid,
	        line->macs, line->site, line->floor, line->owner, line->ring, line->bmc, rank,
	        line->rack, line->feed};
	return write_row(context, cells);
}

int inventory_export(struct store *s, struct buffer *out)
{
	const char *headings[INVENTORY_COLUMNS];

	for (int c = 0; c < INVENTORY_COLUMNS; c++)
		headings[c] = inventory_column_name((enum inventory_column)c);
	int r = write_row(out, headings);
	return r < 0 ? r : store_inventory(s, line_each, out);
}

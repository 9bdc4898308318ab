/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is an inventory: every row is within its bounds, or told why it is not taken; what is
 * written as CSV is no formula. */
#include "appliance/fleet/inventory.h"
#include "fixer/base/csv.h"
#include "fixer/base/secret.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void look_at(const struct inventory_row *row)
{
	const struct inventory_line *e = &row->entry;
	char mac[MAC_TEXT];

	must(e->serial[0] || e->uuid[0] || e->macs[0]);
	must(e->uuid[0] == 0 || strlen(e->uuid) == UUID_TEXT - 1);
	must(e->rank >= 0 && e->rank <= 9999);
	must(is_clean(e->name, sizeof(e->name)));
	must(is_clean(e->serial, sizeof(e->serial)));
	must(is_clean(e->site, sizeof(e->site)));
	must(is_clean(e->owner, sizeof(e->owner)));
	for (const char *at = e->macs; *at; at += at[MAC_TEXT - 1] ? MAC_TEXT : MAC_TEXT - 1) {
		memcpy(mac, at, MAC_TEXT - 1);
		mac[MAC_TEXT - 1] = 0;
		must(mac_normalise(mac, mac) == 0);
	}
}

static void there_and_back(const char *cell)
{
	struct buffer out;
	struct csv_row row;

	buffer_init(&out, 4096);
	must(csv_append(&out, true, cell) == 0 && csv_append(&out, false, "end") == 0);
	struct csv *csv = csv_new_memory(out.data, out.len);
	must(csv && csv_next(csv, &row) == 1 && row.count == 2);
	must(row.cells[0][0] == 0 || !strchr("=+-@", row.cells[0][0]));
	csv_free(csv);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inventory_reader *reader = NULL;
	struct inventory_row row;
	struct error err = {0};
	char *text = text_of(data, size);
	unsigned long line = 0;
	int r;

	must(secrets_init() == 0);
	r = inventory_reader_new(text, size, &reader, &err);
	must_explain(r, &err);
	while (r == 0 && (r = inventory_reader_next(reader, &row)) != 0) {
		must(row.line > line && row.column);
		line = row.line;
		if (r == 1) {
			look_at(&row);
			there_and_back(row.entry.name);
		} else {
			must(row.why[0]);
		}
		r = 0;
	}
	inventory_reader_free(reader);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fleet/identity.h"
#include "appliance/fleet/inventory.h"
#include "fixer/base/csv.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LAST_ORDER 9999

struct inventory_reader {
	struct csv *csv;
	int columns[CSV_MAX_CELLS]; /* each an enum inventory_column, or -1 */
	bool has[INVENTORY_COLUMNS];
	json_t *ignored;
};

/* ---- the headings ---- */

static bool is_headings(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		int column = inventory_column_of(row->cells[i]);
		if (column == INVENTORY_SERIAL || column == INVENTORY_UUID ||
		        column == INVENTORY_MACS)
			return true;
	}
	return false;
}

static bool is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i][0])
			return false;
	return true;
}

/* What comes before the headings: nothing, or what a program says of itself. */
static bool is_preamble(const struct csv_row *row)
{
	return is_empty(row) || strncmp(row->cells[0], "#TYPE", 5) == 0 ||
	       strncasecmp(row->cells[0], "sep=", 4) == 0;
}

/* The separator with which the first row is one of headings. */
static int find_headings(struct csv *csv, struct csv_row *row)
{
	static const char separators[] = ",;\t|";
	int r;

	for (const char *s = separators; *s; s++) {
		csv_rewind(csv, *s);
		while ((r = csv_next(csv, row)) == 1 && is_preamble(row))
			;
		if (r == 1 && is_headings(row))
			return 0;
	}
	return -EINVAL;
}

/* Of two columns of one kind the first counts, but for MACs. */
static int take_headings(struct inventory_reader *r, const struct csv_row *row)
{
	char clean[NM_MAX_NAME + 1];

	for (size_t i = 0; i < CSV_MAX_CELLS; i++)
		r->columns[i] = -1;
	for (size_t i = 0; i < row->count; i++) {
		int column = inventory_column_of(row->cells[i]);
		if (column >= 0 && (!r->has[column] || column == INVENTORY_MACS)) {
			r->columns[i] = column;
			r->has[column] = true;
			continue;
		}
		text_clean(clean, sizeof(clean), row->cells[i]);
		if (clean[0] && json_array_append_new(r->ignored, json_string(clean)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int inventory_reader_new(
        const char *text, size_t len, struct inventory_reader **ret, struct error *err)
{
	struct inventory_reader *r = calloc(1, sizeof(*r));
	struct csv_row row;
	int e = -ENOMEM;

	if (r) {
		r->csv = csv_new_memory(text, len);
		r->ignored = json_array();
	}
	if (r && r->csv && r->ignored) {
		(void)csv_peek(r->csv, &row); /* finds out the encoding */
		e = find_headings(r->csv, &row);
		if (e < 0)
			(void)error_set(err, e, REASON_VALUE_BAD,
			        "the file does not begin with a line of headings, one of them "
			        "serial, "
			        "uuid or mac");
		else
			e = take_headings(r, &row);
	}
	if (e < 0) {
		inventory_reader_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void inventory_reader_free(struct inventory_reader *r)
{
	if (!r)
		return;
	csv_free(r->csv);
	json_decref(r->ignored);
	free(r);
}

bool inventory_reader_has(const struct inventory_reader *r, enum inventory_column column)
{
	return r->has[column];
}

json_t *inventory_reader_ignored(const struct inventory_reader *r)
{
	return r->ignored;
}

/* ---- a row ---- */

static int bad(struct inventory_row *row, enum inventory_column column, const char *why)
{
	row->column = column == INVENTORY_COLUMNS ? "" : inventory_column_name(column);
	(void)snprintf(row->why, sizeof(row->why), "%s", why);
	return -EINVAL;
}

static bool is_filler(const char *cell)
{
	static const char *const fillers[] = {
	        "", "-", "--", "n/a", "na", "none", "null", "unknown", "?"};

	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		if (strcasecmp(cell, fillers[i]) == 0)
			return true;
	return false;
}

static int take_text(struct inventory_row *row, enum inventory_column column, const char *cell,
        char *out, size_t size)
{
	if (strlen(cell) >= size)
		return bad(row, column, "too long");
	text_clean(out, size, cell);
	return 0;
}

static int take_serial(struct inventory_row *row, const char *cell)
{
	if (strlen(cell) > NM_MAX_NAME)
		return bad(row, INVENTORY_SERIAL, "too long");
	if (is_filler(cell))
		return 0;
	identity_serial(cell, row->serial_typed);
	memcpy(row->entry.serial, row->serial_typed, sizeof(row->entry.serial));
	identity_upper(row->entry.serial);
	return 0;
}

static int take_uuid(struct inventory_row *row, const char *cell)
{
	char dashed[GUID_TEXT], text[GUID_TEXT];
	struct guid guid;

	if (is_filler(cell))
		return 0;
	if (strlen(cell) == 32) {
		(void)snprintf(dashed, sizeof(dashed), "%.8s-%.4s-%.4s-%.4s-%.12s", cell, cell + 8,
		        cell + 12, cell + 16, cell + 20);
		cell = dashed;
	}
	if (guid_parse(cell, &guid) < 0)
		return bad(row, INVENTORY_UUID, "not like 4C4C4544-0036-3510-8052-B4C04F564433");
	guid_format(&guid, text);
	identity_uuid(text, row->entry.uuid);
	return 0;
}

/* As mac_normalise(), and 5254.0012.3456. */
static int read_mac(const char *text, size_t len, char ret[MAC_TEXT])
{
	char digits[MAC_TEXT + 1];
	size_t used = 0;

	for (size_t i = 0; i < len && used < sizeof(digits) - 1; i++)
		if (text[i] != '.')
			digits[used++] = text[i];
	digits[used] = 0;
	return mac_normalise(digits, ret);
}

static int take_macs(struct inventory_row *row, const char *cell)
{
	static const char between[] = " \t\r\n,;|/";
	char mac[MAC_TEXT], *macs = row->entry.macs;

	if (is_filler(cell))
		return 0;
	while (*(cell += strspn(cell, between))) {
		size_t len = strcspn(cell, between), used = strlen(macs);
		bool zeros = strspn(cell, "0:-.") >= len;
		if (!zeros && read_mac(cell, len, mac) < 0)
			return bad(row, INVENTORY_MACS, "not the MAC address of a network card");
		cell += len;
		if (zeros || strstr(macs, mac))
			continue;
		if (used + MAC_TEXT >= sizeof(row->entry.macs))
			return bad(row, INVENTORY_MACS, "too many addresses");
		(void)snprintf(
		        macs + used, sizeof(row->entry.macs) - used, "%s%s", used ? " " : "", mac);
	}
	return 0;
}

static int take_order(struct inventory_row *row, const char *cell)
{
	char *end;

	if (is_filler(cell))
		return 0;
	long order = strtol(cell, &end, 10);
	if (*end || order < 0 || order > LAST_ORDER)
		return bad(row, INVENTORY_ORDER, "not a number from 0 to 9999");
	row->entry.rank = (int)order;
	return 0;
}

static int take_cell(struct inventory_row *row, enum inventory_column column, const char *cell)
{
	struct inventory_line *e = &row->entry;

	cell = csv_plain(cell);
	switch (column) {
	case INVENTORY_NAME:
		return take_text(row, column, cell, e->name, sizeof(e->name));
	case INVENTORY_SERIAL:
		return take_serial(row, cell);
	case INVENTORY_UUID:
		return take_uuid(row, cell);
	case INVENTORY_MACS:
		return take_macs(row, cell);
	case INVENTORY_SITE:
		return take_text(row, column, cell, e->site, sizeof(e->site));
	case INVENTORY_FLOOR:
		return take_text(row, column, cell, e->floor, sizeof(e->floor));
	case INVENTORY_OWNER:
		return take_text(row, column, cell, e->owner, sizeof(e->owner));
	case INVENTORY_RING:
		return take_text(row, column, cell, e->ring, sizeof(e->ring));
	case INVENTORY_BMC:
		return take_text(row, column, cell, e->bmc, sizeof(e->bmc));
	case INVENTORY_RACK:
		return take_text(row, column, cell, e->rack, sizeof(e->rack));
	case INVENTORY_FEED:
		return take_text(row, column, cell, e->feed, sizeof(e->feed));
	default:
		return take_order(row, cell);
	}
}

static int take_row(
        const struct inventory_reader *r, const struct csv_row *cells, struct inventory_row *row)
{
	for (size_t i = 0; i < cells->count; i++) {
		if (r->columns[i] < 0)
			continue;
		int e = take_cell(row, (enum inventory_column)r->columns[i], cells->cells[i]);
		if (e < 0)
			return e;
	}
	if (!row->entry.serial[0] && !row->entry.uuid[0] && !row->entry.macs[0])
		return bad(row, INVENTORY_COLUMNS,
		        "no serial, UUID or MAC of its own: nothing to know the machine by");
	return 1;
}

int inventory_reader_next(struct inventory_reader *r, struct inventory_row *ret)
{
	struct csv_row cells;
	int e;

	while ((e = csv_next(r->csv, &cells)) == 1 && is_empty(&cells))
		;
	if (e == 0)
		return 0;
	*ret = (struct inventory_row){.line = cells.line, .column = ""};
	if (e == -EMSGSIZE)
		return bad(ret, INVENTORY_COLUMNS, "too long, or more cells than a line may have");
	if (e == -EILSEQ)
		return bad(ret, INVENTORY_COLUMNS, "a quote that is never closed");
	return e < 0 ? bad(ret, INVENTORY_COLUMNS, "cannot be read") : take_row(r, &cells, ret);
}

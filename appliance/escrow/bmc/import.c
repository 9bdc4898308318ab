/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/import.h"
#include "fixer/base/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct layout {
	char separator;
	size_t count;
	enum bmc_column columns[CSV_MAX_CELLS];
};

/* --- the header ------------------------------------------------------------------------------ */

static bool is_header(const struct csv_row *row, struct layout *l)
{
	bool machine = false, address = false;

	l->count = row->count;
	for (size_t i = 0; i < row->count; i++) {
		l->columns[i] = bmc_column_of(row->cells[i]);
		machine |= l->columns[i] <= BMC_COLUMN_MAC;
		address |= l->columns[i] == BMC_COLUMN_ADDRESS;
	}
	return machine && address;
}

/* The separator with which the first row says which machine and which address. */
static int decide(struct csv *c, struct layout *l, struct error *err)
{
	static const char separators[] = ",;\t|";
	struct csv_row row;

	for (const char *s = separators; *s; s++) {
		csv_rewind(c, *s);
		int r = csv_peek(c, &row);
		if (r == -EINTR || r == -EIO)
			return error_set(err, r, REASON_CANNOT_OPEN, "%s", strerror(-r));
		if (r == 1 && is_header(&row, l)) {
			l->separator = *s;
			csv_rewind(c, *s);
			return 0;
		}
	}
	return error_set(err, -EINVAL, REASON_USAGE,
	        "the first line has to name the columns: address, and machine, serial, uuid or mac "
	        "to say whose it is; besides these port, type, user, password, group, "
	        "certificate");
}

/* Says once what is not looked at: a misspelt column would be missed in silence. */
static void tell_unknown(
        const struct bmc_import *i, const struct csv_row *header, const struct layout *l)
{
	char name[48];

	for (size_t at = 0; at < l->count; at++) {
		if (l->columns[at] != BMC_COLUMN_UNKNOWN || !header->cells[at][0])
			continue;
		text_clean(name, sizeof(name), header->cells[at]);
		fprintf(i->report, "%s: column %zu (%s) is not used\n", i->name, at + 1, name);
	}
}

/* --- rows ------------------------------------------------------------------------------------ */

static void reject(const struct bmc_import *i, unsigned long line, const char *why,
        struct bmc_import_counts *c)
{
	fprintf(i->report, "%s:%lu: %s\n", i->name, line, why);
	c->rejected++;
}

static bool is_blank(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i][0])
			return false;
	return true;
}

static void count_put(enum vault_bmc_put what, struct bmc_import_counts *c)
{
	c->added += what == VAULT_BMC_ADDED;
	c->changed += what == VAULT_BMC_CHANGED;
	c->same += what == VAULT_BMC_SAME;
}

static int import_row(const struct bmc_import *i, const struct layout *l, const struct csv_row *row,
        struct bmc_import_counts *c, struct error *err)
{
	struct vault_bmc b = {0};
	enum vault_bmc_put what;
	struct error why = {0};

	c->rows++;
	int r = bmc_row_read(
	        l->columns, row->cells, row->count < l->count ? row->count : l->count, &b, &why);
	if (r == 0) {
		c->passwords |= b.password != NULL;
		c->without_login += !b.user[0] && !b.password;
		r = vault_bmc_put(i->vault, &b, &what, &why);
	}
	vault_bmc_clear(&b);
	if (r == 0)
		count_put(what, c);
	else if (r == -EINVAL || r == -EEXIST)
		reject(i, row->line, why.text, c);
	else
		return error_set(err, r, why.reason, "%s", why.text);
	return 0;
}

static int import_rows(const struct bmc_import *i, struct csv *csv, const struct layout *l,
        struct bmc_import_counts *c, struct error *err)
{
	struct csv_row row;
	int r = csv_next(csv, &row);

	if (r == 1)
		tell_unknown(i, &row, l);
	for (;;) {
		r = csv_next(csv, &row);
		if (r == 0)
			return 0;
		if (r == -EMSGSIZE || r == -EILSEQ)
			reject(i, row.line,
			        r == -EILSEQ ? "a quote that is never closed"
			                     : "a line too long, or with too many cells",
			        c);
		else if (r < 0)
			return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s; nothing was kept",
			        i->name, strerror(-r));
		else if (!is_blank(&row)) {
			r = import_row(i, l, &row, c, err);
			if (r < 0)
				return r;
		}
	}
}

int bmc_import_csv(
        const struct bmc_import *i, int fd, struct bmc_import_counts *ret, struct error *err)
{
	struct csv *csv = csv_new(fd, i->stop);
	struct layout l;

	*ret = (struct bmc_import_counts){0};
	if (!csv)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	int r = decide(csv, &l, err);
	if (r == 0)
		r = vault_begin(i->vault, err);
	if (r == 0) {
		r = import_rows(i, csv, &l, ret, err);
		if (r == 0 && !i->dry_run)
			r = vault_commit(i->vault, err);
		if (r < 0 || i->dry_run)
			vault_roll_back(i->vault);
	}
	csv_free(csv);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/import.h"
#include "appliance/escrow/csv.h"
#include "fixer/bitlocker/bitlocker.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ROWS_PER_TRANSACTION 2000
#define PROGRESS_EVERY       20000
#define RECOVERY_DIGITS      48

int import_find_guid(const char *text, struct guid *ret)
{
	char piece[GUID_TEXT];
	size_t len = strlen(text);

	for (size_t i = 0; i + GUID_TEXT - 1 <= len; i++) {
		if (text[i + 8] != '-' || text[i + 13] != '-')
			continue;
		memcpy(piece, text + i, GUID_TEXT - 1);
		piece[GUID_TEXT - 1] = 0;
		if (guid_parse(piece, ret) == 0)
			return 0;
	}
	return -ENOENT;
}

/* Digits, dashes and blanks only, and exactly 48 digits. */
static bool looks_like_password(const char *cell)
{
	size_t digits = 0;

	for (; *cell; cell++) {
		if (isdigit((unsigned char)*cell))
			digits++;
		else if (*cell != '-' && *cell != ' ')
			return false;
	}
	return digits == RECOVERY_DIGITS;
}

struct row_meaning {
	const char *password, *host;
	bool has_id;
	struct guid id;
};

static struct row_meaning understand(const struct csv_row *row)
{
	struct row_meaning m = {.host = ""};

	for (size_t i = 0; i < row->count; i++) {
		struct guid id;
		if (!m.password && looks_like_password(row->cells[i])) {
			m.password = row->cells[i];
		} else if (!m.has_id && import_find_guid(row->cells[i], &id) == 0) {
			m.id = id;
			m.has_id = true;
		} else if (!*m.host && *row->cells[i]) {
			m.host = row->cells[i];
		}
	}
	return m;
}

static bool is_blank(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (*row->cells[i])
			return false;
	return true;
}

static void reject(FILE *report, unsigned long line, const char *why, struct import_counts *counts)
{
	fprintf(report, "line %lu: %s\n", line, why);
	counts->rejected++;
}

static int import_row(struct vault *vault, const struct csv_row *row, FILE *report,
        struct import_counts *counts, struct error *err)
{
	struct row_meaning m = understand(row);
	struct secret *key CLEANUP_SECRET = NULL;
	struct error why = {0};
	unsigned group = 0;
	bool is_new = false;

	if (!m.password && !m.has_id && row->line == 1)
		return 0; /* header */
	if (is_blank(row) || (row->count == 1 && strncmp(row->cells[0], "#TYPE", 5) == 0))
		return 0;
	if (!m.password) {
		reject(report, row->line, "no recovery password of 48 digits in this row", counts);
		return 0;
	}
	if (!m.has_id) {
		reject(report, row->line, "no key ID in this row", counts);
		return 0;
	}
	int r = recovery_password_parse(m.password, strlen(m.password), &key, &group, &why);
	if (r == -ENOMEM)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "no locked memory");
	if (r < 0) {
		reject(report, row->line, why.text, counts);
		return 0;
	}
	r = vault_add(vault, &m.id, key, m.host, &is_new, err);
	if (r == 0) {
		counts->added += is_new;
		counts->present += !is_new;
	}
	return r;
}

int import_csv(
        struct vault *vault, int fd, FILE *report, struct import_counts *ret, struct error *err)
{
	struct import_counts counts = {0};
	struct csv_row row;
	struct csv *csv = csv_new(fd);
	uint64_t rows = 0;
	int r = csv ? vault_begin(vault, err)
	            : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");

	while (r == 0) {
		int got = csv_next(csv, &row);
		if (got == 0)
			break;
		if (got == -EMSGSIZE)
			reject(report, row.line, "row too long", &counts);
		else if (got < 0)
			r = error_set(err, got, REASON_CANNOT_OPEN, "cannot read the file");
		else
			r = import_row(vault, &row, report, &counts, err);
		rows++;
		if (r == 0 && rows % ROWS_PER_TRANSACTION == 0) {
			r = vault_commit(vault, err);
			if (r == 0)
				r = vault_begin(vault, err);
		}
		if (rows % PROGRESS_EVERY == 0)
			fprintf(report, "%llu rows ...\n", (unsigned long long)rows);
	}
	/* What was read up to a fault is kept: importing again adds only the rest. */
	if (csv) {
		int committed = vault_commit(vault, r < 0 ? NULL : err);
		if (r == 0)
			r = committed;
	}
	csv_free(csv);
	*ret = counts;
	return r;
}

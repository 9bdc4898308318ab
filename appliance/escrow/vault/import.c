/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/import.h"
#include "appliance/escrow/vault/cell.h"
#include "appliance/escrow/vault/columns.h"
#include "appliance/escrow/vault/import_report.h"
#include "fixer/bitlocker/bitlocker.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Each one rewrites pages all over the index: few large ones are fast, and what a fault loses is
 * read again in a second. */
#define ROWS_PER_TRANSACTION 20000

/* What one row is made of; allocated once, because locked memory is slow to come and go. */
struct import_run {
	const struct import *import;
	struct vault_brought *brought;
	struct columns columns;
	struct import_counts counts;
	struct import_report report;
	struct secret *key;
	struct secret *digits; /* struct cell_passwords */
};

static const char *cell_of(const struct csv_row *row, int column)
{
	return column >= 0 && (size_t)column < row->count ? row->cells[column] : "";
}

/* Text of a name's cell; "NULL" is none. */
static const char *name_of(const struct csv_row *row, int column)
{
	const char *cell = cell_of(row, column);

	return cell_filler(cell) == CELL_OTHER ? cell : "";
}

/* --- a row without a password --------------------------------------------------------------------
 */

static enum import_reject reject_of(const char *cell)
{
	static const enum import_reject rejects[] = {[CELL_EMPTY] = REJECT_EMPTY,
	        [CELL_NULL] = REJECT_NULL,
	        [CELL_NO_DATA] = REJECT_NO_DATA,
	        [CELL_OBJECT] = REJECT_OBJECT,
	        [CELL_SPREADSHEET] = REJECT_SPREADSHEET,
	        [CELL_OTHER] = REJECT_NOT_48};

	return rejects[cell_filler(cell)];
}

/* Says what stands where a password should: of several such columns the one that is not empty. */
static void reject_password(struct import_run *run, const struct csv_row *row)
{
	enum import_reject why = REJECT_NO_PASSWORD;
	unsigned digits = 0;

	for (size_t i = 0; i < row->count; i++) {
		if (!run->columns.is_password[i])
			continue;
		if (why == REJECT_NO_PASSWORD || why == REJECT_EMPTY)
			why = reject_of(row->cells[i]);
		if (why == REJECT_NOT_48 && digits == 0)
			digits = (unsigned)cell_count_digits(row->cells[i]);
	}
	/* Words, as in the header of a second export behind the first. */
	if (why == REJECT_NOT_48 && digits == 0)
		why = REJECT_NO_PASSWORD;
	report_reject(&run->report, row, why, digits);
}

/* --- a row with one ------------------------------------------------------------------------------
 */

static int add(
        struct import_run *run, const struct csv_row *row, const struct guid *id, struct error *err)
{
	const char *host = name_of(row, run->columns.host);
	struct vault_entry entry = {
	        .key = run->key, .host = host, .serial = name_of(row, run->columns.serial)};
	enum vault_added added;

	if (id) {
		entry.has_id = true;
		entry.id = *id;
	} else if (run->columns.host_unsure) {
		entry.serial = host;
	}
	const char *source = run->import->source ? run->import->source : VAULT_IMPORT;
	int r = vault_bring(run->import->vault, source, &entry, run->brought, run->import->dry_run,
	        &added, err);
	if (r == -EINVAL) {
		/* A name or serial that says nothing, as "To be filled by O.E.M.". */
		report_reject(&run->report, row, REJECT_NO_NAME, 0);
		return 0;
	}
	if (r < 0)
		return r;
	bool is_new = added == VAULT_ADDED || added == VAULT_ADDED_BESIDE;
	run->counts.repeated += added == VAULT_REPEATED;
	run->counts.present += added == VAULT_PRESENT;
	run->counts.added += is_new;
	run->counts.beside += added == VAULT_ADDED_BESIDE;
	run->counts.without_id += is_new && !id;
	if (run->import->limited && run->counts.added > run->import->room)
		return error_set(
		        err, -EDQUOT, REASON_VALUE_BAD, "more keys than there is room for");
	return 0;
}

/* Every password under every ID of the row: which belong together only the machine's disk tells. */
static int add_all(struct import_run *run, const struct csv_row *row, const struct cell_ids *ids,
        const struct cell_passwords *passwords, struct error *err)
{
	int r = 0;

	for (size_t p = 0; p < passwords->count && r == 0; p++) {
		unsigned group = 0;
		if (recovery_password_read(
		            passwords->digits[p], CELL_DIGITS, run->key->data, &group, NULL) < 0) {
			report_reject(&run->report, row, REJECT_TYPO, group);
			continue;
		}
		for (size_t i = 0; i < ids->count && r == 0; i++)
			r = add(run, row, &ids->ids[i], err);
		if (ids->count == 0)
			r = add(run, row, NULL, err);
	}
	return r;
}

static int import_row(struct import_run *run, const struct csv_row *row, struct error *err)
{
	struct cell_passwords *passwords = (void *)run->digits->data;
	struct cell_ids ids = {0};

	if (columns_row_is_empty(row) || row->line == run->columns.header)
		return 0;
	run->counts.rows++;
	passwords->count = 0;
	for (size_t i = 0; i < row->count; i++) {
		(void)cell_passwords(row->cells[i], passwords);
		if (run->columns.is_id[i])
			(void)cell_ids(row->cells[i], &ids);
	}
	if (passwords->count == 0) {
		reject_password(run, row);
	} else if (passwords->count > CELL_MANY || ids.count > CELL_MANY) {
		report_reject(&run->report, row, REJECT_MANY, 0);
	} else if (ids.count == 0 && !*name_of(row, run->columns.host) &&
	           !*name_of(row, run->columns.serial)) {
		report_reject(&run->report, row, REJECT_NO_NAME, 0);
	} else {
		return add_all(run, row, &ids, passwords, err);
	}
	return 0;
}

/* --- the file ------------------------------------------------------------------------------------
 */

static int commit_portion(struct import_run *run, struct error *err)
{
	if (run->import->dry_run || run->counts.rows % ROWS_PER_TRANSACTION != 0 ||
	        run->counts.rows == 0)
		return 0;
	int r = vault_commit(run->import->vault, err);
	return r == 0 ? vault_begin(run->import->vault, err) : r;
}

static int import_rows(struct import_run *run, struct csv *csv, struct error *err)
{
	const volatile sig_atomic_t *stop = run->import->stop;
	struct csv_row row;
	int r = 0;

	while (r == 0) {
		int got = stop && *stop ? -EINTR : csv_next(csv, &row);
		run->counts.stopped = got == -EINTR;
		if (got == 0 || got == -EINTR)
			break;
		if (got == -EMSGSIZE || got == -EILSEQ) {
			run->counts.rows++;
			report_reject(
			        &run->report, &row, got == -EILSEQ ? REJECT_QUOTE : REJECT_LONG, 0);
		} else if (got < 0) {
			r = error_set(
			        err, got, REASON_CANNOT_OPEN, "cannot read %s", run->import->name);
		} else {
			r = import_row(run, &row, err);
		}
		if (r == 0)
			r = commit_portion(run, err);
		report_progress(&run->report, csv_offset(csv));
	}
	return r;
}

static int import_file(struct import_run *run, struct csv *csv, struct error *err)
{
	const struct import *i = run->import;
	int r = columns_decide(csv, COLUMNS_EXPORT, &run->columns);

	if (r == -EINTR) {
		run->counts.stopped = true;
		return 0;
	}
	if (r < 0)
		return error_set(
		        err, r, REASON_CANNOT_OPEN, "cannot read %s: %s", i->name, strerror(-r));
	report_columns(&run->report, csv_encoding(csv), &run->columns);
	if (run->columns.count == 0)
		return 0;
	if (i->dry_run)
		return import_rows(run, csv, err);
	r = vault_begin(i->vault, err);
	if (r < 0)
		return r;
	r = import_rows(run, csv, err);
	/* What was read up to a fault is kept: importing again adds only the rest. Beyond the room
	 * there is no rest. */
	if (r == -EDQUOT) {
		vault_roll_back(i->vault);
		return r;
	}
	int committed = vault_commit(i->vault, r < 0 ? NULL : err);
	return r < 0 ? r : committed;
}

/* Frees csv, which may be NULL. size: of the file; 0: not known. */
static int import(const struct import *i, struct csv *csv, uint64_t size, struct import_counts *ret,
        struct error *err)
{
	struct vault_brought *own = i->brought ? NULL : vault_brought_new();
	struct import_run run = {.import = i, .brought = i->brought ? i->brought : own};

	run.key = secret_new(VAULT_RECOVERY_KEY_LEN);
	run.digits = secret_new(sizeof(struct cell_passwords));
	report_begin(&run.report, i, &run.counts, size);
	int r = csv && run.brought && run.key && run.digits
	                ? import_file(&run, csv, err)
	                : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	report_end(&run.report);
	secret_free(run.digits);
	secret_free(run.key);
	vault_brought_free(own);
	csv_free(csv);
	*ret = run.counts;
	return r;
}

int import_csv(const struct import *i, int fd, struct import_counts *ret, struct error *err)
{
	struct stat st;
	bool sized = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;

	return import(i, csv_new(fd, i->stop), sized ? (uint64_t)st.st_size : 0, ret, err);
}

int import_memory(const struct import *i, const void *text, size_t len, struct import_counts *ret,
        struct error *err)
{
	return import(i, csv_new_memory(text, len), len, ret, err);
}

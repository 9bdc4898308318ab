/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a CSV export of recovery passwords, imported into a vault in memory's file system.
 */
#include "appliance/escrow/vault/cell.h"
#include "fixer/base/csv.h"
#include "appliance/escrow/vault/import.h"
#include "fixer/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define VAULT_DIR "/dev/shm/netmend-fuzz-XXXXXX"

static char dir[] = VAULT_DIR;

static void remove_vault(void)
{
	static const char *const names[] = {
	        "vault.db", "vault.db-wal", "vault.db-shm", "vault.key"};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static struct vault *vault_once(void)
{
	static struct vault *vault;

	if (!vault) {
		must(secrets_init() == 0 && mkdtemp(dir) && atexit(remove_vault) == 0);
		must(vault_open(dir, &(struct vault_key){.kind = VAULT_KEY_AUTO}, &vault, NULL) ==
		        0);
	}
	return vault;
}

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* Every row is within its bounds, with any separator. */
static void look_at_rows(int fd, char separator)
{
	struct csv *csv = csv_new(fd, NULL);
	struct csv_row row;
	unsigned long line = 0;
	int r;

	must(csv && csv_peek(csv, &row) != -EIO);
	csv_rewind(csv, separator);
	while ((r = csv_next(csv, &row)) == 1 || r == -EMSGSIZE || r == -EILSEQ) {
		must(row.line > line && row.last_line >= row.line && row.count <= CSV_MAX_CELLS);
		line = row.last_line;
		for (size_t i = 0; r == 1 && i < row.count; i++)
			must(strlen(row.cells[i]) < CSV_MAX_ROW);
	}
	must(r == 0);
	csv_free(csv);
}

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

/* A password has 48 digits in a row or six in a group: numbers of lines and rows have fewer, and a
 * header with more than 8 is none. */
static void must_show_no_value(const char *report)
{
	size_t digits = 0;

	for (; *report; report++) {
		digits = *report >= '0' && *report <= '9' ? digits + 1 : 0;
		must(digits <= 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vault *vault = vault_once();
	struct import_counts counts = {0};
	struct error err = {0};
	CLEANUP_CLOSE int fd = file_of(data, size);
	CLEANUP_FREE char *report = NULL;
	size_t report_len = 0;

	look_at_rows(fd, ',');
	must(lseek(fd, 0, SEEK_SET) == 0);
	look_at_rows(fd, ';');
	must(lseek(fd, 0, SEEK_SET) == 0);
	FILE *out = open_memstream(&report, &report_len);
	must(out);
	int r = import_csv(
	        &(struct import){.vault = vault, .name = "file", .report = out}, fd, &counts, &err);
	must(fclose(out) == 0);
	must_explain(r, &err);
	size_t lines = count_lines(data, size);
	must(r == 0 && counts.rows <= lines && !counts.stopped);
	must(counts.added + counts.present + counts.repeated + counts.rejected <=
	        lines * CELL_MANY * CELL_MANY);
	must_show_no_value(report);
	return 0;
}

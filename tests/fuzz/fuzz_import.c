/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a CSV export of recovery passwords, imported into a vault in memory's file system.
 */
#include "appliance/escrow/csv.h"
#include "appliance/escrow/import.h"
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
		must(vault_open(dir, &vault, NULL) == 0);
	}
	return vault;
}

static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* How many rows there are; each is within its bounds. */
static size_t count_rows(int fd)
{
	struct csv *csv = csv_new(fd);
	struct csv_row row;
	unsigned long line = 0;
	size_t rows = 0;
	int r;

	must(csv);
	while ((r = csv_next(csv, &row)) == 1 || r == -EMSGSIZE) {
		must(row.line > line && row.count <= CSV_MAX_CELLS);
		line = row.line;
		for (size_t i = 0; r == 1 && i < row.count; i++)
			must(strlen(row.cells[i]) < CSV_MAX_ROW);
		rows++;
	}
	must(r == 0);
	csv_free(csv);
	return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vault *vault = vault_once();
	struct import_counts counts = {0};
	struct error err = {0};
	CLEANUP_CLOSE int fd = file_of(data, size);
	CLEANUP_FREE char *report = NULL;
	size_t report_len = 0;

	size_t rows = count_rows(fd);
	must(lseek(fd, 0, SEEK_SET) == 0);
	FILE *out = open_memstream(&report, &report_len);
	must(out);
	int r = import_csv(vault, fd, out, &counts, &err);
	must(fclose(out) == 0);
	must_explain(r, &err);
	must(r == 0 && counts.added + counts.present + counts.rejected <= rows);
	return 0;
}

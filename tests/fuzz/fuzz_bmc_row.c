/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a list of management controllers (CSV): its first row names the columns, each other
 * one is read as a record. */
#include "appliance/escrow/bmc/import.h"
#include "fixer/base/csv.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void look_at(const struct vault_bmc *b)
{
	must(is_clean(b->machine.name, sizeof(b->machine.name)) && b->address[0]);
	must(is_clean(b->address, sizeof(b->address)) && !strpbrk(b->address, "/@?# \"\\"));
	must(is_clean(b->user, sizeof(b->user)) && is_clean(b->group, sizeof(b->group)));
	must((b->user[0] != 0) == (b->password != NULL));
	must(!b->password || b->password->len <= VAULT_BMC_PASSWORD);
	must(b->pin[0] == 0 || strlen(b->pin) == VAULT_BMC_PIN - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum bmc_column columns[CSV_MAX_CELLS];
	struct csv_row row;
	size_t count = 0;
	int r;

	must(secrets_init() == 0);
	struct csv *csv = csv_new_memory(data, size);
	must(csv);
	csv_rewind(csv, ',');
	while ((r = csv_next(csv, &row)) != 0) {
		struct vault_bmc b = {0};
		struct error err = {0};
		if (r == 1 && count == 0) {
			for (; count < row.count; count++)
				columns[count] = bmc_column_of(row.cells[count]);
			continue;
		}
		if (r != 1 && r != -EMSGSIZE && r != -EILSEQ)
			break;
		if (r != 1)
			continue;
		r = bmc_row_read(
		        columns, row.cells, row.count < count ? row.count : count, &b, &err);
		must_explain(r, &err);
		if (r == 0)
			look_at(&b);
		vault_bmc_clear(&b);
	}
	csv_free(csv);
	return 0;
}

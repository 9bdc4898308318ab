/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All checks, in an order in which each can rely on those before. */
#include "tests/ntfscheck/internal.h"
#include "tests/ntfscheck/ntfscheck.h"

bool volume_load(struct volume *v)
{
	if (!boot_load(v) || !mft_load(v))
		return false;
	files_assemble(v);
	upcase_load(v);
	attributes_check(v);
	mft_check_mirror(v);
	mft_check_bitmap(v);
	volume_check_bitmap(v);
	indexes_load(v);
	names_check(v);
	secure_check(v);
	extend_check(v);
	return true;
}

int ntfscheck(const uint8_t *volume, size_t size, FILE *report)
{
	struct volume v = {.bytes = volume, .size = size, .report = report};

	(void)volume_load(&v);
	release(&v);
	return v.findings;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bcd.h"
#include "tests/generators/hive.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"

#include <stdio.h>
#include <string.h>

#define OTHER "Objects\\{6c9d2f1e-45d7-11ef-9a3b-52540012ab02}"
#define WHEN  1700000000

bool gen_bcd_by_name(const char *name, uint64_t *ret)
{
	static const char *const names[] = {"minimal", "network", "dsrepair"};

	*ret = GEN_BCD_UNSET;
	if (strcmp(name, "none") == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			*ret = i;
	return *ret != GEN_BCD_UNSET;
}

int gen_bcd_make(uint64_t safe_boot, struct buffer *out)
{
	char text[32];
	uint8_t number[8];

	put_le64(number, safe_boot);
	(void)snprintf(text, sizeof(text), "hex:");
	hex_encode(number, sizeof(number), text + 4);
	const struct gen_hive_value values[] = {
	        {.key = "Description", .name = "KeyName", .text = "BCD00000000"},
	        {.key = GEN_BCD_MANAGER "\\Description", .name = "Type", .number = 0x10100002},
	        {.key = GEN_BCD_MANAGER "\\Elements\\23000003",
	                .name = "Element",
	                .text = GEN_BCD_LOADER},
	        {.key = GEN_BCD_DEFAULT "\\Description", .name = "Type", .number = 0x10200003},
	        {.key = GEN_BCD_DEFAULT "\\Elements\\22000002",
	                .name = "Element",
	                .text = "\\Windows"},
	        {.key = OTHER "\\Description", .name = "Type", .number = 0x10200003},
	        {.key = OTHER "\\Elements\\25000080",
	                .name = "Element",
	                .text = "hex:0100000000000000"},
	        {.key = GEN_BCD_DEFAULT "\\Elements\\25000080", .name = "Element", .text = text},
	};
	size_t count = sizeof(values) / sizeof(values[0]);

	return gen_hive_make(
	        values, safe_boot == GEN_BCD_UNSET ? count - 1 : count, WHEN, NULL, 8192, out);
}

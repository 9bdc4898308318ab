/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stick: FAT with a few files. */
#include "tests/generators/disk.h"
#include "tests/generators/esp.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"

#include <stdio.h>

#define FILES 20

static int put_files(struct gen_esp *fat, struct gen_random *random)
{
	uint8_t data[8192];
	char path[32];
	int r = gen_esp_mkdir(fat, "/Photos");

	for (unsigned i = 0; i < FILES && r == 0; i++) {
		gen_random_bytes(random, data, sizeof(data));
		(void)snprintf(path, sizeof(path), "/Photos/IMG_%04u.JPG", i);
		r = gen_esp_put(fat, path, data, sizeof(data));
	}
	return r;
}

int disk_fill_to_go(struct disk *d, const char *path)
{
	struct gen_random random;
	struct gen_esp fat;
	uint8_t serial[4];

	gen_random_init(&random, d->options.seed, "to go");
	gen_random_bytes(&random, serial, sizeof(serial));
	int r = gen_esp_format_stick(
	        &fat, path, d->fve.size, d->options.sector_size, get_le32(serial));
	if (r == 0)
		r = put_files(&fat, &random);
	gen_esp_free(&fat);
	return r == 0 ? disk_reserve_bitlocker(d) : r;
}

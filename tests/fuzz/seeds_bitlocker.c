/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seeds of the targets whose inputs stand open (fve_input.h). */
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/volume_io.h"
#include "tests/generators/bitlocker_writer.h"

#include <stdio.h>

/* Write, read, write and read: the relocated header, across its end, a metadata area, far away. */
static const uint8_t commands[] = {
        1, 0x11, 0xff, 0x01, 0x00, 0x00, 0x00, 0x00, /* sector 0 */
        0, 0x00, 0xff, 0x0f, 0x00, 0x1f, 0x00, 0x00, /* over the header's end */
        1, 0x22, 0xff, 0x00, 0x80, 0x1f, 0x00, 0x00, /* likewise */
        1, 0x33, 0x40, 0x00, 0xf0, 0xff, 0x01, 0x00, /* into a copy: refused */
        5, 0x44, 0xff, 0x7f, 0x00, 0x80, 0x03, 0x00, /* before one */
        1, 0x55, 0x06, 0x00, 0xfd, 0x41, 0x05, 0x00, /* a few bytes over a sector's end */
        0, 0x00, 0xff, 0xff, 0x00, 0x00, 0x05, 0x00, /* 64 KiB at once */
        8, 0x00, 0xff, 0x1f, 0x80, 0xff, 0x02, 0x00, /* from a device that fails */
};

struct volume_seed {
	const char *name;
	uint8_t flags, copies, cut, validation;
	struct fuzz_metadata metadata;
};

static void volume_seed(const struct volume_seed *s)
{
	static uint8_t block[FUZZ_AREA], input[FUZZ_AREA + 256];
	struct fuzz_metadata m = s->metadata;
	const uint8_t control[] = {
	        s->flags, s->copies, s->cut, sizeof(commands) / VOLUME_IO_COMMAND, s->validation};

	m.sector_size = s->flags & 1 ? 4096 : 512;
	m.header_sectors = 8192 / m.sector_size;
	m.header = 0x10000;
	if (m.encrypted_size == 0)
		m.encrypted_size = FUZZ_DEVICE_SIZE;
	for (size_t i = 0; i < 3; i++)
		m.metadata[i] = 0x20000 * (i + 1);
	size_t len = fuzz_compose(block, &m);
	memcpy(input, control, sizeof(control));
	memcpy(input + sizeof(control), commands, sizeof(commands));
	memcpy(input + sizeof(control) + sizeof(commands), block, len);
	put_seed("bitlocker_volume", s->name, input, sizeof(control) + sizeof(commands) + len);
}

/* --- metadata as the generator writes it, and its startup key -----------------------------------
 */

static void startup_key_seed(struct fve_volume *v, struct buffer *out)
{
	for (size_t i = 0; i < v->protector_count; i++) {
		if (v->protectors[i].kind != FVE_STARTUP_KEY)
			continue;
		out->len = 0;
		must(buffer_append(out, "", 1) == 0);
		must(fve_startup_key_file(v, &v->protectors[i], out) == 0);
		put_seed("startup_key", "seed", out->data, out->len);
	}
}

static void metadata_seed(const char *name, uint8_t flags, const struct fve_options *options)
{
	struct fuzz_boot_sector boot = {.to_go = flags & 16, .sector_size = flags & 8 ? 4096 : 512};
	struct fve_volume v = {.options = *options,
	        .size = FUZZ_DEVICE_SIZE,
	        .sector_size = boot.sector_size,
	        .metadata = {0x20000, 0x40000, 0x60000},
	        .header_backup = 0x10000,
	        .description = "seed"};
	uint8_t sector[512];
	struct buffer out;

	fuzz_boot_sector_put(sector, &boot);
	must(fve_make_keys(&v, 1) == 0);
	buffer_init(&out, 1 << 20);
	must(buffer_append(&out, &flags, 1) == 0);
	must(buffer_append(&out, sector, sizeof(sector)) == 0);
	must(fve_build_metadata(&v, &out) == 0);
	put_seed("bitlocker", name, out.data, out.len);
	memset(out.data + 1, 0, 512); /* Vista wrote no type into it */
	memcpy(out.data + 1, "\xeb\x52\x90-FVE-FS-", 11);
	put_seed("bitlocker", "vista", out.data, out.len);
	startup_key_seed(&v, &out);
	buffer_free(&out);
}

static void metadata_seeds(void)
{
	static const struct fve_options plain = {.recovery_passwords = 2, .clear_key = true};
	static const struct fve_options rich = {.method = 0x8003,
	        .passphrase = "seed",
	        .tpm_pin = true,
	        .startup_key = true,
	        .certificate = true,
	        .unknown_entries = true};
	static const struct fve_options odd = {
	        .method = 0x8000, .recovery_passwords = 1, .stretch_flags = 0x40, .no_tpm = true};

	metadata_seed("plain", 0, &plain);
	metadata_seed("rich", 8, &rich);
	metadata_seed("odd", 16, &odd);
}

/* --- encrypt-on-write, as fuzz_eow.c takes it ---------------------------------------------------
 */

static uint8_t eow[2048];
static size_t eow_len;

/* Begins a piece of the device; gives its bytes, which are zero. */
static uint8_t *eow_piece(uint32_t at, size_t len)
{
	uint8_t *p = eow + eow_len;

	eow_len += 4 + len;
	must(eow_len <= sizeof(eow));
	memset(p, 0, 4 + len);
	put_le16(p, (uint16_t)(at / 512));
	put_le16(p + 2, (uint16_t)len);
	return p + 4;
}

static void eow_record(uint32_t at, uint32_t bits, uint64_t sequence, uint8_t pattern)
{
	uint32_t size = 36 + (bits + 7) / 8;
	uint8_t *p = eow_piece(at, size);

	memcpy(p, "FVE-EOWBR", 9);
	put_le16(p + 10, 36);
	put_le32(p + 12, size);
	put_le32(p + 16, bits);
	put_le64(p + 20, sequence);
	memset(p + 36, pattern, size - 36);
}

static void eow_bitmap(uint32_t at, uint64_t start, uint64_t len, uint32_t chunk, uint32_t log)
{
	uint32_t bits = (uint32_t)((len + chunk - 1) / chunk);
	uint8_t *p = eow_piece(at, 60);

	memcpy(p, "FVE-EOWBM", 9);
	put_le16(p + 10, 60);
	put_le32(p + 12, 0x600);
	put_le64(p + 20, start);
	put_le64(p + 28, len);
	put_le64(p + 36, log);
	put_le32(p + 44, 0x200);
	put_le32(p + 48, 0x400);
	put_le32(p + 52, 0x200);
	eow_record(at + 0x200, bits, 7, 0x65);
	eow_record(at + 0x400, bits, 6, 0x9a);
}

/* Three regions: before the relocated header, the header, behind it. */
static void eow_seed(const char *name, uint8_t flags, uint32_t chunk)
{
	static const uint32_t info = 0x70000, copy = 0x71000, bitmap = 0x72000, log = 0x75000;
	const uint8_t control[] = {flags, sizeof(commands) / VOLUME_IO_COMMAND};

	memcpy(eow, control, sizeof(control));
	memcpy(eow + sizeof(control), commands, sizeof(commands));
	eow_len = sizeof(control) + sizeof(commands);
	uint8_t *p = eow_piece(info, 56 + 3 * 8);
	memcpy(p, "FVE-EOW", 7);
	put_le16(p + 8, 56);
	put_le16(p + 10, 56 + 3 * 8);
	put_le32(p + 12, 512);
	put_le32(p + 16, 512);
	put_le32(p + 20, chunk);
	put_le32(p + 24, 0x1000);
	put_le32(p + 32, 3);
	put_le64(p + 40, info);
	put_le64(p + 48, copy);
	for (size_t i = 0; i < 3; i++)
		put_le64(p + 56 + 8 * i, bitmap + 0x1000 * i);
	eow_bitmap(bitmap, 0, 0x10000, chunk, log);
	eow_bitmap(bitmap + 0x1000, 0x10000, 0x2000, chunk, log);
	eow_bitmap(bitmap + 0x2000, 0x12000, FUZZ_DEVICE_SIZE - 0x12000, chunk, log);
	put_seed("eow", name, eow, eow_len);
}

void bitlocker_seeds(void)
{
	static const struct volume_seed volumes[] = {
	        {"cbc128-diffuser", 0, 0, 0, 0, {.method = 0x8000, .state = 4, .next_state = 4}},
	        {"cbc256-diffuser", 1, 0, 0, 0, {.method = 0x8001, .state = 4, .next_state = 4}},
	        {"cbc128-togo", 2, 0, 0, 0, {.method = 0x8002, .state = 4, .next_state = 4}},
	        {"cbc256", 0, 0, 0, 0, {.method = 0x8003, .state = 4, .next_state = 4}},
	        {"xts128", 0, 0, 3, 0, {.method = 0x8004, .state = 4, .next_state = 4}},
	        {"xts256-4k", 1, 0, 0, 0, {.method = 0x8005, .state = 4, .next_state = 4}},
	        {"differ", 0, 2, 0, 0, {.method = 0x8004, .state = 4, .next_state = 4}},
	        {"suspended", 32, 0, 0, 0,
	                {.method = 0x8004, .state = 4, .next_state = 4, .clear_key = true}},
	        {"switching", 0, 0, 0, 0,
	                {.method = 0x8002,
	                        .state = 2,
	                        .next_state = 4,
	                        .encrypted_size = 0x50000,
	                        .conversion_bytes = 0x1000}},
	        {"switching-header", 0, 0, 0, 0,
	                {.method = 0x8002,
	                        .state = 2,
	                        .next_state = 4,
	                        .encrypted_size = 0x10a00,
	                        .conversion_bytes = 0x1000}},
	        {"paused", 0, 0, 0, 0,
	                {.method = 0x8002, .state = 3, .next_state = 1, .encrypted_size = 0x50000}},
	        {"wrong-digest", 0, 0, 0, FUZZ_WRONG_DIGEST,
	                {.method = 0x8004, .state = 4, .next_state = 4}},
	        {"decrypted", 64, 0, 0, 1, {.method = 0x8004, .state = 1, .next_state = 1}},
	};

	for (size_t i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++)
		volume_seed(&volumes[i]);
	metadata_seeds();
	eow_seed("chunks", 0, 0x4000);
	eow_seed("small-chunks", 4, 0x1000);
	eow_seed("4k-short", 1 | 128, 0x4000);
	eow_seed("decrypted", 64, 0x4000);
}

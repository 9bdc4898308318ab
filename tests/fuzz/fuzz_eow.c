/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is what encrypt-on-write keeps on a volume that is otherwise in order, and what is read
 * there:
 *   u8 FLAG_ bits; u8 number of commands (volume_io.h); the commands; then pieces of the device,
 * each u16 sector of 512 bytes, u16 length, bytes. The information is at INFO, its copy at
 * INFO_COPY. CRCs are put right from there on, through every bitmap it names to the records. What a
 * volume says is encrypted is judged by looking it up for each sector anew.
 */
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/volume_io.h"

#include <sodium.h>
#include <zlib.h>

#define COMMANDS_MAX  16
#define BITMAPS_MAX   64
#define INFO          0x70000
#define INFO_COPY     0x71000
#define INFO_HEADER   56
#define INFO_CRC      36
#define BITMAP_HEADER 60
#define BITMAP_CRC    56
#define RECORD_HEADER 36
#define RECORD_CRC    32
#define RECORD_MAX    4096 /* of a record whose CRC is put right */

enum flag {
	FLAG_4096 = 1,
	FLAG_TO_GO = 2,
	FLAG_CBC = 4,
	FLAG_AS_IT_IS = 8,   /* CRCs stay */
	FLAG_DAMAGED = 16,   /* the first copy of the information */
	FLAG_NO_COPY = 32,   /* the second one is what the pieces say, not the same as the first */
	FLAG_DECRYPTED = 64, /* state 1 */
	FLAG_SHORT = 128     /* the device ends before the volume */
};

static uint8_t device[FUZZ_DEVICE_SIZE];

/* --- structures ------------------------------------------------------------------------------ */

static uint32_t crc_of(const uint8_t *data, size_t len, size_t field)
{
	static const uint8_t zero[4];
	uLong crc = crc32_z(0, data, field);

	crc = crc32_z(crc, zero, sizeof(zero));
	return (uint32_t)crc32_z(crc, data + field + 4, len - field - 4);
}

static void correct(uint64_t at, uint64_t len, size_t field)
{
	if (len >= field + 4 && range_within(at, len, sizeof(device)))
		put_le32(device + at + field, crc_of(device + at, len, field));
}

/* How many bitmaps the information at that place names, as far as they are looked at. */
static size_t bitmap_count(uint64_t info)
{
	size_t size = get_le16(device + info + 10);
	size_t count = size > INFO_HEADER ? (size - INFO_HEADER) / 8 : 0;

	return count < BITMAPS_MAX ? count : BITMAPS_MAX;
}

static uint64_t bitmap_at(uint64_t info, size_t i)
{
	return get_le64(device + info + INFO_HEADER + 8 * i);
}

static void correct_bitmap(uint64_t at)
{
	if (!range_within(at, BITMAP_HEADER, sizeof(device)))
		return;
	for (size_t i = 0; i < 2; i++) {
		uint64_t record = at + get_le32(device + at + 44 + 4 * i);
		if (!range_within(record, RECORD_HEADER, sizeof(device)))
			continue;
		uint32_t size = get_le32(device + record + 12);
		if (size <= RECORD_MAX)
			correct(record, size, RECORD_CRC);
	}
	correct(at, get_le32(device + at + 44), BITMAP_CRC);
}

static void correct_information(uint64_t info)
{
	if (memcmp(device + info, "FVE-EOW", 8) != 0)
		return;
	for (size_t i = 0; i < bitmap_count(info); i++)
		correct_bitmap(bitmap_at(info, i));
	correct(info, get_le16(device + info + 10), INFO_CRC);
}

/* --- the volume ------------------------------------------------------------------------------ */

static void put_pieces(const uint8_t *p, size_t left)
{
	while (left >= 4) {
		uint64_t at = (uint64_t)get_le16(p) * 512;
		size_t len = get_le16(p + 2);
		p += 4;
		left -= 4;
		if (len > left)
			len = left;
		if (range_within(at, len, sizeof(device)))
			memcpy(device + at, p, len);
		p += len;
		left -= len;
	}
}

static void put_volume(uint8_t flags, struct volume_rules *rules, struct fuzz_key *key)
{
	static uint8_t block[FUZZ_AREA];
	struct fuzz_boot_sector boot = {.to_go = flags & FLAG_TO_GO,
	        .encrypt_on_write = true,
	        .sector_size = (uint16_t)rules->unit,
	        .metadata = {0x20000, 0x40000, 0x60000},
	        .map = {INFO, INFO_COPY}};
	struct fuzz_metadata m = {.method = rules->method,
	        .state = flags & FLAG_DECRYPTED ? 1 : 4,
	        .next_state = flags & FLAG_DECRYPTED ? 1 : 4,
	        .sector_size = rules->unit,
	        .header_sectors = (uint32_t)(rules->header_len / rules->unit),
	        .encrypted_size = sizeof(device),
	        .header = rules->header_at};

	fuzz_boot_sector_put(device, &boot);
	memcpy(m.metadata, boot.metadata, sizeof(m.metadata));
	(void)fuzz_compose(block, &m);
	must(fuzz_seal_entries(block, key));
	fuzz_validate(block, flags & FLAG_DECRYPTED ? FUZZ_OPEN_DIGEST : FUZZ_SEALED_DIGEST);
	for (size_t i = 0; i < 3; i++)
		memcpy(device + boot.metadata[i], block, sizeof(block));
}

static void finish_map(uint8_t flags)
{
	if (!(flags & FLAG_AS_IT_IS)) {
		if (flags & FLAG_NO_COPY)
			correct_information(INFO_COPY);
		correct_information(INFO);
	}
	if (!(flags & FLAG_NO_COPY))
		memcpy(device + INFO_COPY, device + INFO, 2048);
	if (flags & FLAG_DAMAGED)
		device[INFO + 20] ^= 1; /* of the size of a chunk */
}

/* --- what must hold, of a map that was accepted -------------------------------------------------
 */

/* The copy of the information that counts. */
static uint64_t information(void)
{
	const uint8_t *p = device + INFO;
	size_t size = get_le16(p + 10);
	bool intact = memcmp(p, "FVE-EOW", 8) == 0 && get_le16(p + 8) == INFO_HEADER &&
	              size >= INFO_HEADER && get_le64(p + 40) == INFO &&
	              get_le64(p + 48) == INFO_COPY &&
	              get_le32(p + INFO_CRC) == crc_of(p, size, INFO_CRC);

	return intact ? INFO : INFO_COPY;
}

static bool record_is_intact(const uint8_t *record, uint32_t room)
{
	uint32_t size = get_le32(record + 12);

	return memcmp(record, "FVE-EOWBR", 10) == 0 && get_le16(record + 10) == RECORD_HEADER &&
	       size >= RECORD_HEADER && size <= room &&
	       get_le32(record + RECORD_CRC) == crc_of(record, size, RECORD_CRC);
}

static const uint8_t *record_of(const uint8_t *bitmap)
{
	const uint8_t *found = NULL;

	for (size_t i = 0; i < 2; i++) {
		const uint8_t *record = bitmap + get_le32(bitmap + 44 + 4 * i);
		if (record_is_intact(record, get_le32(bitmap + 52)) &&
		        (!found || get_le64(record + 20) > get_le64(found + 20)))
			found = record;
	}
	must(found);
	return found;
}

static bool by_bitmap(const struct volume_rules *rules, uint64_t at)
{
	uint64_t info = information();

	(void)rules;
	for (size_t i = 0; i < bitmap_count(info); i++) {
		const uint8_t *bitmap = device + bitmap_at(info, i);
		uint64_t start = get_le64(bitmap + 20), len = get_le64(bitmap + 28);
		if (at < start || at - start >= len)
			continue;
		uint64_t chunk = (at - start) / get_le32(device + info + 20);
		return record_of(bitmap)[RECORD_HEADER + chunk / 8] >> (chunk % 8) & 1;
	}
	must(!"a sector that no region covers");
	return false;
}

static bool by_state(const struct volume_rules *rules, uint64_t at)
{
	(void)rules;
	(void)at;
	return false;
}

static void forbid_map(struct volume_rules *rules)
{
	uint64_t info = information();
	uint32_t log_size = get_le32(device + info + 24);

	volume_forbid(rules, INFO, get_le16(device + info + 10));
	volume_forbid(rules, INFO_COPY, get_le16(device + info + 10));
	for (size_t i = 0; i < bitmap_count(info); i++) {
		const uint8_t *bitmap = device + bitmap_at(info, i);
		volume_forbid(rules, bitmap_at(info, i), get_le32(bitmap + 12));
		if (get_le64(bitmap + 36) != 0)
			volume_forbid(rules, get_le64(bitmap + 36), log_size);
	}
}

static void open_and_use(struct block_device *dev, const struct bitlocker *b,
        struct volume_rules *rules, const uint8_t *commands, size_t len)
{
	CLEANUP_SECRET struct secret *vmk = secret_copy(fuzz_vmk, sizeof(fuzz_vmk));
	CLEANUP_BLOCK struct block_device *volume = NULL;
	const struct bitlocker_info *info = bitlocker_info(b);
	struct error err = {0};

	must(vmk && info->encrypt_on_write);
	int r = bitlocker_open(dev, b, vmk, &volume, &err);
	must_explain(r, &err);
	must((r == 0) == !info->map_damaged);
	must(bitlocker_write_refusal(b, &err) < 0);
	if (r < 0 || bitmap_count(information()) == BITMAPS_MAX)
		return;
	for (size_t i = 0; i < 3; i++)
		volume_forbid(rules, 0x20000 * (i + 1), FUZZ_AREA);
	volume_forbid(rules, rules->header_at, rules->header_len);
	if (info->needs_key)
		forbid_map(rules);
	else
		len = 0; /* whether the map counts then is not told */
	volume_io_run(volume, commands, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	struct volume_rules rules = {.bytes = device,
	        .size = FUZZ_DEVICE_SIZE,
	        .unit = 512,
	        .device_writable = true,
	        .header_len = 8192,
	        .header_at = 0x10000,
	        .method = 0x8004};
	struct fuzz_key key;
	struct error err = {0};

	must(sodium_init() >= 0);
	if (size < 2)
		return 0;
	uint8_t flags = data[0];
	size_t len = (size_t)VOLUME_IO_COMMAND * (data[1] % (COMMANDS_MAX + 1));
	if (size - 2 < len)
		return 0;
	rules.unit = flags & FLAG_4096 ? 4096 : 512;
	rules.method = flags & FLAG_CBC ? 0x8002 : 0x8004;
	rules.is_encrypted = flags & FLAG_DECRYPTED ? by_state : by_bitmap;
	rules.key = &key;
	fuzz_noise(device);
	put_pieces(data + 2 + len, size - 2 - len);
	finish_map(flags);
	put_volume(flags, &rules, &key);
	if (flags & FLAG_SHORT)
		rules.size = 0x76a00;
	struct block_device *dev = volume_io_device(&rules);
	must(bitlocker_parse(dev, &b, &err) == 0);
	volume_words_check(bitlocker_info(b));
	open_and_use(dev, b, &rules, data + 2, len);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is metadata that stands open (fve_input.h) and what is read and written behind it:
 *   u8 FLAG_ bits; u8 copies: bits 0 to 2 damaged, 3 to 5 intact but not the same; u8 sectors of
 * 512 bytes the device is short of; u8 number of commands (volume_io.h); u8 what the validation
 * holds; the commands; the metadata block.
 */
#include "fixer/bitlocker/bitlocker.h"
#include "tests/fuzz/volume_io.h"

#include <sodium.h>

#define CONTROL      5
#define COMMANDS_MAX 16

enum flag {
	FLAG_4096 = 1,
	FLAG_TO_GO = 2,
	FLAG_OWN_PLACES = 4,      /* the metadata lies where the block says */
	FLAG_READ_ONLY = 8,       /* the device */
	FLAG_NO_SECTOR_SIZE = 16, /* in sector 0 */
	FLAG_CLEAR_KEY = 32,      /* opened with what the clear key gives */
	FLAG_NO_KEY = 64,
	FLAG_ENCRYPT_ON_WRITE = 128 /* without a map */
};

static const uint64_t places[3] = {0x20000, 0x40000, 0x60000};
static uint8_t device[FUZZ_DEVICE_SIZE], block[FUZZ_AREA], copy[FUZZ_AREA];

struct input {
	uint8_t flags, copies, how;
	uint64_t size;
	const uint8_t *commands;
	size_t commands_len, block_len;
};

static bool take_input(const uint8_t *data, size_t size, struct input *in)
{
	if (size < CONTROL)
		return false;
	*in = (struct input){
	        .flags = data[0], .copies = data[1], .how = data[4] % FUZZ_VALIDATIONS};
	in->size = FUZZ_DEVICE_SIZE - 512 * (uint64_t)data[2];
	in->commands = data + CONTROL;
	in->commands_len = (size_t)VOLUME_IO_COMMAND * (data[3] % (COMMANDS_MAX + 1));
	if (size - CONTROL < in->commands_len)
		return false;
	in->block_len = size - CONTROL - in->commands_len;
	if (in->block_len < FUZZ_ENTRIES || in->block_len > FUZZ_AREA)
		return false;
	memset(block, 0, sizeof(block));
	memcpy(block, in->commands + in->commands_len, in->block_len);
	if (!(in->flags & FLAG_OWN_PLACES))
		for (size_t i = 0; i < 3; i++)
			put_le64(block + 32 + 8 * i, places[i]);
	return true;
}

static void put_copies(const struct input *in)
{
	size_t covered = (size_t)get_le16(block + 8) * 16;

	for (size_t i = 0; i < 3; i++) {
		uint64_t at = get_le64(block + 32 + 8 * i);
		if (!range_within(at, FUZZ_AREA, in->size))
			continue;
		memcpy(copy, block, sizeof(copy));
		if (in->copies >> (3 + i) & 1)
			copy[96] ^= (uint8_t)(i + 1); /* of the next nonce */
		fuzz_validate(copy, (enum fuzz_validation)in->how);
		if (in->copies >> i & 1)
			copy[covered / 2] ^= 0x40;
		memcpy(device + at, copy, sizeof(copy));
	}
}

static void put_boot_sector(const struct input *in)
{
	struct fuzz_boot_sector boot = {.to_go = in->flags & FLAG_TO_GO,
	        .encrypt_on_write = in->flags & FLAG_ENCRYPT_ON_WRITE,
	        .sector_size = in->flags & FLAG_4096 ? 4096 : 512};

	if (in->flags & FLAG_NO_SECTOR_SIZE)
		boot.sector_size = 0;
	for (size_t i = 0; i < 3; i++)
		boot.metadata[i] = get_le64(block + 32 + 8 * i);
	fuzz_boot_sector_put(device, &boot);
}

static bool below_end(const struct volume_rules *rules, uint64_t at)
{
	return at < rules->encrypted_end;
}

/* What must hold on the volume, by the metadata and not by what was read from it. */
static void make_rules(const struct input *in, struct volume_rules *rules)
{
	uint16_t state = get_le16(block + 12), next = get_le16(block + 14);

	rules->bytes = device;
	rules->size = in->size;
	rules->unit = in->flags & FLAG_4096 ? 4096 : 512;
	rules->device_writable = !(in->flags & FLAG_READ_ONLY);
	rules->volume_writable = rules->device_writable && (in->copies & 0x3f) == 0 &&
	                         state == next && !(in->flags & FLAG_ENCRYPT_ON_WRITE) &&
	                         (state == 4 || (state == 1 && in->how == FUZZ_OPEN_DIGEST));
	for (size_t i = 0; i < 3; i++)
		if (!range_within(get_le64(block + 32 + 8 * i), FUZZ_AREA, in->size))
			rules->volume_writable = false;
	rules->method = get_le16(block + 100);
	rules->is_encrypted = below_end;
	/* A sector of which the watermark cuts off a part is encrypted. */
	rules->encrypted_end = state == 1 ? 0 : get_le64(block + 16);
}

/* Once the metadata was accepted: the places it names are on the device. */
static void make_ranges(struct volume_rules *rules)
{
	rules->header_len = (uint64_t)get_le32(block + 28) * rules->unit;
	rules->header_at = get_le64(block + 56);
	for (size_t i = 0; i < 3; i++)
		volume_forbid(rules, get_le64(block + 32 + 8 * i), FUZZ_AREA);
	volume_forbid(rules, rules->header_at, rules->header_len);
	if (get_le16(block + 12) != 2)
		return;
	size_t before = rules->forbidden_count;
	volume_forbid(rules, get_le64(block + 16), get_le32(block + 24));
	if (rules->forbidden_count > before)
		rules->converting = rules->forbidden[before];
}

static void open_and_use(struct block_device *dev, const struct bitlocker *b,
        const struct input *in, struct volume_rules *rules)
{
	CLEANUP_SECRET struct secret *vmk = secret_copy(fuzz_vmk, sizeof(fuzz_vmk));
	CLEANUP_SECRET struct secret *clear = NULL;
	CLEANUP_BLOCK struct block_device *volume = NULL;
	struct error err = {0};

	must(vmk);
	if (in->flags & FLAG_CLEAR_KEY)
		must_explain(bitlocker_clear_key(b, &clear, &err), &err);
	const struct secret *key = clear ? clear : vmk;
	int r = bitlocker_open(dev, b, in->flags & FLAG_NO_KEY ? NULL : key, &volume, &err);
	must_explain(r, &err);
	if (r < 0) {
		must(!volume);
		return;
	}
	bool decrypted = get_le16(block + 12) == 1;
	must(decrypted || (in->how == FUZZ_SEALED_DIGEST && !(in->flags & FLAG_NO_KEY)));
	must(in->how != FUZZ_WRONG_DIGEST || in->flags & FLAG_NO_KEY);
	make_ranges(rules);
	volume_io_run(volume, in->commands, in->commands_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	struct volume_rules rules = {0};
	struct fuzz_key fvek;
	struct error err = {0};
	struct input in;

	must(sodium_init() >= 0);
	if (!take_input(data, size, &in) || !fuzz_seal_entries(block, &fvek))
		return 0;
	fuzz_noise(device);
	put_boot_sector(&in);
	put_copies(&in);
	make_rules(&in, &rules);
	rules.key = &fvek;
	struct block_device *dev = volume_io_device(&rules);
	int r = bitlocker_parse(dev, &b, &err);
	must_explain(r, &err);
	must((r == 0) == (b != NULL));
	if (r == 0) {
		volume_words_check(bitlocker_info(b));
		open_and_use(dev, b, &in, &rules);
	}
	return 0;
}

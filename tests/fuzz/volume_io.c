/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/volume_io.h"
#include "fixer/bitlocker/bitlocker.h"
#include "tests/generators/bitlocker_crypto.h"

#include <errno.h>

#define LENGTH_MAX (96 * 1024) /* more than the volume handles at once */

enum knowledge { UNKNOWN, KNOWN, FORBIDDEN };

/* What the volume holds, as far as it was read or written; what is forbidden reads as zero. */
static uint8_t model[FUZZ_DEVICE_SIZE];
static uint8_t knowledge[FUZZ_DEVICE_SIZE / 512]; /* by sector */
static uint8_t buffer[LENGTH_MAX + 2 * 4096];

/* The write that is being done: what of the volume may change, in whole sectors. */
static uint64_t write_start, write_end;
static size_t writes;
static struct volume_rules *rules;
static bool failing; /* the device below: no byte can be read */

void volume_words_check(const struct bitlocker_info *info)
{
	char openers[200], words[BITLOCKER_CONDITION_TEXT];

	must(bitlocker_method_name(info->method)[0] && bitlocker_method_words(info->method)[0]);
	must(bitlocker_condition_name(bitlocker_condition(info))[0]);
	bitlocker_condition_words(info, words, sizeof(words));
	must(is_clean(words, sizeof(words)) && words[0]);
	bitlocker_openers(info, openers, sizeof(openers));
	must(is_clean(openers, sizeof(openers)) && openers[0]);
	must(bitlocker_percent(info) <= 100 && info->encrypted_bytes <= info->volume_size);
}

/* --- the device below ------------------------------------------------------------------------ */

static int device_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	(void)dev;
	if (failing)
		return -EIO;
	memcpy(buf, rules->bytes + offset, len);
	return 0;
}

static int device_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	uint64_t at = offset, header = rules->header_at;

	(void)dev;
	must(offset % rules->unit == 0 && len % rules->unit == 0 && len > 0);
	if (offset >= header && offset - header < rules->header_len) {
		at = offset - header;
		must(len <= rules->header_len - at);
	} else {
		must(offset >= rules->header_len &&
		        offset >= 512); /* not BitLocker's boot sector */
		for (uint64_t i = offset; i < offset + len; i += rules->unit)
			must(knowledge[i / rules->unit] != FORBIDDEN);
	}
	must(at >= write_start && len <= write_end && at <= write_end - len);
	memcpy(rules->bytes + offset, buf, len);
	writes++;
	return 0;
}

static void device_close(struct block_device *dev)
{
	(void)dev;
}

void volume_forbid(struct volume_rules *r, uint64_t start, uint64_t len)
{
	uint64_t whole = r->size / r->unit * r->unit;

	if (len == 0 || start >= whole)
		return;
	if (len > whole - start)
		len = whole - start;
	must(r->forbidden_count < VOLUME_IO_RANGES);
	r->forbidden[r->forbidden_count].start = start / r->unit * r->unit;
	r->forbidden[r->forbidden_count++].end = (start + len + r->unit - 1) / r->unit * r->unit;
}

struct block_device *volume_io_device(struct volume_rules *r)
{
	static const struct block_ops ops = {
	        .read = device_read, .write = device_write, .close = device_close};
	static struct block_device dev = {.ops = &ops, .name = "memory"};

	rules = r;
	write_start = write_end = writes = 0;
	dev.size = r->size;
	dev.sector_size = r->unit;
	dev.writable = r->device_writable;
	return &dev;
}

/* --- commands -------------------------------------------------------------------------------- */

/* Whole sectors, all of them on the volume: compared with the model, or taken over into it. */
static void read_sectors(struct block_device *volume, uint64_t start, uint64_t end)
{
	must(block_read(volume, start, buffer, (size_t)(end - start)) == 0);
	for (uint64_t at = start; at < end; at += rules->unit) {
		uint8_t *known = &knowledge[at / rules->unit];
		if (*known != UNKNOWN) {
			must(memcmp(buffer + (at - start), model + at, rules->unit) == 0);
			continue;
		}
		memcpy(model + at, buffer + (at - start), rules->unit);
		*known = KNOWN;
	}
}

/* Gives the sectors the range touches, cut to what lies on the volume. */
static void sectors_of(const struct block_device *volume, uint64_t offset, size_t len,
        uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t end = (offset + len + rules->unit - 1) / rules->unit * rules->unit;

	*ret_start = offset / rules->unit * rules->unit;
	*ret_end = end < volume->size ? end : volume->size;
	if (*ret_start > *ret_end)
		*ret_start = *ret_end;
}

static void do_read(struct block_device *volume, uint64_t offset, size_t len)
{
	uint64_t start, end;

	sectors_of(volume, offset, len, &start, &end);
	read_sectors(volume, start, end);
	int r = block_read(volume, offset, buffer, len);
	if (range_within(offset, len, volume->size))
		must(r == 0 && memcmp(buffer, model + offset, len) == 0);
	else
		must(r == -EINVAL);
}

/* The first byte of [offset, end) that is BitLocker's own, UINT64_MAX when there is none. */
static uint64_t first_forbidden(uint64_t offset, uint64_t end)
{
	for (uint64_t at = offset; at < end; at = (at / rules->unit + 1) * rules->unit)
		if (knowledge[at / rules->unit] == FORBIDDEN)
			return at;
	return UINT64_MAX;
}

/* What cannot be read is never taken for zeros. */
static void do_failing_read(struct block_device *volume, uint64_t offset, size_t len)
{
	bool forbidden = true;

	failing = true;
	int r = block_read(volume, offset, buffer, len);
	failing = false;
	if (!range_within(offset, len, volume->size)) {
		must(r == -EINVAL);
		return;
	}
	for (uint64_t at = offset / rules->unit * rules->unit; at < offset + len; at += rules->unit)
		forbidden = forbidden && knowledge[at / rules->unit] == FORBIDDEN;
	must(r == (forbidden ? 0 : -EIO));
}

static int expected_of_write(const struct block_device *volume, uint64_t offset, size_t len)
{
	if (!volume->writable)
		return -EROFS;
	if (!range_within(offset, len, volume->size))
		return -EINVAL;
	return first_forbidden(offset, offset + len) == UINT64_MAX ? 0 : -EPERM;
}

static void do_write(struct block_device *volume, uint64_t offset, size_t len, uint8_t pattern)
{
	uint64_t start, end;
	size_t before = writes;

	sectors_of(volume, offset, len, &start, &end);
	read_sectors(volume, start, end);
	int expected = expected_of_write(volume, offset, len);
	if (expected == 0) {
		memset(model + offset, pattern, len);
		put_le16(model + offset, (uint16_t)offset); /* no two sectors the same */
		write_start = start;
		write_end = end;
	}
	memset(buffer, pattern, len);
	put_le16(buffer, (uint16_t)offset);
	int r = block_write(volume, offset, buffer, len);
	write_start = write_end = 0;
	if (expected == 0)
		must(r == 0 && writes > before);
	else
		must(r < 0 && writes == before);
	if (expected == -EPERM)
		must(r == -EPERM &&
		        bitlocker_refused_at(volume) == first_forbidden(offset, offset + len));
	read_sectors(volume, start, end);
}

static void do_command(struct block_device *volume, const uint8_t *command)
{
	uint64_t offset = get_le32(command + 4) % (volume->size + 1024);
	size_t len = (size_t)get_le16(command + 2) + 2;

	if (command[0] & 2) /* long ones, and those that begin with a sector */
		len *= 2;
	if (command[0] & 4)
		offset = offset / rules->unit * rules->unit;
	if (len > LENGTH_MAX)
		len = LENGTH_MAX;
	if (command[0] & 8)
		do_failing_read(volume, offset, len);
	else if (command[0] & 1)
		do_write(volume, offset, len, command[1]);
	else
		do_read(volume, offset, len);
}

/* --- what it came to ------------------------------------------------------------------------- */

/* Each sector that is known lies on the device as its place wants it, by another implementation of
 * the ciphers. */
static void check_device(struct fve_cipher *cipher)
{
	static uint8_t sector[4096];

	for (uint64_t at = 0; at + rules->unit <= rules->size; at += rules->unit) {
		if (knowledge[at / rules->unit] != KNOWN)
			continue;
		uint64_t place = at < rules->header_len ? rules->header_at + at : at;
		memcpy(sector, model + at, rules->unit);
		if (rules->is_encrypted(rules, place))
			must(cipher && fve_cipher_encrypt(cipher, place, sector, rules->unit) == 0);
		must(memcmp(sector, rules->bytes + place, rules->unit) == 0);
	}
}

static void forget_range(uint64_t at, uint64_t end)
{
	for (; at < end; at += rules->unit) {
		memset(model + at, 0, rules->unit);
		knowledge[at / rules->unit] = FORBIDDEN;
	}
}

/* Nothing is known but what is forbidden. The volume's first sectors are elsewhere. */
static void forget(void)
{
	const struct volume_range *c = &rules->converting;

	memset(knowledge, UNKNOWN, sizeof(knowledge));
	for (size_t i = 0; i < rules->forbidden_count; i++) {
		uint64_t at = rules->forbidden[i].start;
		forget_range(
		        at > rules->header_len ? at : rules->header_len, rules->forbidden[i].end);
	}
	for (uint64_t at = 0; at < rules->header_len; at += rules->unit)
		if (rules->header_at + at >= c->start && rules->header_at + at < c->end)
			forget_range(at, at + rules->unit);
}

void volume_io_run(struct block_device *volume, const uint8_t *commands, size_t len)
{
	const struct fve_method *method = fve_method_by_id(rules->method);
	struct fve_cipher *cipher = NULL;

	must(volume->size == rules->size / rules->unit * rules->unit);
	must(volume->sector_size == rules->unit && volume->writable == rules->volume_writable);
	must(bitlocker_refused_at(volume) == UINT64_MAX);
	forget();
	for (; len >= VOLUME_IO_COMMAND; len -= VOLUME_IO_COMMAND, commands += VOLUME_IO_COMMAND)
		do_command(volume, commands);
	must(block_flush(volume) == 0);
	must(block_drop_cache(volume, 0, (size_t)volume->size) == 0);
	if (method && rules->key->len == method->fvek_len) /* fails for a key no volume can have */
		(void)fve_cipher_new(method, rules->unit, rules->key->key, &cipher);
	check_device(cipher);
	fve_cipher_free(cipher);
}

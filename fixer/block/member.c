/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where RAID software and firmware keeps its metadata. The facts are those util-linux' libblkid
 * detects it by (libblkid/src/superblocks, *_raid.c and lvm.c), which name the formats' own
 * sources: SNIA "Common RAID Disk Data Format" 2.0 for DDF, mdadm's super-intel.c for Intel, the
 * kernel's include/uapi/linux/raid/md_p.h for Linux RAID. AMD's RAIDXpert before 2014 uses
 * Promise's format; what came after it (RAIDXpert2) has no description in public and is not seen.
 */
#include "fixer/block/member.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <string.h>

#define PROBE_LEN 512 /* bytes read at each place */

/* Sum of the first words of 16 bits. */
static uint16_t sum16(const uint8_t *p, size_t words)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < words; i++)
		sum = (uint16_t)(sum + get_le16(p + 2 * i));
	return sum;
}

/* Signatures too short to be believed alone. */
static bool is_jmicron(const uint8_t *s)
{
	return sum16(s, 64) <= 1 && s[0x30] <= 5; /* checksum, RAID level */
}

static bool is_silicon_image(const uint8_t *s)
{
	uint16_t checksum = (uint16_t)-sum16(s, 0x13e / 2);

	return s[0x116] < 8 && checksum == get_le16(s + 0x13e); /* disk number */
}

static bool is_via(const uint8_t *s)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < 50; i++)
		sum = (uint8_t)(sum + s[i]);
	return s[2] <= 2 && sum == s[50]; /* version */
}

static bool is_md1(const uint8_t *s)
{
	return get_le32(s + 4) == 1; /* major version */
}

/* back: sectors before the end of the disk; 0: at byte `start`. */
static const struct mark {
	const char *kind;
	bool own_sectors; /* back counts the disk's sectors, otherwise 512 bytes */
	uint16_t back;
	uint16_t start;
	uint16_t at; /* the signature, from there */
	uint8_t len;
	const char *signature;
	bool (*check)(const uint8_t *s);
} marks[] = {
        {"Intel RST", true, 2, 0, 0, 24, "Intel Raid ISM Cfg Sig. ", NULL},
        {"SNIA DDF", true, 1, 0, 0, 4, "\xde\x11\xde\x11", NULL},
        {"SNIA DDF", true, 1, 0, 0, 4, "\x11\xde\x11\xde", NULL},
        {"SNIA DDF", true, 257, 0, 0, 4, "\xde\x11\xde\x11", NULL},
        {"SNIA DDF", true, 257, 0, 0, 4, "\x11\xde\x11\xde", NULL},
        {"NVIDIA RAID", false, 2, 0, 0, 6, "NVIDIA", NULL},
        {"LSI MegaIDE", false, 1, 0, 0, 6, "$XIDE$", NULL},
        {"Adaptec HostRAID", false, 1, 0, 0, 4, "\x37\xfc\x4d\x1e", NULL},
        {"JMicron RAID", false, 1, 0, 0, 2, "JM", is_jmicron},
        {"Silicon Image RAID", false, 1, 0, 0x60, 4, "\0\0\0\x2f", is_silicon_image},
        {"VIA RAID", false, 1, 0, 0, 2, "\x55\xaa", is_via},
        {"HighPoint RAID", false, 0, 9 * 512, 32, 4, "\xf0\x16\x78\x5a", NULL},
        {"HighPoint RAID", false, 0, 9 * 512, 32, 4, "\xfd\x16\x78\x5a", NULL},
        {"HighPoint RAID", false, 11, 0, 0, 4, "\xf3\x16\x78\x5a", NULL},
        {"HighPoint RAID", false, 11, 0, 0, 4, "\xfd\x16\x78\x5a", NULL},
        {"Linux RAID", false, 0, 0, 0, 4, "\xfc\x4e\x2b\xa9", is_md1},
        {"Linux RAID", false, 0, 4096, 0, 4, "\xfc\x4e\x2b\xa9", is_md1},
        {"LVM", false, 0, 0, 0, 8, "LABELONE", NULL},
        {"LVM", false, 0, 512, 0, 8, "LABELONE", NULL},
        {"LVM", false, 0, 1024, 0, 8, "LABELONE", NULL},
        {"LVM", false, 0, 1536, 0, 8, "LABELONE", NULL},
};

#define PROMISE_SIGNATURE "Promise Technology, Inc."

/* Sectors of 512 bytes before the end. */
static const uint16_t promise_places[] = {
        63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 1 when there, 0 when not (or the disk is too small), negative errno. */
static int has_mark(struct block_device *disk, const struct mark *m)
{
	uint64_t back = (uint64_t)m->back * (m->own_sectors ? disk->sector_size : 512);
	uint64_t at = m->back ? disk->size - back : m->start;
	uint8_t s[PROBE_LEN];

	if (back > disk->size || !range_within(at, sizeof(s), disk->size))
		return 0;
	int r = block_read(disk, at, s, sizeof(s));
	if (r < 0)
		return r;
	return memcmp(s + m->at, m->signature, m->len) == 0 && (!m->check || m->check(s));
}

static bool in_a_partition(const struct partition_table *t, uint64_t at)
{
	for (size_t i = 0; t && t->scheme != SCHEME_NONE && i < t->count; i++)
		if (at >= t->entries[i].start && at - t->entries[i].start < t->entries[i].size)
			return true;
	return false;
}

/* Linux RAID 0.90 (of either byte order) and 1.0, whose place is rounded down from the end. */
static int has_md_at_end(struct block_device *disk, const struct partition_table *t)
{
	static const struct {
		uint64_t unit, back;
	} places[] = {{65536, 65536}, {4096, 8192}};
	uint8_t s[8];

	for (size_t i = 0; i < COUNT(places); i++) {
		uint64_t end = disk->size & ~(places[i].unit - 1);
		if (end < places[i].back || in_a_partition(t, end - places[i].back))
			continue;
		int r = block_read(disk, end - places[i].back, s, sizeof(s));
		if (r < 0)
			return r;
		if (get_le32(s) == 0xa92b4efc || memcmp(s, "\xa9\x2b\x4e\xfc", 4) == 0)
			return 1;
	}
	return 0;
}

static int has_promise(struct block_device *disk)
{
	struct mark m = {.len = sizeof(PROMISE_SIGNATURE) - 1, .signature = PROMISE_SIGNATURE};
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(promise_places); i++) {
		m.back = promise_places[i];
		r = has_mark(disk, &m);
	}
	return r;
}

int raid_member_probe(
        struct block_device *disk, const struct partition_table *table, const char **ret_kind)
{
	const char *kind = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(marks); i++) {
		kind = marks[i].kind;
		r = has_mark(disk, &marks[i]);
	}
	if (r == 0) {
		kind = "Promise or AMD RAID";
		r = has_promise(disk);
	}
	if (r == 0) {
		kind = "Linux RAID";
		r = has_md_at_end(disk, table);
	}
	if (r < 0)
		return r;
	*ret_kind = r ? kind : NULL;
	return 0;
}

/* --- what a disk is refused for --------------------------------------------------------------- */

/* A storage space's own signature: its metadata starts with it, whatever type the table names. */
static bool is_space(struct block_device *disk, const struct partition *p)
{
	uint8_t s[8];

	return p->size >= sizeof(s) && block_read(disk, p->start, s, sizeof(s)) == 0 &&
	       memcmp(s, "SPACEDB ", sizeof(s)) == 0;
}

static int find_dynamic(
        struct block_device *disk, const struct partition_table *table, struct error *err)
{
	for (size_t i = 0; table && i < table->count; i++) {
		const struct partition *p = &table->entries[i];
		bool space = is_space(disk, p);
		if (space || partition_is_dynamic(p))
			return error_set(err, -ENOTSUP, REASON_DYNAMIC_DISK,
			        "partition %u is %s: what lies where is written elsewhere",
			        p->number,
			        space ? "Windows Storage Spaces" : partition_type_name(p));
	}
	return 0;
}

int disk_refusal(struct block_device *disk, const struct partition_table *table, struct error *err)
{
	const char *kind;
	int r = raid_member_probe(disk, table, &kind);

	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "%s: the places where RAID metadata may lie cannot be read: %s", disk->name,
		        strerror(-r));
	if (kind)
		return error_set(err, -ENOTSUP, REASON_RAID_MEMBER,
		        "%s: %s metadata on it: it is, or was, part of a RAID set or pool",
		        disk->name, kind);
	return find_dynamic(disk, table, err);
}

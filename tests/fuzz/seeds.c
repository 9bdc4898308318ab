/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage: seeds DIRECTORY. Writes DIRECTORY/TARGET/seed for the targets whose input is not text. */
#include "appliance/supervisor/control.h"
#include "fixer/base/bytes.h"
#include "fixer/repair/bundle.h"
#include "fixer/repair/facts.h"
#include "fixer/repair/plan_internal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"
#include "tests/unit/fat_image.h"
#include "tests/unit/metadata_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define SECTOR 512

static const char *directory;

void put_seed(const char *target, const char *name, const void *data, size_t len)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, target);
	must(mkdir(path, 0755) == 0 || errno == EEXIST);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", directory, target, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

/* --- a plan: as a child answers it, and as a bundle --------------------------------------------
 */

static uint8_t old_bytes[3 * SECTOR], new_bytes[3 * SECTOR];

static void make_plan(struct plan *p, struct plan_run runs[2])
{
	static uint8_t content[] = "bad";

	runs[0] = (struct plan_run){8, 2, old_bytes, new_bytes, STAGE_INDEX};
	runs[1] = (struct plan_run){
	        20, 1, old_bytes + 2 * SECTOR, new_bytes + 2 * SECTOR, STAGE_REST};
	memset(new_bytes, 0x5a, sizeof(new_bytes));
	*p = (struct plan){.kind = PLAN_DELETE,
	        .sector_size = SECTOR,
	        .run_count = 2,
	        .sector_count = 3,
	        .runs = runs,
	        .file_count = 2,
	        .windows_count = 1};
	(void)snprintf(p->files[0].path, sizeof(p->files[0].path), "\\Windows\\a.sys");
	(void)snprintf(p->files[0].note, sizeof(p->files[0].note), "odd");
	p->files[0].name[0] = 'a';
	p->files[0].name_len = 1;
	p->files[0].acted = p->files[0].in_window = true;
	p->files[0].size = sizeof(content);
	p->files[0].content = content;
	p->files[0].metadata = metadata_sample();
	must(p->files[0].metadata);
	(void)snprintf(p->files[1].path, sizeof(p->files[1].path), "\\Windows\\b.sys");
	p->files[1].reason = REASON_OUTSIDE_WINDOW;
}

/* The first byte of the input is 0: sectors of 512 bytes. */
static void plan_seed(const struct plan *plan, const char *name)
{
	struct ntfs_range ranges[] = {{8 * SECTOR, 1000}, {20 * SECTOR, 1}};
	const struct ntfs_whitelist list = {2, ranges};
	struct buffer out;

	buffer_init(&out, 65536);
	must(buffer_append(&out, "", 1) == 0 && plan_encode(plan, &list, &out) == 0);
	put_seed("plan", name, out.data, out.len);
	buffer_free(&out);
}

/* Each kind of plan, for a volume that it is for. */
static void plan_seeds(const struct plan *plan)
{
	struct plan other = *plan;

	plan_seed(plan, "seed");
	other.journal = JOURNAL_UNCLEAN_V2;
	other.kind = PLAN_REPLAY_DELETE;
	plan_seed(&other, "replay-delete");
	other.kind = PLAN_RENAME;
	other.volume_flags = NTFS_FLAG_DIRTY;
	(void)snprintf(
	        other.files[0].renamed_to, sizeof(other.files[0].renamed_to), "\\Windows\\a.off");
	plan_seed(&other, "rename");
}

static void sddl_seed(const struct plan *plan)
{
	const struct ntfs_metadata *m = plan->files[0].metadata;

	put_seed("sddl", "seed", m->descriptor, m->descriptor_size);
}

/* What the children of inspect answer. */
static void facts_seed(void)
{
	static struct volume_facts facts = {.windows_count = 2};
	static const uint64_t roots[WINDOWS_MAX] = {64, 65};
	static const struct windows_version version = {
	        .product = "Windows 11 Pro", .build = 22631, .computer = "PC"};
	static const struct windows_evidence evidence = {
	        .crash = {CRASH_MINIDUMP, "\\Windows\\a.dmp",
	                {DUMP_SMALL, 22631, 0x50, {1, 2, 3, 4}, 133658317310000000, "csagent.sys"}},
	        .folder_count = 1,
	        .folders = {{"\\Windows", 1, 133658317310000000, 133658317310000000}}};
	struct buffer out;

	facts.description.size = 1 << 30;
	(void)snprintf(facts.windows[0].directory, sizeof(facts.windows[0].directory), "\\Windows");
	buffer_init(&out, 65536);
	must(buffer_append(&out, "", 1) == 0 && facts_encode(&facts, roots, &out) == 0);
	put_seed("facts", "volume", out.data, out.len);
	out.len = 0;
	must(buffer_append(&out, "\1", 1) == 0 && version_encode(&version, &out) == 0);
	put_seed("facts", "version", out.data, out.len);
	out.len = 0;
	must(buffer_append(&out, "\2", 1) == 0 && evidence_encode(&evidence, &out) == 0);
	put_seed("facts", "evidence", out.data, out.len);
	buffer_free(&out);
}

/* The tar behind a 0, the manifest behind a 1. */
static void bundle_seed(const struct plan *plan)
{
	static uint8_t tar[65536];
	const struct partition_table table = {.scheme = SCHEME_GPT};
	const struct bundle_origin origin = {"host", "recipe", &table, 1 << 20, 1, ""};
	struct bundle *b = NULL;

	must(bundle_encode(plan, &origin, &b, NULL) == 0);
	size_t len = ZSTD_decompress(tar + 1, sizeof(tar) - 1, b->bytes, b->len - BUNDLE_SEAL);
	must(!ZSTD_isError(len));
	put_seed("bundle", "tar", tar, len + 1);
	char *text = json_dumps(b->manifest, JSON_COMPACT);
	must(text && strlen(text) < sizeof(tar));
	tar[0] = 1;
	memcpy(tar + 1, text, strlen(text));
	put_seed("bundle", "manifest", tar, strlen(text) + 1);
	free(text);
	bundle_free(b);
}

/* --- records and packets -----------------------------------------------------------------------
 */

static void control_seed(void)
{
	struct control_message m = {.type = CONTROL_DHCP, .kind = CONTROL_DHCP_BOOT_FILE};

	(void)snprintf(m.ip, sizeof(m.ip), "10.0.0.9");
	(void)snprintf(m.text, sizeof(m.text), "ipxe.efi");
	put_seed("control", "dhcp", &m, sizeof(m));
	m = (struct control_message){.type = CONTROL_SYNC_DONE, .id = 7, .ok = 1};
	put_seed("control", "sync", &m, sizeof(m));
}

/* A DHCPDISCOVER of Windows that asks for 10.0.0.9. */
static void watch_seed(void)
{
	static const uint8_t options[] =
	        "\x63\x82\x53\x63\x35\x01\x01\x3c\x08MSFT 5.0\x32\x04\x0a\0\0\x09\xff";
	uint8_t packet[28 + 236 + sizeof(options)] = {0x45};

	memcpy(packet + 28, "\x01\x01\x06", 3);
	memcpy(packet + 28 + 28, "\x52\x54\0\x12\x34\x56", 6);
	memcpy(packet + 28 + 236, options, sizeof(options));
	put_seed("watch", "seed", packet, sizeof(packet));
}

/* --- firmware and disks ------------------------------------------------------------------------
 */

static size_t put_utf16(uint8_t *p, const char *text)
{
	size_t len = strlen(text) + 1;

	for (size_t i = 0; i < len; i++)
		put_le16(p + 2 * i, (unsigned char)text[i]);
	return 2 * len;
}

/* Attributes, length of the path list, description; a file node, a network node, the end. */
static void load_option_seed(void)
{
	uint8_t option[512] = {1}, *p = option + 6;

	p += put_utf16(p, "Windows");
	uint8_t *path = p;
	memcpy(p, "\x04\x04", 2);
	size_t text = put_utf16(p + 4, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
	put_le16(p + 2, (uint16_t)(4 + text));
	p += 4 + text;
	memcpy(p, "\x03\x0c\x1b\0", 4);
	p += 27;
	memcpy(p, "\x7f\xff\x04\0", 4);
	p += 4;
	put_le16(option + 4, (uint16_t)(p - path));
	put_seed("load_option", "seed", option, (size_t)(p - option));
}

/* A GPT of one partition, on a disk of 512 sectors; the target corrects the checksums. */
static void partition_seed(void)
{
	static uint8_t disk[1 + 2 * SECTOR + 128]; /* the table's other entries are zero */
	uint8_t *mbr = disk + 1, *h = mbr + SECTOR, *entry = h + SECTOR;

	mbr[446 + 4] = 0xee;
	put_le32(mbr + 446 + 8, 1);
	put_le32(mbr + 446 + 12, 511);
	memcpy(mbr + 510, "\x55\xaa", 2);
	memcpy(h, "EFI PART\0\0\x01\0", 12);
	put_le32(h + 12, 92);
	put_le64(h + 24, 1);
	put_le64(h + 32, 511);
	put_le64(h + 40, 34);
	put_le64(h + 48, 478);
	put_le64(h + 72, 2);
	put_le32(h + 80, 128);
	put_le32(h + 84, 128);
	memset(entry, 0x11, 32);
	put_le64(entry + 32, 40);
	put_le64(entry + 40, 99);
	(void)put_utf16(entry + 56, "Basic data");
	put_seed("partition", "gpt", disk, sizeof(disk));
}

/* Two primary partitions and an extended one of two logical ones. */
static void mbr_seed(void)
{
	static uint8_t disk[1 + 21 * SECTOR];
	static const struct {
		uint32_t record, index, type, start, count;
	} entries[] = {
	        {0, 0, 0x07, 1, 4},
	        {0, 1, 0x27, 5, 5},
	        {0, 2, 0x0f, 10, 300},
	        {10, 0, 0x07, 1, 9},
	        {10, 1, 0x05, 10, 100},
	        {20, 0, 0x07, 1, 50},
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		uint8_t *record = disk + 1 + (size_t)entries[i].record * SECTOR;
		uint8_t *entry = record + 446 + (size_t)16 * entries[i].index;
		entry[4] = (uint8_t)entries[i].type;
		put_le32(entry + 8, entries[i].start);
		put_le32(entry + 12, entries[i].count);
		memcpy(record + 510, "\x55\xaa", 2);
	}
	put_seed("partition", "mbr", disk, sizeof(disk));
}

/* Each shape of directory, with clusters of 4096 and without changes; one whose file has another
 * sequence number, and one with a longer extension. */
static void rename_seed(void)
{
	static const char *const names[] = {"small", "leaves", "inner", "listed", "pieces"};
	static const uint8_t stale[] = {1, 3, 21, 16, 0, 1, 9},
	                     longer[] = {0, 8, 21, 162, 0, 1, 'x'};

	for (uint8_t shape = 0; shape < sizeof(names) / sizeof(names[0]); shape++)
		put_seed("rename", names[shape], (const uint8_t[]){shape, 3}, 2);
	put_seed("rename", "stale", stale, sizeof(stale));
	put_seed("rename", "longer", longer, sizeof(longer));
}

/* Each width; what follows is zeros. */
static void fat_seed(void)
{
	static const struct {
		const char *name;
		unsigned bits;
	} seeds[] = {{"fat12", 12}, {"fat16", 16}, {"fat32", 32}};
	static uint8_t volume[FAT_IMAGE_MAX];

	for (size_t i = 0; i < 3; i++) {
		memset(volume, 0, sizeof(volume));
		(void)fat_image_make(volume, seeds[i].bits);
		size_t len = FAT_IMAGE_USED;
		while (volume[len - 1] == 0)
			len--;
		put_seed("fat", seeds[i].name, volume, len);
	}
}

int main(int argc, char **argv)
{
	static struct plan plan;
	struct plan_run runs[2];

	must(argc == 2 && sodium_init() >= 0);
	directory = argv[1];
	must(mkdir(directory, 0755) == 0 || errno == EEXIST);
	make_plan(&plan, runs);
	plan_seeds(&plan);
	sddl_seed(&plan);
	facts_seed();
	bundle_seed(&plan);
	control_seed();
	watch_seed();
	load_option_seed();
	partition_seed();
	mbr_seed();
	rename_seed();
	fat_seed();
	bitlocker_seeds();
	ntfs_metadata_free(plan.files[0].metadata);
	return 0;
}

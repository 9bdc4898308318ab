/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The C: drive of a Windows 11 machine, small enough to be read whole under slow emulation. */
#include "tests/generators/tree.h"
#include "fixer/base/bytes.h"
#include "tests/generators/hive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB       1024u
#define MIB       (1024u * 1024u)
#define LARGEST   (2 * MIB)
#define INSTALLED 1684108800 /* 2023-05-15, when this Windows was set up */
#define SYSTEM32  "\\Windows\\System32\\"
#define DRIVERS   SYSTEM32 "drivers\\"

enum content { PROGRAM, HIVE, TEXT, NOISE };

struct known_file {
	const char *path;
	unsigned size;
	enum content content;
};

static const struct known_file known_files[] = {
        {SYSTEM32 "ntoskrnl.exe", 1 * MIB, PROGRAM},
        {SYSTEM32 "hal.dll", 100 * KIB, PROGRAM},
        {SYSTEM32 "winload.efi", 400 * KIB, PROGRAM},
        {SYSTEM32 "winresume.efi", 200 * KIB, PROGRAM},
        {SYSTEM32 "ci.dll", 180 * KIB, PROGRAM},
        {SYSTEM32 "ntdll.dll", 300 * KIB, PROGRAM},
        {SYSTEM32 "kernel32.dll", 150 * KIB, PROGRAM},
        {SYSTEM32 "smss.exe", 40 * KIB, PROGRAM},
        {SYSTEM32 "csrss.exe", 17 * KIB, PROGRAM},
        {SYSTEM32 "wininit.exe", 90 * KIB, PROGRAM},
        {SYSTEM32 "winlogon.exe", 120 * KIB, PROGRAM},
        {SYSTEM32 "lsass.exe", 60 * KIB, PROGRAM},
        {SYSTEM32 "services.exe", 140 * KIB, PROGRAM},
        {SYSTEM32 "svchost.exe", 55 * KIB, PROGRAM},
        {SYSTEM32 "license.rtf", 80 * KIB, TEXT},
        {"\\Windows\\explorer.exe", 500 * KIB, PROGRAM},
        {"\\Windows\\win.ini", 92, TEXT},
        {"\\Windows\\Boot\\EFI\\bootmgfw.efi", 300 * KIB, PROGRAM},
        {DRIVERS "ntfs.sys", 300 * KIB, PROGRAM},
        {DRIVERS "fvevol.sys", 110 * KIB, PROGRAM},
        {DRIVERS "tpm.sys", 50 * KIB, PROGRAM},
        {DRIVERS "disk.sys", 30 * KIB, PROGRAM},
        {DRIVERS "tcpip.sys", 300 * KIB, PROGRAM},
        {DRIVERS "storport.sys", 120 * KIB, PROGRAM},
        {DRIVERS "etc\\hosts", 824, TEXT},
        {DRIVERS "CrowdStrike\\csagent.sys", 900 * KIB, PROGRAM},
        {DRIVERS "CrowdStrike\\CSBoot.sys", 40 * KIB, PROGRAM},
        {DRIVERS "CrowdStrike\\CSDeviceControl.sys", 60 * KIB, PROGRAM},
        {DRIVERS "CrowdStrike\\CSFirmwareAnalysis.sys", 50 * KIB, PROGRAM},
        {DRIVERS "CrowdStrike\\cspcm4.sys", 45 * KIB, PROGRAM},
        {"\\Program Files\\CrowdStrike\\CSFalconService.exe", 600 * KIB, PROGRAM},
        {"\\Program Files\\CrowdStrike\\CSFalconContainer.exe", 300 * KIB, PROGRAM},
        {"\\ProgramData\\Package Cache\\WindowsSensor.x64.exe", 1 * MIB, PROGRAM},
        {SYSTEM32 "config\\SYSTEM.LOG1", 256 * KIB, NOISE},
        {SYSTEM32 "config\\SYSTEM.LOG2", 64 * KIB, NOISE},
        {SYSTEM32 "config\\SOFTWARE.LOG1", 256 * KIB, NOISE},
        {SYSTEM32 "config\\SOFTWARE.LOG2", 128 * KIB, NOISE},
        {SYSTEM32 "config\\SAM", 64 * KIB, HIVE},
        {SYSTEM32 "config\\SAM.LOG1", 32 * KIB, NOISE},
        {SYSTEM32 "config\\SAM.LOG2", 8 * KIB, NOISE},
        {SYSTEM32 "config\\SECURITY", 64 * KIB, HIVE},
        {SYSTEM32 "config\\SECURITY.LOG1", 32 * KIB, NOISE},
        {SYSTEM32 "config\\SECURITY.LOG2", 8 * KIB, NOISE},
        {SYSTEM32 "config\\DEFAULT", 256 * KIB, HIVE},
        {SYSTEM32 "config\\DEFAULT.LOG1", 64 * KIB, NOISE},
        {SYSTEM32 "config\\DEFAULT.LOG2", 8 * KIB, NOISE},
        {"\\Users\\Default\\NTUSER.DAT", 256 * KIB, HIVE},
        {"\\Users\\Public\\Documents\\desktop.ini", 278, TEXT},
        {"\\Users\\Public\\Documents\\\xc3\x9c"
         "bersicht \xe2\x80\x93 Gr\xc3\xb6\xc3\x9f"
         "en.docx",
                9 * KIB, NOISE},
        {"\\Users\\Public\\Documents\\\xe8\xb3\x87\xe6\x96\x99\\\xe4\xbc\x9a\xe8\xad\xb0\xe9\x8c"
         "\xb2.txt",
                3 * KIB, TEXT},
        {"\\Users\\Public\\Pictures\\\xf0\x9f\x8c\x8d.jpg", 20 * KIB, NOISE},
        {"\\Users\\Public\\Downloads\\setup.exe", 30 * KIB, PROGRAM},
        {"\\Windows\\Installer\\package.msi", 600 * KIB, TEXT},
        {"\\Windows\\Installer\\patch.msp", 300 * KIB, TEXT},
        {"\\Windows\\Logs\\CBS\\CBS.log", 400 * KIB, TEXT},
};

/* "regf" base block of a hive that was in use when the machine crashed (sequence numbers differ);
 * what follows is noise. */
static void write_hive_header(uint8_t *data, size_t size, const char *path)
{
	memset(data, 0, 4096);
	memcpy(data, "regf", 4);
	put_le64(data + 12, filetime_from_ns(TREE_LAST_DAY * 1000000000ll));
	put_le32(data + 20, 1);
	put_le32(data + 24, 5);
	put_le32(data + 32, 1);
	put_le32(data + 36, 0x20);
	put_le32(data + 40, (uint32_t)size - 4096);
	put_le32(data + 44, 1);
	gen_hive_stamp(data, strrchr(path, '\\') + 1, 1207, 1206);
	memcpy(data + 4096, "hbin", 4);
	put_le32(data + 4100, 0);
	put_le32(data + 4104, (uint32_t)size - 4096);
}

static void fill(struct tree *t, uint8_t *data, size_t size, enum content content, const char *path)
{
	static const char line[] =
	        "2024-07-18 09:00:00, Info                  CBS    no changes\r\n";

	if (content == TEXT) {
		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)line[i % (sizeof(line) - 1)];
		return;
	}
	gen_random_bytes(&t->random, data, size);
	if (content == HIVE)
		write_hive_header(data, size, path);
	if (content == PROGRAM && size >= 256) {
		memcpy(data, "MZ", 2);
		put_le32(data + 0x3c, 0x80);
		memcpy(data + 0x80, "PE\0\0\x64\x86", 6);
	}
}

static int put(struct tree *t, uint8_t *scratch, const struct known_file *k, int64_t modified)
{
	fill(t, scratch, k->size, k->content, k->path);
	return tree_put(t, &(struct gen_file){.path = k->path,
	                           .data = scratch,
	                           .size = k->size,
	                           .created = INSTALLED,
	                           .modified = modified,
	                           .attributes = GEN_ATTR_ARCHIVE});
}

/* On a small volume large files are cut to a size with which everything has room. */
static struct known_file fitting(const struct tree *t, const struct known_file *k)
{
	struct known_file fit = *k;

	if (t->volume_size < TREE_SMALL_VOLUME && fit.size > 32 * KIB)
		fit.size = 32 * KIB;
	return fit;
}

static int put_known(struct tree *t, uint8_t *scratch)
{
	int r = gen_ntfs_mkdir(t->ntfs, "\\Windows\\Installer");

	if (r == 0)
		r = gen_ntfs_compress_folder(t->ntfs, "\\Windows\\Installer");
	for (size_t i = 0; i < sizeof(known_files) / sizeof(known_files[0]) && r == 0; i++) {
		struct known_file k = fitting(t, &known_files[i]);
		r = put(t, scratch, &k,
		        k.content == HIVE || k.content == NOISE ? TREE_LAST_DAY
		                                                : INSTALLED + 86400);
	}
	return r;
}

/* Forms an NTFS reader must cope with: streams, a hard link, a hole, depth, length. */
static int put_odd(struct tree *t, uint8_t *scratch)
{
	static const char zone[] = "[ZoneTransfer]\r\nZoneId=3\r\n";
	static const char sparse[] = "\\ProgramData\\Microsoft\\Search\\Data\\index.jfm";
	static const char store[] =
	        "\\Windows\\WinSxS\\amd64_microsoft-windows-notepad\\notepad.exe";
	static const struct known_file linked = {"\\Windows\\notepad.exe", 200 * KIB, PROGRAM};
	char path[512] = "\\Users\\Public\\Documents", *end;
	struct known_file k = {.path = path, .size = 700, .content = TEXT};

	for (unsigned i = 1; i <= 16; i++) {
		end = path + strlen(path);
		(void)snprintf(end, sizeof(path) - (size_t)(end - path), "\\level %02u", i);
	}
	end = path + strlen(path);
	(void)snprintf(end, sizeof(path) - (size_t)(end - path), "\\deep.txt");
	int r = put(t, scratch, &k, TREE_LAST_DAY);

	(void)snprintf(path, sizeof(path), "\\Users\\Public\\Documents\\%0200d.txt", 7);
	if (r == 0)
		r = put(t, scratch, &k, TREE_LAST_DAY);
	if (r == 0)
		r = gen_ntfs_add_stream(t->ntfs, "\\Users\\Public\\Downloads\\setup.exe",
		        "Zone.Identifier", zone, sizeof(zone) - 1);
	if (r == 0)
		r = put(t, scratch, &linked, INSTALLED + 86400);
	if (r == 0)
		r = gen_ntfs_link(t->ntfs, linked.path, store);
	if (r == 0)
		r = tree_note(t, store, scratch, linked.size);
	memset(scratch, 0, MIB);
	scratch[MIB - 1] = 1;
	if (r == 0)
		r = gen_ntfs_put_sparse(t->ntfs, &(struct gen_file){.path = sparse,
		                                         .size = MIB,
		                                         .created = INSTALLED,
		                                         .modified = TREE_LAST_DAY,
		                                         .attributes = GEN_ATTR_ARCHIVE});
	if (r == 0)
		r = tree_note(t, sparse, scratch, MIB);
	return r;
}

/* As many files as it takes, most of them small, so that all of it is some 30 MB. */
static int put_many(struct tree *t, uint8_t *scratch)
{
	static const char *const folders[] = {SYSTEM32, DRIVERS, SYSTEM32 "en-US\\",
	        "\\Windows\\Fonts\\", SYSTEM32 "DriverStore\\FileRepository\\",
	        "\\Windows\\Prefetch\\", "\\Windows\\WinSxS\\", "\\Program Files\\Common Files\\",
	        "\\Program Files\\Windows Defender\\", "\\Program Files (x86)\\Microsoft\\Edge\\",
	        "\\ProgramData\\Microsoft\\", "\\Users\\user\\AppData\\Local\\",
	        "\\Users\\user\\Documents\\"};
	static const char *const words[] = {"api", "audio", "comp", "crypt", "device", "display",
	        "font", "input", "net", "policy", "print", "service", "shell", "storage", "update",
	        "wdi"};
	static const char *const extensions[] = {
	        "dll", "exe", "sys", "mui", "dat", "xml", "inf", "log"};
	char path[160];
	int r = 0;

	for (unsigned i = 0; t->made < t->files && r == 0; i++) {
		const char *folder = folders[gen_random_below(&t->random, 13)];
		unsigned kind = gen_random_below(&t->random, 8);
		(void)snprintf(path, sizeof(path), "%s%s%s%04x.%s", folder,
		        words[gen_random_below(&t->random, 16)],
		        words[gen_random_below(&t->random, 16)], i, extensions[kind]);
		struct known_file k = {.path = path,
		        .size = 100 + gen_random_below(
		                              &t->random, 128u << gen_random_below(&t->random, 8)),
		        .content = kind < 3 ? PROGRAM : NOISE};
		r = put(t, scratch, &k,
		        INSTALLED + gen_random_below(&t->random, TREE_LAST_DAY - INSTALLED));
	}
	return r;
}

/* The paging files come last: they are large, nothing of them is ever read, and not in the
 * manifest. */
static int put_paging(struct tree *t)
{
	uint64_t size = t->volume_size / 8 / MIB * MIB;
	struct gen_file file = {.path = "\\pagefile.sys",
	        .created = INSTALLED,
	        .modified = TREE_LAST_DAY,
	        .attributes = GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM};

	file.size = size > 64 * MIB ? 64 * MIB : (size_t)size;
	int r = t->dumps & TREE_DUMP_PAGEFILE ? tree_put_dump_paging(t)
	                                      : gen_ntfs_reserve(t->ntfs, &file);
	file.path = "\\swapfile.sys";
	file.size = file.size / 4;
	if (r == 0)
		r = gen_ntfs_reserve(t->ntfs, &file);
	return r;
}

int tree_make_windows(struct tree *t)
{
	uint8_t *scratch = malloc(LARGEST);

	if (!scratch)
		return -ENOMEM;
	gen_random_init(&t->random, t->seed, "windows");
	buffer_init(&t->manifest, 16 * 1024 * 1024);
	int r = put_known(t, scratch);
	if (r == 0)
		r = tree_put_hives(t, INSTALLED);
	if (r == 0)
		r = put_odd(t, scratch);
	if (r == 0)
		r = tree_put_channel_files(t);
	if (r == 0)
		r = put_many(t, scratch);
	if (r == 0)
		r = tree_put_dumps(t);
	if (r == 0)
		r = put_paging(t);
	if (r == 0)
		r = gen_ntfs_settle(t->ntfs, TREE_LAST_DAY);
	free(scratch);
	return r;
}

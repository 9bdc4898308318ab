/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkdisk's arguments: one row each says what it is called, what it takes and where that goes. */
#include "tests/generators/disk.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024ull * 1024)

struct row {
	const char *name, *argument, *help; /* no argument: NULL */
	bool (*take)(const struct row *row, struct disk_options *o, const char *text);
	size_t at; /* in struct disk_options */
	uint64_t min, max, unit;
};

static void *field(const struct row *row, struct disk_options *o)
{
	return (char *)o + row->at;
}

/* A number from row->min to row->max. */
static bool parse(const struct row *row, const char *text, int base, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, base);
	if (errno != 0 || end == text || *end || *text == '-' || value < row->min ||
	        value > row->max)
		return false;
	*ret = value;
	return true;
}

static bool take_flag(const struct row *row, struct disk_options *o, const char *text)
{
	(void)text;
	*(bool *)field(row, o) = true;
	return true;
}

static bool take_text(const struct row *row, struct disk_options *o, const char *text)
{
	*(const char **)field(row, o) = text;
	return strlen(text) <= row->max;
}

static bool take_count(const struct row *row, struct disk_options *o, const char *text)
{
	uint64_t value = 0;
	bool good = parse(row, text, 10, &value);

	*(unsigned *)field(row, o) = (unsigned)(value * row->unit);
	return good;
}

static bool take_size(const struct row *row, struct disk_options *o, const char *text)
{
	uint64_t value = 0;
	bool good = parse(row, text, 10, &value);

	*(uint64_t *)field(row, o) = value * row->unit;
	return good;
}

static bool take_kind(const struct row *row, struct disk_options *o, const char *text)
{
	(void)text;
	o->kind = (enum disk_kind)row->min;
	return true;
}

static bool take_form(const struct row *row, struct disk_options *o, const char *text)
{
	(void)text;
	o->fve.form = (enum fve_form)row->min;
	return true;
}

static bool take_sector_size(const struct row *row, struct disk_options *o, const char *text)
{
	return take_count(row, o, text) && (o->sector_size == 512 || o->sector_size == 4096);
}

static bool take_method(const struct row *row, struct disk_options *o, const char *text)
{
	const struct fve_method *method = fve_method_by_name(text);

	(void)row;
	o->fve.method = method ? method->id : 0;
	return method;
}

static bool take_places(const struct row *row, struct disk_options *o, const char *text)
{
	(void)row;
	return disk_places_by_name(text, &o->places);
}

static bool take_dump(const struct row *row, struct disk_options *o, const char *text)
{
	static const struct {
		const char *name;
		unsigned dump;
	} places[] = {{"memory", TREE_DUMP_MEMORY}, {"mini", TREE_DUMP_MINI},
	        {"pagefile", TREE_DUMP_PAGEFILE}};

	(void)row;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(text, places[i].name) == 0) {
			o->dumps |= places[i].dump;
			return true;
		}
	return false;
}

static bool take_unclean(const struct row *row, struct disk_options *o, const char *text)
{
	(void)row;
	o->unclean = strcmp(text, "1.1") == 0 ? 1 : strcmp(text, "2.0") == 0 ? 2 : 0;
	return o->unclean;
}

static bool take_pending(const struct row *row, struct disk_options *o, const char *text)
{
	(void)row;
	o->pending = strcmp(text, "elsewhere") == 0 ? DISK_PENDING_ELSEWHERE
	             : strcmp(text, "beside") == 0  ? DISK_PENDING_BESIDE
	                                            : DISK_PENDING_NOTHING;
	return o->pending;
}

static bool take_hex(const struct row *row, struct disk_options *o, const char *text)
{
	uint64_t value = 0;
	bool good = parse(row, text, 16, &value);

	*(unsigned *)field(row, o) = (unsigned)value;
	return good;
}

static bool take_state(const struct row *row, struct disk_options *o, const char *text)
{
	(void)row;
	if (text[0] < '1' || text[0] > '9' || text[1] != '/' || text[2] < '1' || text[2] > '9' ||
	        text[3])
		return false;
	o->fve.curr_state = (unsigned)(text[0] - '0');
	o->fve.next_state = (unsigned)(text[2] - '0');
	return true;
}

static bool take_encrypt_on_write(const struct row *row, struct disk_options *o, const char *text)
{
	o->fve.encrypt_on_write = true;
	return take_count(row, o, text);
}

#define AT(field)  offsetof(struct disk_options, field)
#define FLAG(f)    take_flag, AT(f), 0, 0, 0
#define TEXT(f, n) take_text, AT(f), 0, n, 0
#define PATH_LIMIT 4000

static const struct row rows[] = {
        {"output", "FILE", "the disk; what is on it goes to FILE.json", TEXT(output, PATH_LIMIT)},
        {"bitlocker", NULL, "C: is a BitLocker volume (what happens if nothing is said)", take_kind,
                0, DISK_BITLOCKER, 0, 0},
        {"plain", NULL, "C: is plain NTFS", take_kind, 0, DISK_PLAIN, 0, 0},
        {"no-windows", NULL, "plain NTFS with data only", take_kind, 0, DISK_NO_WINDOWS, 0, 0},
        {"no-ntfs", NULL, "a Linux disk", take_kind, 0, DISK_NO_NTFS, 0, 0},
        {"volume-only", NULL, "FILE is C: alone, without a partition table", FLAG(volume_only)},
        {"sha256", NULL, "of C: in FILE.json, as of a volume alone", FLAG(sha256)},
        {"name", "NAME", "the machine's name (WS-0001)", TEXT(name, 64)},
        {"seed", "N", "same seed and options: same bytes (1)", take_size, AT(seed), 0, INT64_MAX,
                1},
        {"size", "MIB", "of the disk (1024); a volume alone takes 24 or more", take_size, AT(size),
                1, 1024 * 1024, MIB},
        {"sector-size", "512|4096", "(512)", take_sector_size, AT(sector_size), 512, 4096, 1},
        {"esp-dir", "DIR", "copy everything in DIR onto the ESP", TEXT(esp_dir, PATH_LIMIT)},
        {"files", "N", "about how many files on C: (3000)", take_count, AT(files), 0, 100000, 1},
        {"bad-files", "N", "channel files 291 of the bad window, 0 to 8 (1)", take_count,
                AT(bad_files), 0, TREE_MAX_BAD, 1},
        {"good-291", NULL, "also one channel file 291 of 05:40", FLAG(good_291)},
        {"dump", "WHERE", "a crash dump: memory, mini or pagefile; more than once", take_dump, 0, 0,
                0, 0},
        {"safe-boot", "MODE", "a BCD on the ESP: none, minimal, network or dsrepair",
                TEXT(safe_boot, 16)},
        {"unclean", "1.1|2.0", "the journal is not clean, in this version", take_unclean, 0, 0, 0,
                0},
        {"pending", "WHERE",
                "it tells of files not there yet: elsewhere, or also beside the bad ones",
                take_pending, 0, 0, 0, 0},
        {"method", "NAME",
                "xts-aes-128 or -256, aes-cbc-128 or -256, aes-cbc-128-diffuser or -256-",
                take_method, 0, 0, 0, 0},
        {"full-encryption", NULL, "encrypt unused clusters too", FLAG(fve.full)},
        {"recovery-protectors", "N", "recovery passwords, 0 to 8 (1)", take_count,
                AT(fve.recovery_passwords), 0, FVE_MAX_PASSWORDS, 1},
        {"passphrase", "TEXT", "a passphrase, UTF-8", TEXT(fve.passphrase, 1024)},
        {"startup-key", "FILE", "a startup key, written to FILE as .BEK",
                TEXT(startup_key, PATH_LIMIT)},
        {"no-tpm", NULL, "no TPM", FLAG(fve.no_tpm)},
        {"tpm-pin", NULL, "a TPM with PIN", FLAG(fve.tpm_pin)},
        {"certificate", NULL, "a certificate (smart card)", FLAG(fve.certificate)},
        {"clear-key", NULL, "suspended: a clear key beside the other protectors",
                FLAG(fve.clear_key)},
        {"bad-copies", "N", "damage the first N of the three metadata copies (0)", take_count,
                AT(fve.bad_copies), 0, FVE_COPIES, 1},
        {"copies-differ", NULL, "three good metadata copies that are not the same",
                FLAG(fve.copies_differ)},
        {"unknown-entries", NULL, "datums of unknown roles and types among the others",
                FLAG(fve.unknown_entries)},
        {"stretch-flags", "HEX", "of recovery passwords and passphrase (0)", take_hex,
                AT(fve.stretch_flags), 0, 0xffff, 0},
        {"places", "WHICH",
                "spread, low, high or reversed: metadata copies and moved header (spread)",
                take_places, 0, 0, 0, 0},
        {"header-sectors", "N", "how many sectors are moved from the start (8 KiB)", take_count,
                AT(fve.header_sectors), 1, 1 << 16, 1},
        {"state", "C/N", "state and the one it is on the way to, as 5/1 (4/4)", take_state, 0, 0, 0,
                0},
        {"encrypted-size", "MIB", "plaintext lies beyond (all; in states 2, 3 and 5: half)",
                take_size, AT(fve.encrypted_size), 1, 1024 * 1024, MIB},
        {"to-go", NULL, "a stick: FAT, MSWIN4.1, more than 5 MB moved", take_form, 0, FVE_TO_GO, 0,
                0},
        {"vista", NULL, "metadata of version 1", take_form, 0, FVE_VISTA, 0, 0},
        {"sector-size-zero", NULL, "the boot sector does not tell the sector size",
                FLAG(fve.sector_size_zero)},
        {"conversion-size", "KIB", "of the buffer that state 2 has there (64)", take_size,
                AT(fve.conversion_size), 1, 65536, 1024},
        {"grow", "MIB", "so much of the volume is unknown to the metadata", take_size, AT(fve.grow),
                1, 1024 * 1024, MIB},
        {"shrink", "MIB", "the metadata knows of so much more volume", take_size, AT(fve.shrink), 1,
                1024 * 1024, MIB},
        {"encrypt-on-write", "PERCENT", "so many chunks are encrypted, as bitmaps tell",
                take_encrypt_on_write, AT(fve.encrypted_percent), 0, 100, 1},
        {"chunk-size", "KIB", "of those (64, on large volumes more)", take_count,
                AT(fve.chunk_size), 1, 65536, 1024},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void disk_print_usage(void)
{
	(void)fputs("usage: mkdisk --output FILE [options]\n", stderr);
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];
		(void)snprintf(left, sizeof(left), "--%s %s", rows[i].name,
		        rows[i].argument ? rows[i].argument : "");
		(void)fprintf(stderr, "  %-26s %s\n", left, rows[i].help);
	}
}

bool disk_parse_options(int argc, char **argv, struct disk_options *ret)
{
	struct option options[ROWS + 1] = {0};
	int found, index;

	*ret = (struct disk_options){.name = "WS-0001",
	        .seed = 1,
	        .size = 1024 * MIB,
	        .sector_size = 512,
	        .files = 3000,
	        .bad_files = 1,
	        .fve.recovery_passwords = 1};
	for (size_t i = 0; i < ROWS; i++)
		options[i] = (struct option){.name = rows[i].name,
		        .has_arg = rows[i].argument ? required_argument : no_argument};
	while ((found = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (found != 0)
			return false;
		if (!rows[index].take(&rows[index], ret, optarg)) {
			(void)fprintf(stderr, "mkdisk: %s is nothing for --%s\n", optarg,
			        rows[index].name);
			return false;
		}
	}
	if (optind != argc || !ret->output)
		return false;
	ret->fve.startup_key = ret->startup_key;
	bool stick = ret->volume_only && ret->kind == DISK_BITLOCKER;
	if ((ret->volume_only && ret->kind == DISK_NO_NTFS) ||
	        (ret->fve.form == FVE_TO_GO && !stick)) {
		(void)fputs("mkdisk: --volume-only needs a volume of NTFS or BitLocker, --to-go "
		            "needs --volume-only and BitLocker\n",
		        stderr);
		return false;
	}
	if (ret->pending && !ret->unclean) {
		(void)fputs("mkdisk: --pending needs --unclean\n", stderr);
		return false;
	}
	return true;
}

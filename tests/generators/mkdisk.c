/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkdisk: a disk as Windows 11 lays it out, for the tests. */
#include "tests/generators/disk.h"
#include "tests/generators/run.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * libntfs-3g stamps what it makes with this clock, sorts names by those stamps and leaves them in
 * unused bytes. Here the clock stands still, so that the same seed gives the same disk.
 */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = TREE_JULY};
	return 0;
}

static const char usage[] =
        "usage: mkdisk --output DISK.raw [options]\n"
        "  --bitlocker | --plain | --no-windows | --no-ntfs   what C: is (bitlocker)\n"
        "  --name NAME                the machine's name (WS-0001)\n"
        "  --seed N                   same seed and options: same bytes (1)\n"
        "  --size MIB                 of the disk (1024)\n"
        "  --sector-size 512|4096     (512)\n"
        "  --esp-dir DIR              copy everything in DIR onto the ESP\n"
        "  --files N                  about how many files on C: (3000)\n"
        "  --bad-files N              channel files 291 of the bad window, 0 to 8 (1)\n"
        "  --good-291                 also one channel file 291 of 05:40\n"
        "  --recovery-protectors N    recovery passwords, 0 to 8 (1)\n"
        "  --full-encryption          encrypt unused clusters too\n"
        "  --clear-key                suspended: a clear key beside the other protectors\n"
        "  --bad-copies N             damage the first N of the three metadata copies (0)\n";

enum {
	OPT_OUTPUT = 256,
	OPT_KIND,
	OPT_NAME,
	OPT_SEED,
	OPT_SIZE,
	OPT_SECTOR,
	OPT_ESP_DIR,
	OPT_FILES,
	OPT_BAD_FILES,
	OPT_GOOD_291,
	OPT_RECOVERY,
	OPT_FULL,
	OPT_CLEAR,
	OPT_BAD_COPIES
};

static int kind = DISK_BITLOCKER;

static const struct option long_options[] = {
        {"output", required_argument, NULL, OPT_OUTPUT},
        {"bitlocker", no_argument, &kind, DISK_BITLOCKER},
        {"plain", no_argument, &kind, DISK_PLAIN},
        {"no-windows", no_argument, &kind, DISK_NO_WINDOWS},
        {"no-ntfs", no_argument, &kind, DISK_NO_NTFS},
        {"name", required_argument, NULL, OPT_NAME},
        {"seed", required_argument, NULL, OPT_SEED},
        {"size", required_argument, NULL, OPT_SIZE},
        {"sector-size", required_argument, NULL, OPT_SECTOR},
        {"esp-dir", required_argument, NULL, OPT_ESP_DIR},
        {"files", required_argument, NULL, OPT_FILES},
        {"bad-files", required_argument, NULL, OPT_BAD_FILES},
        {"good-291", no_argument, NULL, OPT_GOOD_291},
        {"recovery-protectors", required_argument, NULL, OPT_RECOVERY},
        {"full-encryption", no_argument, NULL, OPT_FULL},
        {"clear-key", no_argument, NULL, OPT_CLEAR},
        {"bad-copies", required_argument, NULL, OPT_BAD_COPIES},
        {NULL, 0, NULL, 0},
};

/* A decimal number from min to max, or the program ends. */
static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end || *text == '-' || value < min || value > max) {
		(void)fprintf(stderr, "mkdisk: %s is not a number from %ju to %ju\n", text,
		        (uintmax_t)min, (uintmax_t)max);
		exit(2);
	}
	return value;
}

static bool take_option(struct disk_options *o, int option)
{
	switch (option) {
	case 0: /* one of the kinds */
		return true;
	case OPT_OUTPUT:
		o->output = optarg;
		return true;
	case OPT_NAME:
		o->name = optarg;
		return strlen(optarg) <= 64;
	case OPT_SEED:
		o->seed = number(optarg, 0, INT64_MAX);
		return true;
	case OPT_SIZE:
		o->size = number(optarg, 1, 1024 * 1024) * 1024 * 1024;
		return true;
	case OPT_SECTOR:
		o->sector_size = (uint32_t)number(optarg, 512, 4096);
		return o->sector_size == 512 || o->sector_size == 4096;
	case OPT_ESP_DIR:
		o->esp_dir = optarg;
		return true;
	case OPT_FILES:
		o->files = (unsigned)number(optarg, 0, 100000);
		return true;
	case OPT_BAD_FILES:
		o->bad_files = (unsigned)number(optarg, 0, TREE_MAX_BAD);
		return true;
	case OPT_GOOD_291:
		o->good_291 = true;
		return true;
	case OPT_RECOVERY:
		o->recovery_protectors = (unsigned)number(optarg, 0, 8);
		return true;
	case OPT_FULL:
		o->full_encryption = true;
		return true;
	case OPT_CLEAR:
		o->clear_key = true;
		return true;
	case OPT_BAD_COPIES:
		o->bad_copies = (unsigned)number(optarg, 0, 3);
		return true;
	default:
		return false;
	}
}

static int make(struct disk *d)
{
	int r = disk_plan(d);

	if (r < 0)
		return r;
	d->fd = gen_create(d->options.output, d->options.size);
	if (d->fd < 0)
		return d->fd;
	r = gen_gpt_write(d->fd, d->options.size, d->options.sector_size, &d->id, d->partitions,
	        d->partition_count);
	if (r == 0 && d->options.kind != DISK_NO_NTFS)
		r = disk_write_windows(d);
	if (r == 0 && d->options.kind != DISK_NO_NTFS)
		r = disk_write_recovery(d);
	if (r == 0)
		r = disk_write_esp(d);
	if (r == 0)
		r = disk_write_json(d);
	if (close(d->fd) < 0 && r == 0)
		r = -errno;
	tree_free(&d->tree);
	return r;
}

int main(int argc, char **argv)
{
	struct disk d = {.options = {.name = "WS-0001",
	                         .seed = 1,
	                         .size = 1024ull * 1024 * 1024,
	                         .sector_size = 512,
	                         .files = 3000,
	                         .bad_files = 1,
	                         .recovery_protectors = 1}};
	int option;

	log_init("mkdisk", false);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!take_option(&d.options, option)) {
			(void)fputs(usage, stderr);
			return 2;
		}
	}
	if (!d.options.output || optind != argc) {
		(void)fputs(usage, stderr);
		return 2;
	}
	d.options.kind = (enum disk_kind)kind;
	int r = make(&d);
	if (r < 0) {
		log_error("no disk: %s", strerror(-r));
		(void)unlink(d.options.output);
	}
	return r < 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The FAT reader against volumes of mkfs.fat, filled by mtools until files lie in pieces; mtools
 * says what is in them. */
#include "fixer/block/file.h"
#include "fixer/fat/fat.h"
#include "tests/generators/esp.h"
#include "tests/generators/run.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#define LARGE_MAX (3 * 1024 * 1024)

static char folder[] = "/tmp/netmend-fat-XXXXXX";
static char image[64], file[64];

static const char *const made[] = {image, file};

struct format {
	const char *bits, *sector, *per_cluster;
	uint64_t size;
	size_t large; /* bytes of the file in pieces */
};

static const struct format formats[] = {
        {"12", "512", "1", 1440 * 1024, 200001},
        {"12", "512", "8", 8 << 20, 1000003},
        {"16", "512", "4", 16 << 20, 2000003},
        {"16", "2048", "1", 64 << 20, 777777},
        {"32", "512", "1", 48 << 20, 2000001},
        {"32", "512", "8", 300 << 20, 2500000},
        {"32", "4096", "1", 300 << 20, 1000001},
};

static void tool(const char *const argv[])
{
	assert_int_equal(gen_run(argv), 0);
}

static void format_volume(const struct format *f)
{
	int fd = gen_create(image, f->size);

	assert_true(fd >= 0 && close(fd) == 0);
	tool((const char *const[]){
	        "mkfs.fat", "-F", f->bits, "-S", f->sector, "-s", f->per_cluster, image, NULL});
}

static void put(const char *target, const uint8_t *bytes, size_t len)
{
	char path[128];

	assert_int_equal(gen_write_file(file, bytes, len, 0600), 0);
	(void)snprintf(path, sizeof(path), "::%s", target);
	tool((const char *const[]){"mcopy", "-o", "-i", image, file, path, NULL});
}

/* The bytes mtools reads. */
static size_t read_by_mtools(const char *target, uint8_t *out, size_t size)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "::%s", target);
	tool((const char *const[]){"mcopy", "-o", "-n", "-i", image, path, file, NULL});
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, size);
	assert_true(fd >= 0 && n >= 0 && close(fd) == 0);
	return (size_t)n;
}

/* Pieces between two files that stay, and a directory that grows over several clusters. */
static void make_holes(size_t clusters, size_t cluster)
{
	char name[64], path[128];
	uint8_t *bytes = calloc(1, cluster);

	assert_non_null(bytes);
	for (size_t i = 0; i < clusters; i++) {
		(void)snprintf(name, sizeof(name), "/EFI/Microsoft/Boot/a long name %zu.tmp", i);
		put(name, bytes, cluster);
	}
	for (size_t i = 0; i < clusters; i += 2) {
		(void)snprintf(path, sizeof(path), "::/EFI/Microsoft/Boot/a long name %zu.tmp", i);
		tool((const char *const[]){"mdel", "-i", image, path, NULL});
	}
	free(bytes);
}

static void check(const char *path, const char *mtools_path)
{
	static uint8_t ours[LARGE_MAX], theirs[LARGE_MAX];
	struct block_device *dev CLEANUP_BLOCK = NULL;
	struct error err = {0};
	struct fat_file found;
	struct fat fat;

	size_t len = read_by_mtools(mtools_path, theirs, sizeof(theirs));
	assert_int_equal(file_device_open(image, false, 0, &dev, &err), 0);
	assert_int_equal(fat_open(dev, &fat), 0);
	assert_int_equal(fat_find(&fat, path, &found), 0);
	assert_int_equal(found.size, len);
	memset(ours, 0xa5, sizeof(ours));
	assert_int_equal(fat_read(&fat, &found, ours, sizeof(ours)), 0);
	assert_memory_equal(ours, theirs, len);
	assert_int_equal(
	        fat_find(&fat, "\\EFI\\Microsoft\\Boot\\a long name 0.tmp", &found), -ENOENT);
}

/* On FAT32 mtools goes on behind what it gave last, unless the volume does not know that. */
static void forget_last(const struct format *f)
{
	uint64_t at = strtoul(f->sector, NULL, 10) + 492;

	if (strcmp(f->bits, "32") != 0)
		return;
	int fd = open(image, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(gen_pwrite(fd, "\xff\xff\xff\xff", 4, at), 0);
	assert_int_equal(close(fd), 0);
}

/* Whether the file lies in more than one run of clusters, as mtools shows it. */
static bool is_in_pieces(const char *target)
{
	char command[256], line[4096] = "";

	(void)snprintf(command, sizeof(command), "mshowfat -i %s ::%s", image, target);
	FILE *f = popen(command, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(pclose(f), 0);
	return strstr(line, "> <") != NULL;
}

static void test_every_width(void **state)
{
	static uint8_t large[LARGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *f = &formats[i];
		format_volume(f);
		tool((const char *const[]){"mmd", "-i", image, "::/EFI", "::/EFI/Microsoft",
		        "::/EFI/Microsoft/Boot", NULL});
		make_holes(40, strtoul(f->sector, NULL, 10) * strtoul(f->per_cluster, NULL, 10));
		forget_last(f);
		put("/EFI/Microsoft/Boot/BCD", large, f->large);
		assert_true(is_in_pieces("/EFI/Microsoft/Boot/BCD"));
		check("\\EFI\\Microsoft\\Boot\\BCD", "/EFI/Microsoft/Boot/BCD");
		check("\\efi\\MICROS~1\\boot\\a LONG name 39.tmp",
		        "/EFI/Microsoft/Boot/a long name 39.tmp");
	}
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(image, sizeof(image), "%s/image", folder);
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		(void)unlink(made[i]);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_width),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

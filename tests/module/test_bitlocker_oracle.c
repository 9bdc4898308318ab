/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What our layer writes, dislocker decrypts: for each kind of cipher, random writes go to a copy of
 * an image, then dislocker-file decrypts the whole device and every byte must be what our layer
 * shows.
 */
#include "fixer/block/file.h"
#include "tests/unit/bitlocker_helpers.h"

#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define WRITES 120

static char folder[] = "/tmp/netmend-oracle-XXXXXX";
static char image_path[64], plain_path[64];

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(image_path, sizeof(image_path), "%s/image", folder);
	(void)snprintf(plain_path, sizeof(plain_path), "%s/plain", folder);
	return bitlk_setup(state);
}

static int teardown(void **state)
{
	(void)unlink(image_path);
	(void)unlink(plain_path);
	(void)rmdir(folder);
	return bitlk_teardown(state);
}

/* A copy on disk, with holes where the image has zeros. */
static void write_copy(const struct bitlk_image *image)
{
	static const uint8_t zero[4096];
	int fd = open(image_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)image->size), 0);
	for (size_t at = 0; at < image->size; at += sizeof(zero))
		if (memcmp(image->bytes + at, zero, sizeof(zero)) != 0)
			assert_int_equal(pwrite(fd, image->bytes + at, sizeof(zero), (off_t)at),
			        sizeof(zero));
	assert_int_equal(close(fd), 0);
}

static void decrypt_with_dislocker(const char *password)
{
	char option[64];
	char program[] = "dislocker-file", quiet[] = "-q", volume[] = "-V", end[] = "--";
	char *const argv[] = {program, quiet, volume, image_path, option, end, plain_path, NULL};
	pid_t pid;
	int status;

	(void)snprintf(option, sizeof(option), "-p%s", password);
	(void)unlink(plain_path);
	int r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (r == ENOENT) {
		print_message("skipped: no dislocker-file\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void compare_with_plain(struct block_device *volume)
{
	static uint8_t ours[1024 * 1024];
	int fd = open(plain_path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	const uint8_t *plain = mmap(NULL, volume->size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(plain != MAP_FAILED);
	assert_int_equal(lseek(fd, 0, SEEK_END), volume->size);
	assert_int_equal(close(fd), 0);
	for (uint64_t at = 0; at < volume->size; at += sizeof(ours)) {
		uint64_t left = volume->size - at, n = left < sizeof(ours) ? left : sizeof(ours);
		assert_int_equal(block_read(volume, at, ours, n), 0);
		assert_memory_equal(ours, plain + at, n);
	}
	assert_int_equal(munmap((void *)(uintptr_t)plain, volume->size), 0);
}

static void write_at_random(struct block_device *volume)
{
	static uint8_t data[9000];
	size_t written = 0;

	for (int i = 0; i < WRITES; i++) {
		size_t len = 1 + (size_t)random() % (random() % 3 ? 100 : sizeof(data));
		uint64_t limit = i % 3 == 0 ? 20000 : volume->size - len;
		randombytes_buf(data, len);
		int r = block_write(volume, (uint64_t)random() % limit, data, len);
		assert_true(r == 0 || r == -EPERM);
		written += r == 0;
	}
	assert_true(written > WRITES / 2);
	assert_int_equal(block_flush(volume), 0);
}

static void check_cipher(const char *name)
{
	const struct bitlk_image *image = bitlk_need(name);
	CLEANUP_BLOCK struct block_device *file = NULL, *volume = NULL;
	CLEANUP_BITLOCKER struct bitlocker *b = NULL;
	struct error err = {0};

	write_copy(image);
	assert_int_equal(file_device_open(image_path, true, 0, &file, &err), 0);
	assert_int_equal(bitlocker_parse(file, &b, &err), 0);
	CLEANUP_SECRET struct secret *vmk = bitlk_vmk(image, b, 0);
	assert_int_equal(bitlocker_open(file, b, vmk, &volume, &err), 0);
	write_at_random(volume);
	decrypt_with_dislocker(image->password[0]);
	compare_with_plain(volume);
	block_close(volume);
	volume = NULL;
}

static void dislocker_reads_what_we_wrote(void **state)
{
	(void)state;
	static const char *const names[] = {
	        "aes-cbc-128-4k", "aes-xts-256", "aes-cbc-elephant-256"};

	srandom(7);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		check_cipher(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(dislocker_reads_what_we_wrote),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}

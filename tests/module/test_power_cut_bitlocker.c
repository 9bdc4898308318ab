/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power cuts of test_power_cut.c on encrypted volumes; the plaintext is dislocker's. */
#include "tests/generators/disk.h"
#include "tests/module/power_cut_trial.h"

#define VOLUME_SIZE (64ULL * 1024 * 1024)

#define XTS_AES_128          0x8004
#define AES_CBC_256_DIFFUSER 0x8001

static void make_volume(struct disk *d, const char *path, uint32_t sector_size, uint16_t method)
{
	*d = (struct disk){.options = {.output = path,
	                           .name = "TEST",
	                           .kind = DISK_BITLOCKER,
	                           .seed = 7,
	                           .size = VOLUME_SIZE,
	                           .sector_size = sector_size,
	                           .files = 60,
	                           .bad_files = 2,
	                           .volume_only = true,
	                           .fve = {.method = method, .recovery_passwords = 1}}};
	assert_int_equal(disk_plan(d), 0);
	d->fd = gen_create(path, VOLUME_SIZE);
	assert_true(d->fd >= 0);
	assert_int_equal(disk_write_windows(d), 0);
	assert_int_equal(close(d->fd), 0);
}

static const char *password_of(const struct disk *d)
{
	for (size_t i = 0; i < d->fve.protector_count; i++)
		if (d->fve.protectors[i].kind == FVE_RECOVERY)
			return d->fve.protectors[i].password;
	fail_msg("no recovery password");
	return "";
}

/* A copy of the volume as the repair leaves it, decrypted by dislocker, has no finding. */
static void judge_plaintext(const struct trial *t, const struct disk *d)
{
	const char *copy = fixture_path("copy.img"), *plain = fixture_path("plain.img");
	char password[80];
	struct stat st;

	assert_int_equal(gen_run((const char *const[]){
	                         "cp", "--sparse=always", d->options.output, copy, NULL}),
	        0);
	int fd = open(copy, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < t->disk.sector_count; i++)
		assert_int_equal(
		        gen_pwrite(fd, t->disk.sectors[i].new_bytes, t->disk.dev.sector_size,
		                t->disk.sectors[i].lba * t->disk.dev.sector_size),
		        0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(password, sizeof(password), "-p%s", password_of(d));
	(void)unlink(plain);
	assert_int_equal(gen_run((const char *const[]){
	                         "dislocker-file", "-q", "-V", copy, password, "--", plain, NULL}),
	        0);
	fd = open(plain, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(bytes != MAP_FAILED);
	assert_int_equal(ntfscheck(bytes, (size_t)st.st_size, stderr), 0);
	assert_int_equal(munmap(bytes, (size_t)st.st_size), 0);
	assert_int_equal(close(fd), 0);
}

static void run_encrypted(const char *name, uint32_t sector_size, uint16_t method)
{
	struct trial t = {.kind = PLAN_DELETE, .encrypted = true};
	struct disk d;

	make_volume(&d, fixture_path("bitlocker.img"), sector_size, method);
	struct secret *vmk = secret_copy(d.fve.vmk, sizeof(d.fve.vmk));
	assert_non_null(vmk);
	cut_open(&t.disk, d.options.output, sector_size);
	t.target = fixture_whole(&t.disk.dev);
	t.target.bitlocker = true;
	t.target.vmk = vmk;
	assert_int_equal(recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291),
	                         &t.recipe, NULL),
	        0);
	run_trial(&t, name);
	judge_plaintext(&t, &d);
	end_trial(&t);
	secret_free(vmk);
	tree_free(&d.tree);
}

static void test_xts(void **state)
{
	(void)state;
	run_encrypted("XTS-AES-128", 512, XTS_AES_128);
}

static void test_xts_large_sectors(void **state)
{
	(void)state;
	run_encrypted("XTS-AES-128, sectors of 4096 bytes", 4096, XTS_AES_128);
}

static void test_diffuser(void **state)
{
	(void)state;
	run_encrypted("AES-CBC-256 with diffuser", 512, AES_CBC_256_DIFFUSER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_xts),
	        cmocka_unit_test(test_xts_large_sectors),
	        cmocka_unit_test(test_diffuser),
	};
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

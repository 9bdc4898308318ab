/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power cuts of test_power_cut.c on encrypted volumes; the plaintext is dislocker's. */
#include "tests/generators/disk.h"
#include "tests/module/power_cut_trial.h"

#define VOLUME_SIZE (64ULL * 1024 * 1024)

#define XTS_AES_128          0x8004
#define AES_CBC_256_DIFFUSER 0x8001

#define RECIPE                                                                               \
	"[recipe]\nname = test\n[match]\npath = \\Windows\\System32\\drivers\\CrowdStrike\n" \
	"glob = C-00000291*.sys\n[action]\ndo = remove\nunclean-journal = "

struct kind {
	const char *name;
	uint32_t sector_size;
	uint16_t method;
	unsigned unclean; /* version of the journal; 0: clean */
	enum disk_pending pending;
	enum plan_kind plan;
	const char *recipe;
};

static void make_volume(struct disk *d, const char *path, const struct kind *kind)
{
	*d = (struct disk){.options = {.output = path,
	                           .name = "TEST",
	                           .kind = DISK_BITLOCKER,
	                           .seed = 7,
	                           .size = VOLUME_SIZE,
	                           .sector_size = kind->sector_size,
	                           .files = 60,
	                           .bad_files = 2,
	                           .volume_only = true,
	                           .unclean = kind->unclean,
	                           .pending = kind->pending,
	                           .fve = {.method = kind->method, .clear_key = true}}};
	assert_int_equal(disk_plan(d), 0);
	d->fd = gen_create(path, VOLUME_SIZE);
	assert_true(d->fd >= 0);
	assert_int_equal(disk_write_windows(d), 0);
	assert_int_equal(close(d->fd), 0);
}

/* A copy of the volume as the repair leaves it, decrypted by dislocker, has no finding; its journal
 * is replayed when the repair has left it to Windows. */
static void judge_plaintext(const struct trial *t, const struct disk *d)
{
	const char *copy = fixture_path("copy.img"), *plain = fixture_path("plain.img");
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
	(void)unlink(plain);
	assert_int_equal(gen_run((const char *const[]){
	                         "dislocker-file", "-q", "-V", copy, "-c", "--", plain, NULL}),
	        0);
	if (t->kind == PLAN_RENAME)
		(void)gen_run((const char *const[]){"ntfsrecover", "-k", plain, NULL});
	fd = open(plain, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(bytes != MAP_FAILED);
	assert_int_equal(ntfscheck(bytes, (size_t)st.st_size, stderr), 0);
	assert_int_equal(munmap(bytes, (size_t)st.st_size), 0);
	assert_int_equal(close(fd), 0);
}

static void run_encrypted(const struct kind *kind)
{
	struct trial t = {.kind = kind->plan, .encrypted = true};
	struct disk d;

	make_volume(&d, fixture_path("bitlocker.img"), kind);
	struct secret *vmk = secret_copy(d.fve.vmk, sizeof(d.fve.vmk));
	assert_non_null(vmk);
	cut_open(&t.disk, d.options.output, kind->sector_size);
	t.target = fixture_whole(&t.disk.dev);
	t.target.bitlocker = true;
	t.target.vmk = vmk;
	assert_int_equal(recipe_parse(kind->recipe, strlen(kind->recipe), &t.recipe, NULL), 0);
	run_trial(&t, kind->name);
	judge_plaintext(&t, &d);
	end_trial(&t);
	secret_free(vmk);
	tree_free(&d.tree);
}

static void test_xts(void **state)
{
	(void)state;
	run_encrypted(&(struct kind){"XTS-AES-128", 512, XTS_AES_128, 0, DISK_PENDING_NOTHING,
	        PLAN_DELETE, RECIPE "rename\n"});
}

static void test_large_sectors(void **state)
{
	(void)state;
	run_encrypted(&(struct kind){"XTS-AES-128, sectors of 4096 bytes", 4096, XTS_AES_128, 0,
	        DISK_PENDING_NOTHING, PLAN_DELETE, RECIPE "rename\n"});
}

static void test_diffuser(void **state)
{
	(void)state;
	run_encrypted(&(struct kind){"AES-CBC-256 with diffuser", 512, AES_CBC_256_DIFFUSER, 0,
	        DISK_PENDING_NOTHING, PLAN_DELETE, RECIPE "rename\n"});
}

static void test_rename(void **state)
{
	(void)state;
	run_encrypted(&(struct kind){"XTS-AES-128, renamed beside an unclean journal", 512,
	        XTS_AES_128, 2, DISK_PENDING_ELSEWHERE, PLAN_RENAME, RECIPE "rename\n"});
}

static void test_replay_delete(void **state)
{
	(void)state;
	run_encrypted(&(struct kind){"AES-CBC-256 with diffuser, replayed and deleted", 512,
	        AES_CBC_256_DIFFUSER, 2, DISK_PENDING_BESIDE, PLAN_REPLAY_DELETE,
	        RECIPE "replay\n"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_xts),
	        cmocka_unit_test(test_large_sectors),
	        cmocka_unit_test(test_diffuser),
	        cmocka_unit_test(test_rename),
	        cmocka_unit_test(test_replay_delete),
	};
	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which sectors a replay may change: every kind of metadata, nothing of a user's file. */
#include "fixer/block/overlay.h"
#include "fixer/ntfs/file.h"
#include "fixer/ntfs/replayed.h"
#include "tests/module/plan_damage.h"

#include <time.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/volume.h>

#define LISTED "\\data\\listed"

struct places {
	const char *image;
	struct block_device *disk, *overlay;
	struct ntfs_view *view;
};

/* The first byte on the volume of a non-resident attribute. */
static uint64_t place_of(const char *image, uint64_t record, ATTR_TYPES type)
{
	ntfs_volume *vol = ntfs_mount(image, NTFS_MNT_RDONLY | NTFS_MNT_FORENSIC);

	assert_non_null(vol);
	ntfs_inode *ni = ntfs_inode_open(vol, record);
	assert_non_null(ni);
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	assert_non_null(ctx);
	while (ntfs_attr_lookup(AT_UNUSED, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0 &&
	        !(ctx->attr->type == type && ctx->attr->non_resident))
		;
	assert_true(ctx->attr->type == type && ctx->attr->non_resident);
	runlist_element *runs = ntfs_mapping_pairs_decompress(vol, ctx->attr, NULL);
	assert_non_null(runs);
	assert_true(runs[0].lcn >= 0);
	uint64_t place = (uint64_t)runs[0].lcn * vol->cluster_size;
	free(runs);
	ntfs_attr_put_search_ctx(ctx);
	assert_int_equal(ntfs_inode_close(ni), 0);
	assert_int_equal(ntfs_umount(vol, FALSE), 0);
	return place;
}

static const char *make_image(void)
{
	static uint8_t value[3000];
	const char *path = fixture_path("replayed.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	char stream[16];

	fixture_put_windows(n, "Windows");
	fixture_put(n, "\\data\\big", 100000, IN_WINDOW, 0);
	/* So many streams that the list of its attributes does not fit its record. */
	fixture_put(n, LISTED, 10, IN_WINDOW, 0);
	for (unsigned i = 0; i < 60; i++) {
		(void)snprintf(stream, sizeof(stream), "stream%u", i);
		assert_int_equal(gen_ntfs_add_stream(n, LISTED, stream, value, sizeof(value)), 0);
	}
	fixture_finish(n);
	return path;
}

static uint64_t reference_of(struct places *p, const char *path)
{
	uint64_t ref;

	assert_int_equal(ntfs_resolve(p->view, ntfs_root(), path, &ref), 0);
	return ref & 0xffffffffffff;
}

static void open_view(struct places *p)
{
	struct error err = {0};

	p->image = make_image();
	p->disk = fixture_disk(p->image, 0);
	assert_int_equal(overlay_open(p->disk, NM_OVERLAY_MAX, &p->overlay), 0);
	assert_int_equal(ntfs_view_open(p->overlay, &p->view, &err), 0);
}

static void close_view(struct places *p)
{
	assert_int_equal(ntfs_view_close(p->view), 0);
	block_close(p->overlay);
	block_close(p->disk);
}

/* The answer for one changed sector. */
static int judge(struct places *p, uint64_t offset)
{
	struct ntfs_sectors changed = {.count = 1, .size = 512, .offsets = &offset};
	struct ntfs_whitelist list = {0};
	uint64_t stranger = UINT64_MAX;

	int r = ntfs_allow_replayed(p->view, p->disk, &changed, &list, &stranger);
	assert_int_equal(stranger, r == -EPERM ? offset : UINT64_MAX);
	assert_int_equal(list.count, r == 0);
	if (r == 0) {
		assert_int_equal(list.ranges[0].offset, offset);
		assert_int_equal(list.ranges[0].len, 512);
	}
	ntfs_whitelist_free(&list);
	return r;
}

static void test_metadata(void **state)
{
	struct places p;

	(void)state;
	open_view(&p);
	uint64_t folder = reference_of(&p, FOLDER), listed = reference_of(&p, LISTED);
	assert_int_equal(judge(&p, place_of(p.image, 0, AT_DATA) + 512), 0);
	assert_int_equal(judge(&p, place_of(p.image, 0, AT_BITMAP)), 0);
	assert_int_equal(judge(&p, place_of(p.image, 1, AT_DATA)), 0);
	assert_int_equal(judge(&p, place_of(p.image, 2, AT_DATA) + 4096), 0);
	assert_int_equal(judge(&p, place_of(p.image, 6, AT_DATA)), 0);
	assert_int_equal(judge(&p, place_of(p.image, 9, AT_DATA)), 0);
	assert_int_equal(judge(&p, place_of(p.image, folder, AT_INDEX_ALLOCATION) + 1024), 0);
	assert_int_equal(judge(&p, place_of(p.image, listed, AT_ATTRIBUTE_LIST)), 0);
	close_view(&p);
}

static void test_strangers(void **state)
{
	struct places p;

	(void)state;
	open_view(&p);
	uint64_t big = place_of(p.image, reference_of(&p, "\\data\\big"), AT_DATA);
	assert_int_equal(judge(&p, big), -EPERM);
	assert_int_equal(judge(&p, 0), -EPERM);                              /* $Boot */
	assert_int_equal(judge(&p, place_of(p.image, 10, AT_DATA)), -EPERM); /* $UpCase */
	assert_int_equal(judge(&p, p.disk->size - 512), -EPERM);
	/* A block that looks like an index only at its beginning. */
	assert_int_equal(block_write(p.overlay, big, "INDX", 4), 0);
	assert_int_equal(judge(&p, big + 512), -EPERM);
	close_view(&p);
}

/* Old log records of a directory that is gone may name clusters that are a file's now: what is
 * written there looks like an index, and would be in the user's file. */
static void test_file_under_index(void **state)
{
	struct places p;
	uint8_t block[4096];

	(void)state;
	open_view(&p);
	uint64_t index = place_of(p.image, reference_of(&p, FOLDER), AT_INDEX_ALLOCATION);
	uint64_t big = place_of(p.image, reference_of(&p, "\\data\\big"), AT_DATA);
	assert_int_equal(block_read(p.disk, index, block, sizeof(block)), 0);
	assert_int_equal(block_write(p.overlay, big, block, sizeof(block)), 0);
	assert_int_equal(judge(&p, big), -EPERM);
	assert_int_equal(judge(&p, big + 2048), -EPERM);
	close_view(&p);
}

/* A block that was in an index before, or is now, though no directory has it. */
static void test_index_blocks(void **state)
{
	struct places p;
	uint8_t block[4096], zeros[4096] = {0};

	(void)state;
	open_view(&p);
	uint64_t index = place_of(p.image, reference_of(&p, FOLDER), AT_INDEX_ALLOCATION);
	uint64_t free_place = p.disk->size / 4 * 3 / 4096 * 4096;
	assert_int_equal(judge(&p, free_place), -EPERM);
	assert_int_equal(block_read(p.disk, index, block, sizeof(block)), 0);
	assert_int_equal(block_write(p.overlay, free_place, block, sizeof(block)), 0);
	assert_int_equal(judge(&p, free_place + 2048), 0);
	block[1023] ^= 1; /* torn */
	assert_int_equal(block_write(p.overlay, free_place, block, sizeof(block)), 0);
	assert_int_equal(judge(&p, free_place + 2048), -EPERM);
	assert_int_equal(block_write(p.overlay, index, zeros, sizeof(zeros)), 0);
	assert_int_equal(judge(&p, index), 0);
	close_view(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_metadata),
	        cmocka_unit_test(test_strangers),
	        cmocka_unit_test(test_file_under_index),
	        cmocka_unit_test(test_index_blocks),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Volumes whose Windows stopped with changes in the journal: what each recipe makes of them in
 * every state, judged with the journal replayed by ntfsrecover itself. In \test\1.txt of these
 * volumes the pending changes are the file's own; the channel file has none.
 */
#include "tests/module/plan_damage.h"
#include "tests/module/plan_judge.h"
#include "tests/module/windows_image.h"

#include <sys/stat.h>
#include <time.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/volume.h>

enum damage { PLAIN, DIRTY, MIRROR, ASLEEP };

static const char *const damage_names[] = {"plain", "dirty", "mirror", "asleep"};

struct target {
	const char *path, *glob, *extension;
	const unsigned long *records; /* whose facts change when it is deleted */
	size_t files;                 /* that match */
};

static const struct target untouched = {FOLDER, "C-00000291*.sys", "sys", NULL, 2};
/* The file, its directory, the root, $ObjId. */
static const struct target pending = {
        "\\test", "1.txt", "txt", (const unsigned long[]){43, 39, 5, 25, 0}, 1};

/* What is expected; PLAN_NONE: the reason. */
struct row {
	const struct target *target;
	const char *action, *unclean;
	enum plan_kind kind;
	enum reason reason;
};

#define REFUSED(name) PLAN_NONE, REASON_##name
#define DONE(kind)    PLAN_##kind, REASON_OK

static const struct row unclean_plain[] = {
        {&untouched, "remove", "rename", DONE(RENAME)},
        {&untouched, "remove", "replay", DONE(RENAME)},
        {&untouched, "remove", "refuse", REFUSED(NTFS_UNCLEAN)},
        {&untouched, "rename", "rename", DONE(RENAME)},
        {&untouched, "rename", "replay", DONE(RENAME)},
        {&untouched, "rename", "refuse", REFUSED(NTFS_UNCLEAN)},
        {&untouched, "report-only", "refuse", REFUSED(REPORT_ONLY)},
        {&pending, "remove", "rename", REFUSED(NTFS_PENDING)},
        {&pending, "remove", "replay", DONE(REPLAY_DELETE)},
        {&pending, "remove", "refuse", REFUSED(NTFS_UNCLEAN)},
        {&pending, "rename", "rename", REFUSED(NTFS_PENDING)},
        {&pending, "rename", "replay", REFUSED(NTFS_PENDING)},
        {&pending, "report-only", "rename", REFUSED(REPORT_ONLY)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

/* Marked dirty, or with a mirror that is behind: nothing but a rename. */
static const struct row unclean_rename_only[] = {
        {&untouched, "remove", "rename", DONE(RENAME)},
        {&untouched, "remove", "replay", DONE(RENAME)},
        {&untouched, "remove", "refuse", REFUSED(NTFS_UNCLEAN)},
        {&untouched, "rename", "replay", DONE(RENAME)},
        {&pending, "remove", "rename", REFUSED(NTFS_PENDING)},
        {&pending, "remove", "replay", REFUSED(NTFS_PENDING)},
        {&pending, "report-only", "replay", REFUSED(REPORT_ONLY)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

static const struct row asleep[] = {
        {&untouched, "remove", "rename", REFUSED(NTFS_HIBERNATED)},
        {&untouched, "remove", "replay", REFUSED(NTFS_HIBERNATED)},
        {&untouched, "rename", "refuse", REFUSED(NTFS_HIBERNATED)},
        {&untouched, "report-only", "rename", REFUSED(REPORT_ONLY)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

static const struct row clean_plain[] = {
        {&untouched, "remove", "refuse", DONE(DELETE)},
        {&pending, "remove", "rename", DONE(DELETE)},
        {&pending, "rename", "replay", DONE(RENAME)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

static const struct row clean_dirty[] = {
        {&pending, "remove", "replay", DONE(RENAME)},
        {&pending, "remove", "refuse", REFUSED(NTFS_DIRTY)},
        {&pending, "rename", "refuse", DONE(RENAME)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

static const struct row clean_mirror[] = {
        {&pending, "remove", "rename", REFUSED(NTFS_MIRROR_DIFFERS)},
        {&pending, "rename", "replay", REFUSED(NTFS_MIRROR_DIFFERS)},
        {&untouched, "report-only", "refuse", REFUSED(REPORT_ONLY)},
        {NULL, NULL, NULL, REFUSED(OK)},
};

/* A sleeping Windows, on a volume that only a mount like this takes. */
static void put_hiberfile(const char *image)
{
	ntfschar name[12] = {'h', 'i', 'b', 'e', 'r', 'f', 'i', 'l', '.', 's', 'y', 's'};
	uint8_t header[8192] = "hibr";
	ntfs_volume *vol = ntfs_mount(image, NTFS_MNT_FORENSIC);

	assert_non_null(vol);
	ntfs_inode *root = ntfs_inode_open(vol, FILE_root);
	assert_non_null(root);
	ntfs_inode *ni = ntfs_create(root, const_cpu_to_le32(0), name, 12, S_IFREG);
	assert_non_null(ni);
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	assert_non_null(na);
	assert_int_equal(ntfs_attr_pwrite(na, 0, sizeof(header), header), sizeof(header));
	ntfs_attr_close(na);
	assert_int_equal(ntfs_inode_close_in_dir(ni, root), 0);
	assert_int_equal(ntfs_inode_close(root), 0);
	assert_int_equal(ntfs_umount(vol, FALSE), 0);
}

static void apply_damage(const char *image, enum damage damage)
{
	if (damage == DIRTY)
		damage_dirty(image);
	else if (damage == MIRROR)
		damage_mirror(image);
	else if (damage == ASLEEP)
		put_hiberfile(image);
}

static void copy(const char *from, const char *to)
{
	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", from, to, NULL}), 0);
}

/* As Windows would find it after its own replay: by ntfsrecover, which does not take a volume whose
 * mirror differs. */
static void settle(const char *image, enum damage damage)
{
	size_t len;

	if (damage == MIRROR)
		damage_mirror(image);
	free(fixture_tool((const char *const[]){"ntfsrecover", "-k", image, NULL}, &len));
}

/* The verify after a commit sees what the plan promised. */
static void expect_verified(const char *after, const struct plan *plan)
{
	struct block_device *disk = fixture_disk(after, 0);
	struct volume_target whole = fixture_whole(disk);
	struct error err = {0};

	if (plan_verify(disk, &whole, plan, &err) < 0)
		fail_msg("%s", err.text);
	block_close(disk);
}

/* whole: every fact of the volume is compared, which takes its time; otherwise that it is sound. */
static void judge(const char *image, enum damage damage, const struct plan *plan,
        const struct target *target, bool whole)
{
	const char *before = fixture_path("before.img"), *after = fixture_path("after.img");
	bool renames = plan->kind == PLAN_RENAME, replays = plan->kind == PLAN_REPLAY_DELETE;

	assert_true(plan->sector_count <= (renames ? 18u : replays ? 100u : 32u));
	copy(image, after);
	fixture_apply(plan, after);
	expect_verified(after, plan);
	if (renames)
		settle(after, damage);
	judge_sound(after);
	assert_true(judge_notes_say(after, "restart page 1: version 1.1, clean"));
	assert_true(judge_notes_say(
	        after, replays || damage == DIRTY ? "flags 0x81 (dirty)" : "flags 0x80"));
	if (!whole)
		return;
	copy(image, before);
	settle(before, damage);
	if (renames)
		judge_renamed(before, after, target->extension);
	else if (target->records)
		judge_differs_in(before, after, target->records);
}

/* judged: 0 not, 1 sound, 2 every fact. */
static void check_row(const char *image, enum damage damage, const struct row *row, unsigned judged)
{
	const struct target *t = row->target;
	char recipe[512];

	(void)snprintf(recipe, sizeof(recipe),
	        "[recipe]\nname = t\n[match]\npath = %s\nglob = %s\n"
	        "modified-from = 2001-01-01T00:00:00Z\nmodified-to = 2024-07-19T05:27:00Z\n"
	        "[action]\ndo = %s\nunclean-journal = %s\n",
	        t->path, t->glob, row->action, row->unclean);
	struct plan *plan = fixture_plan(image, recipe);
	if (plan->kind != row->kind || plan->reason != row->reason)
		fail_msg("%s, %s: %s, unclean %s, %s: %s %s: %s", image, damage_names[damage],
		        t->glob, row->unclean, row->action, plan_kind_name(plan->kind),
		        reason_code(plan->reason), plan->text);
	assert_true(plan->text[0]);
	/* What was found is told, whatever becomes of it. */
	assert_int_equal(plan->file_count, t->files);
	for (size_t i = 0; i < plan->file_count; i++)
		assert_int_equal(plan->files[i].acted, plan->files[i].reason == REASON_OK);
	assert_int_equal(plan->run_count > 0, row->kind != PLAN_NONE);
	if (judged && row->kind != PLAN_NONE) {
		print_message("%s\n", plan->text);
		judge(image, damage, plan, t, judged > 1);
	}
	plan_free(plan);
}

/* Plans every row on the image in one state; nothing is written to it. */
static void check_state(
        const char *original, enum damage damage, const struct row *rows, bool whole)
{
	const char *image = fixture_path("state.img");
	struct stat before, after;
	unsigned seen = 0;

	copy(original, image);
	apply_damage(image, damage);
	assert_int_equal(stat(image, &before), 0);
	for (const struct row *row = rows; row->target; row++) {
		unsigned bit = 1u << (2 * row->kind + (row->target == &pending));
		check_row(image, damage, row, seen & bit ? 0 : whole ? 2 : 1);
		seen |= bit;
	}
	assert_int_equal(stat(image, &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
}

static void check_unclean(const char *name, bool whole)
{
	const char *path = fixture_path("windows.img");

	if (!windows_image_unpack(name, path))
		skip();
	check_state(path, PLAIN, unclean_plain, whole);
	check_state(path, DIRTY, unclean_rename_only, false);
	check_state(path, MIRROR, unclean_rename_only, false);
	check_state(path, ASLEEP, asleep, false);
}

static void test_version_2(void **state)
{
	(void)state;
	check_unclean("cs-n7-20", true);
}

static void test_version_1(void **state)
{
	(void)state;
	check_unclean("cs-n7-11", false);
}

static void test_clean(void **state)
{
	const char *path = fixture_path("windows.img");

	(void)state;
	if (!windows_image_unpack("cs-clean", path))
		skip();
	check_state(path, PLAIN, clean_plain, false);
	check_state(path, DIRTY, clean_dirty, false);
	check_state(path, MIRROR, clean_mirror, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_version_2),
	        cmocka_unit_test(test_version_1),
	        cmocka_unit_test(test_clean),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

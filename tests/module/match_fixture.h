/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes to search, without a plan around it. For the test_match*.c programs. */
#ifndef TESTS_MATCH_FIXTURE_H
#define TESTS_MATCH_FIXTURE_H

#include "fixer/block/overlay.h"
#include "fixer/windows/match.h"
#include "tests/module/plan_fixture.h"

#define FOUND_MAX 64

/* What was found on a volume, by path and in the order of the paths. */
struct found {
	struct ntfs_view *view; /* open until found_close() */
	struct block_device *disk, *overlay;
	struct windows_list windows;
	struct recipe recipe;
	struct match_list list;
};

static inline int found_order(const void *pa, const void *pb)
{
	const struct match *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static inline void found_open(struct found *f, const char *image, const char *recipe)
{
	struct error err = {0};

	*f = (struct found){0};
	f->disk = fixture_disk(image, 0);
	if (recipe_parse(recipe, strlen(recipe), &f->recipe, &err) < 0 ||
	        overlay_open(f->disk, 64 * 1024 * 1024, &f->overlay) < 0 ||
	        ntfs_view_open(f->overlay, &f->view, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(windows_find(f->view, &f->windows), 0);
	assert_int_equal(match_find(f->view, &f->recipe, &f->windows, &f->list), 0);
	if (f->list.count > 0)
		qsort(f->list.items, f->list.count, sizeof(f->list.items[0]), found_order);
}

static inline void found_close(struct found *f)
{
	match_list_free(&f->list);
	assert_int_equal(ntfs_view_close(f->view), 0);
	block_close(f->overlay);
	block_close(f->disk);
}

/* Exactly these paths (in order, NULL last), all with this reason. */
static inline void found_expect(
        const char *image, const char *recipe, enum reason reason, const char *const paths[])
{
	struct found f;
	size_t n = 0;

	found_open(&f, image, recipe);
	for (; paths[n]; n++) {
		if (n >= f.list.count || strcmp(f.list.items[n].path, paths[n]) != 0)
			fail_msg("%zu found; '%s' instead of '%s'", f.list.count,
			        n < f.list.count ? f.list.items[n].path : "nothing", paths[n]);
		if (f.list.items[n].reason != reason)
			fail_msg("%s is %s instead of %s", paths[n],
			        reason_code(f.list.items[n].reason), reason_code(reason));
	}
	if (f.list.count != n)
		fail_msg("'%s' found, too", f.list.items[n].path);
	assert_false(f.list.too_many);
	found_close(&f);
}

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING    ((const char *const[]){NULL})

/* A recipe with one [match] of these lines. */
#define REMOVE(lines)                                           \
	"[recipe]\nname = test\n[match]\n" lines "\n[action]\n" \
	"do = remove\nunclean-journal = rename\n"
#define WHERE(path, glob) "path = " path "\nglob = " glob "\n"

#endif

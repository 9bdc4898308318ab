/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A BitLocker volume whose metadata claims a place NTFS needs: planning ends in a refused write. */
#include "tests/module/plan_fixture.h"
#include "tests/unit/fve_volume.h"

#define AREA       65536ULL
#define MFT_BITMAP (2 * GEN_CLUSTER) /* where mkntfs puts it; deleting clears a bit there */

/* The whole file; freed by the caller. */
static uint8_t *load(const char *path, uint64_t *ret_size)
{
	struct block_device *file = fixture_disk(path, 512);
	uint8_t *bytes = malloc(file->size);

	assert_non_null(bytes);
	assert_int_equal(block_read(file, 0, bytes, file->size), 0);
	*ret_size = file->size;
	block_close(file);
	return bytes;
}

/* Three free places for the metadata, from the end of the volume. */
static void find_places(const uint8_t *plain, uint64_t size, uint64_t places[3])
{
	static const uint8_t zero[AREA];
	size_t found = 0;

	for (uint64_t at = size / AREA * AREA - 2 * AREA; found < 3; at -= AREA) {
		assert_true(at > 16 * AREA);
		if (memcmp(plain + at, zero, AREA) == 0)
			places[found++] = at;
	}
}

static struct plan *plan_on(struct fve_volume *v)
{
	struct secret *vmk = secret_copy(v->vmk, sizeof(v->vmk));
	const struct volume_target target = {
	        .partition = {.number = 1, .size = v->spec.size}, .bitlocker = true, .vmk = vmk};
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	assert_int_equal(
	        recipe_parse(recipe_crowdstrike_291, strlen(recipe_crowdstrike_291), &recipe, NULL),
	        0);
	if (plan_make(&v->memory.dev, &target, &recipe, &plan, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	secret_free(vmk);
	return plan;
}

static void a_refused_write_is_told_by_its_place(void **state)
{
	(void)state;
	const char *path = fixture_path("plain.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	struct fve_volume v;
	uint64_t size = 0;

	fixture_put_windows(n, "Windows");
	fixture_put(n, FOLDER "\\" BAD_1, 40000, IN_WINDOW, 0);
	fixture_finish(n);
	uint8_t *plain = load(path, &size);
	struct fve_spec spec = fve_usual(512);
	spec.size = spec.state_offset = size;
	find_places(plain, size, spec.metadata);
	spec.header_sectors = GEN_CLUSTER / 512;
	spec.header = MFT_BITMAP;
	fve_make_of(&v, &spec, plain);
	struct plan *plan = plan_on(&v);
	unsigned long at = 0;
	assert_int_equal(plan->reason, REASON_PLAN_CHECK_FAILED);
	assert_int_equal(
	        sscanf(plan->text, "the plan would write to byte %lu of the volume", &at), 1);
	assert_true(at >= MFT_BITMAP && at < MFT_BITMAP + GEN_CLUSTER);
	assert_int_equal(plan->file_count, 1);
	assert_int_equal(plan->run_count, 0);
	plan_free(plan);
	fve_drop(&v);
	/* The same volume with its header elsewhere is planned. */
	spec.header = spec.metadata[2] - AREA;
	fve_make_of(&v, &spec, plain);
	plan = plan_on(&v);
	assert_int_equal(plan->reason, REASON_OK);
	plan_free(plan);
	fve_drop(&v);
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_refused_write_is_told_by_its_place)};

	if (secrets_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

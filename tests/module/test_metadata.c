/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of the files acted on, against the raw image and ntfs-3g's tools. */
#include "fixer/base/bytes.h"
#include "tests/module/plan_fixture.h"

#define STREAM      "Zone.Identifier"
#define STREAM_TEXT "[ZoneTransfer]\r\nZoneId=3\r\n"
#define CLUSTER     4096

static const char bad_path[] = FOLDER "\\" BAD_1;

/* A volume with one bad file; more gets it before it is closed. */
static const char *make_image(const char *name, size_t size, void (*more)(struct gen_ntfs *n))
{
	const char *path = fixture_path(name);
	struct gen_ntfs *n = fixture_format(path, 512);

	fixture_put_windows(n, "Windows");
	fixture_put(n, bad_path, size, IN_WINDOW, GEN_ATTR_HIDDEN);
	if (more)
		more(n);
	fixture_finish(n);
	return path;
}

/* Without the child of a plan. */
static struct ntfs_metadata *read_metadata(const char *image, const char *file)
{
	struct block_device *disk = fixture_disk(image, 0);
	struct ntfs_metadata *m;
	struct ntfs_view *view;
	struct error err = {0};
	uint64_t ref;

	if (ntfs_view_open(disk, &view, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(ntfs_resolve(view, ntfs_root(), file, &ref), 0);
	assert_int_equal(ntfs_metadata_read(view, ref, &m), 0);
	assert_int_equal(ntfs_view_close(view), 0);
	block_close(disk);
	return m;
}

static const struct ntfs_metadata_name *find_name(
        const struct ntfs_metadata *m, enum ntfs_name_type type)
{
	const struct ntfs_metadata_name *found = NULL;

	for (size_t i = 0; i < m->name_count; i++)
		if (m->names[i].type == type)
			found = &m->names[i];
	assert_non_null(found);
	return found;
}

/* The bytes in the clusters told are the bad file's content. */
static void check_clusters(const char *path, const struct ntfs_metadata *m)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t cluster[CLUSTER];
	size_t size;
	char *content = fixture_cat(path, BAD_1, &size);
	uint64_t at = 0;

	assert_true(fd >= 0);
	assert_int_equal(m->cluster_size, CLUSTER);
	for (size_t i = 0; i < m->run_count; i++) {
		assert_int_equal(m->runs[i].vcn * CLUSTER, at);
		for (uint64_t n = 0; n < m->runs[i].length; n++, at += CLUSTER) {
			size_t len = size - at < CLUSTER ? (size_t)(size - at) : CLUSTER;
			assert_int_equal(pread(fd, cluster, CLUSTER,
			                         (off_t)((m->runs[i].lcn + n) * CLUSTER)),
			        CLUSTER);
			assert_memory_equal(cluster, content + at, len);
		}
	}
	assert_int_equal(m->allocated, at);
	assert_true(size > 0 && at >= size);
	assert_int_equal(close(fd), 0);
	free(content);
}

/* The entries of $SDS follow each other on 16 byte boundaries: hash, id, offset, length. */
static void check_descriptor(const char *path, const struct ntfs_metadata *m)
{
	size_t len;
	char *sds = fixture_tool((const char *const[]){"ntfscat", "-f", "-i", "9", "-a", "0x80",
	                                 "-n", "$SDS", path, NULL},
	        &len);
	bool found = false;

	for (size_t at = 0; at + 20 <= len && !found;) {
		uint32_t entry_len = get_le32(sds + at + 16);
		if (entry_len <= 20 || entry_len > len - at)
			break;
		found = get_le32(sds + at + 4) == m->security_id;
		if (found) {
			assert_int_equal(m->descriptor_size, entry_len - 20);
			assert_memory_equal(m->descriptor, sds + at + 20, m->descriptor_size);
		}
		at += (entry_len + 15) / 16 * 16;
	}
	assert_true(found);
	free(sds);
}

static void test_plain_file(void **state)
{
	const char *path = make_image("plain.img", 41083, NULL);
	struct plan *plan = fixture_plan(path, recipe_crowdstrike_291);

	(void)state;
	if (plan->reason != REASON_OK)
		fail_msg("%s: %s", reason_code(plan->reason), plan->text);
	const struct plan_file *f = &plan->files[0];
	const struct ntfs_metadata *m = f->metadata;
	assert_true(f->acted && m);
	assert_int_equal(m->name_count, 2);
	assert_string_equal(find_name(m, NTFS_NAME_WIN32)->name, BAD_1);
	assert_non_null(strstr(find_name(m, NTFS_NAME_DOS)->name, "~"));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(m->names[i].parent, f->directory);
		assert_int_equal(m->names[i].times.created,
		        filetime_from_ns((int64_t)IN_WINDOW * 1000000000));
	}
	assert_false(m->resident);
	assert_int_equal(m->initialized, 41083);
	assert_int_equal(m->compression_unit, 0);
	assert_int_equal(m->stream_count, 0);
	assert_false(m->has_object_id);
	check_clusters(path, m);
	check_descriptor(path, m);
	plan_free(plan);
}

static void add_streams(struct gen_ntfs *n)
{
	static uint8_t large[NTFS_METADATA_STREAM_MAX + 1];

	assert_int_equal(
	        gen_ntfs_add_stream(n, bad_path, STREAM, STREAM_TEXT, sizeof(STREAM_TEXT)), 0);
	assert_int_equal(gen_ntfs_add_stream(n, bad_path, "large", large, sizeof(large)), 0);
	assert_int_equal(gen_ntfs_link(n, bad_path, "\\second.name"), 0);
}

static void test_streams_and_links(void **state)
{
	const char *path = make_image("streams.img", 300, add_streams);
	struct ntfs_metadata *m = read_metadata(path, bad_path);
	size_t kept = 0;

	(void)state;
	assert_true(m->resident);
	assert_int_equal(m->run_count, 0);
	assert_int_equal(m->initialized, 300);
	assert_int_equal(m->stream_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ntfs_metadata_stream *s = &m->streams[i];
		if (!s->content) {
			assert_string_equal(s->name, "large");
			assert_int_equal(s->size, NTFS_METADATA_STREAM_MAX + 1);
			continue;
		}
		assert_string_equal(s->name, STREAM);
		assert_int_equal(s->size, sizeof(STREAM_TEXT));
		assert_memory_equal(s->content, STREAM_TEXT, sizeof(STREAM_TEXT));
		kept++;
	}
	assert_int_equal(kept, 1);
	const struct ntfs_metadata_name *link = find_name(m, NTFS_NAME_POSIX);
	assert_string_equal(link->name, "second.name");
	assert_int_equal(link->parent & 0xffffffffffff, ntfs_root());
	ntfs_metadata_free(m);
}

static void add_many(struct gen_ntfs *n)
{
	char name[64];

	for (unsigned i = 0; i < NTFS_METADATA_STREAMS + 10; i++) {
		(void)snprintf(name, sizeof(name), "stream-%u", i);
		assert_int_equal(gen_ntfs_add_stream(n, bad_path, name, name, sizeof(name)), 0);
	}
	for (unsigned i = 0; i < NTFS_METADATA_NAMES + 3; i++) {
		(void)snprintf(name, sizeof(name), "\\link-%u", i);
		assert_int_equal(gen_ntfs_link(n, bad_path, name), 0);
	}
}

/* So much of everything that the file has an attribute list. */
static void test_over_the_limits(void **state)
{
	const char *path = make_image("many.img", 41083, add_many);
	struct ntfs_metadata *m = read_metadata(path, bad_path);

	(void)state;
	assert_int_equal(m->stream_count, NTFS_METADATA_STREAMS);
	assert_int_equal(m->streams_left_out, 10);
	assert_int_equal(m->name_count, NTFS_METADATA_NAMES);
	assert_int_equal(m->names_left_out, 5); /* its own two as well */
	for (size_t i = 0; i < m->stream_count; i++)
		assert_string_equal((const char *)m->streams[i].content, m->streams[i].name);
	check_clusters(path, m);
	ntfs_metadata_free(m);
}

static void compress(struct gen_ntfs *n)
{
	assert_int_equal(gen_ntfs_compress_folder(n, FOLDER), 0);
	fixture_put(n, FOLDER "\\" BAD_2, 200000, IN_WINDOW, 0);
}

static void test_compressed(void **state)
{
	const char *path = make_image("compressed.img", 4000, compress);
	struct ntfs_metadata *m = read_metadata(path, FOLDER "\\" BAD_2);
	size_t holes = 0;

	(void)state;
	for (size_t i = 0; i < m->run_count; i++)
		holes += m->runs[i].lcn == NTFS_HOLE;
	assert_int_equal(m->compression_unit, 16);
	assert_true(holes > 0);
	ntfs_metadata_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_plain_file),
	        cmocka_unit_test(test_streams_and_links),
	        cmocka_unit_test(test_over_the_limits),
	        cmocka_unit_test(test_compressed),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The audit record: every change is found, a power cut at any byte is survived. */
#include "tests/unit/audit_place.h"

/* The line with that number, from 1. */
static char *line_of(struct bytes *b, int number)
{
	char *at = b->data;

	while (--number > 0)
		at = strchr(at, '\n') + 1;
	return at;
}

static size_t line_len(const char *line)
{
	return (size_t)(strchr(line, '\n') - line) + 1;
}

static void every_changed_byte_is_found(void **state)
{
	struct place *p = *state;

	write_records(p, 0, 4);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(p->verdict.records, 4);
	for (int file = 0; file < 2; file++) {
		const char *path = file == 0 ? p->log : p->head;
		struct bytes *b = load(path);
		for (size_t i = 0; i < b->len; i++)
			for (unsigned bit = 1; bit < 256; bit <<= 3) {
				b->data[i] ^= (char)bit;
				store(path, b->data, b->len);
				if (verify(p, NULL) == 0)
					fail_msg("%s: byte %zu changed and not found", path, i);
				b->data[i] ^= (char)bit;
			}
		store(path, b->data, b->len);
		free(b);
	}
	assert_int_equal(verify(p, NULL), 0);
}

static void every_cut_is_found(void **state)
{
	struct place *p = *state;

	write_records(p, 0, 3);
	for (int file = 0; file < 2; file++) {
		const char *path = file == 0 ? p->log : p->head;
		struct bytes *b = load(path);
		for (size_t len = 0; len < b->len; len++) {
			store(path, b->data, len);
			if (verify(p, NULL) == 0)
				fail_msg("%s: cut to %zu bytes and not found", path, len);
		}
		assert_int_equal(unlink(path), 0);
		assert_true(verify(p, NULL) > 0);
		store(path, b->data, b->len);
		free(b);
	}
	assert_int_equal(verify(p, NULL), 0);
}

/* Builds a log of those lines of b, 0 ends the list. */
static void rearrange(const struct place *p, struct bytes *b, const int *lines)
{
	struct bytes *other = calloc(1, sizeof(*other));

	for (; *lines; lines++) {
		const char *line = line_of(b, *lines);
		memcpy(other->data + other->len, line, line_len(line));
		other->len += line_len(line);
	}
	store(p->log, other->data, other->len);
	free(other);
}

static void removed_moved_and_repeated_records_are_found(void **state)
{
	static const int cases[][8] = {{2, 3, 4, 5}, {1, 2, 4, 5}, {1, 2, 3, 4}, {1, 3, 2, 4, 5},
	        {1, 2, 3, 5, 4}, {1, 2, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 5}, {5}, {1, 2, 3, 4, 5, 3}};
	struct place *p = *state;

	write_records(p, 0, 5);
	struct bytes *b = load(p->log);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rearrange(p, b, cases[i]);
		if (verify(p, NULL) == 0)
			fail_msg("case %zu not found", i);
	}
	/* One changed record is one problem, and the message names it. */
	store(p->log, b->data, b->len);
	char *third = line_of(b, 3);
	strchr(third, '-')[1] = '9';
	store(p->log, b->data, b->len);
	assert_int_equal(verify(p, NULL), 1);
	assert_non_null(strstr(p->said, "line 3, after record 2: changed"));
	free(b);
}

static void torn_end_is_cut_off_and_told(void **state)
{
	struct place *p = *state;

	write_records(p, 0, 2);
	struct bytes *head = load(p->head), *two = load(p->log);
	write_records(p, 2, 1);
	struct bytes *three = load(p->log);
	/* The power went while record 3 was written: its author was not told that it is there. */
	for (size_t len = two->len + 1; len < three->len; len++) {
		store(p->head, head->data, head->len);
		store(p->log, three->data, len);
		assert_int_equal(verify(p, NULL), 1);
		assert_non_null(strstr(p->said, "no whole record"));
		write_records(p, 3, 1);
		assert_int_equal(verify(p, NULL), 0);
		assert_int_equal(p->verdict.records, 4);
		assert_non_null(strstr(p->said, "record 3 tells of a power cut"));
	}
	/* Record 3 is whole, the head was not written any more: it stays. */
	store(p->head, head->data, head->len);
	store(p->log, three->data, three->len);
	assert_int_equal(verify(p, NULL), 0);
	write_records(p, 3, 1);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(p->verdict.records, 4);
	assert_string_equal(p->said, "");
	/* A file system that had the length on the disk and not the bytes. */
	store(p->head, head->data, head->len);
	memset(three->data + two->len, 0, three->len - two->len);
	store(p->log, three->data, three->len);
	write_records(p, 3, 1);
	assert_int_equal(verify(p, NULL), 0);
	free(head);
	free(two);
	free(three);
}

static void damage_is_found_after_more_records_too(void **state)
{
	struct place *p = *state;

	write_records(p, 0, 5);
	struct bytes *log = load(p->log), *head = load(p->head);
	/* The last two records are gone. */
	store(p->log, log->data, (size_t)(line_of(log, 4) - log->data));
	write_records(p, 5, 3);
	assert_true(verify(p, NULL) > 0);
	assert_non_null(strstr(p->said, "record 6 does not follow record 3"));
	assert_non_null(strstr(p->said, "records at the end of audit.log are missing"));
	/* The same in the middle of a line. */
	store(p->log, log->data, log->len - 30);
	store(p->head, head->data, head->len);
	write_records(p, 5, 3);
	assert_true(verify(p, NULL) > 0);
	/* The head is gone: nothing of the log is cut off. */
	store(p->log, log->data, log->len);
	strchr(line_of(log, 3), '-')[1] = '9';
	store(p->log, log->data, log->len);
	assert_int_equal(unlink(p->head), 0);
	write_records(p, 5, 1);
	struct bytes *after = load(p->log);
	assert_memory_equal(after->data, log->data, log->len);
	assert_int_equal(verify(p, NULL), 2);
	assert_non_null(strstr(p->said, "line 3, after record 2"));
	assert_non_null(strstr(p->said, "record 6: found then: audit.head is not"));
	/* Much more at the end than one write of ours could leave: it stays, too. */
	struct bytes *much = calloc(1, sizeof(*much));
	memset(much->data, 'x', FILE_MAX);
	memcpy(much->data, after->data, after->len);
	store(p->log, much->data, FILE_MAX);
	write_records(p, 6, 1);
	struct stat st;
	assert_int_equal(stat(p->log, &st), 0);
	assert_true(st.st_size > FILE_MAX);
	assert_true(verify(p, NULL) > 0);
	free(much);
	free(after);
	free(log);
	free(head);
}

/* 20 digits, the hash, and no end. */
static void head_of_the_first_releases_is_understood(void **state)
{
	struct place *p = *state;

	write_records(p, 0, 3);
	struct bytes *head = load(p->head), *log = load(p->log);
	head->data[85] = '\n';
	store(p->head, head->data, 86);
	assert_int_equal(verify(p, NULL), 0);
	write_records(p, 3, 2);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(p->verdict.records, 5);
	/* With it, too, a cut-off end is found, before the next record and after it. */
	store(p->head, head->data, 86);
	store(p->log, log->data, (size_t)(line_of(log, 3) - log->data));
	assert_int_equal(verify(p, NULL), 1);
	write_records(p, 5, 1);
	assert_true(verify(p, NULL) > 0);
	assert_non_null(strstr(p->said, "record 4 does not follow record 2"));
	free(head);
	free(log);
}

static void too_large_a_record_is_refused_alone(void **state)
{
	struct place *p = *state;
	struct audit *a;
	struct error err = {0};
	char text[9000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	json_t *large = json_pack("{s:s}", "text", text), *ours = json_pack("{s:s}", "prev", "0");
	assert_int_equal(audit_open(p->dir, &a, NULL), 0);
	assert_true(audit_append(a, "release", large, &err) < 0);
	assert_int_equal(err.reason, REASON_AUDIT_FAILED);
	assert_true(audit_append(a, "release", ours, &err) < 0);
	audit_close(a);
	json_decref(large);
	json_decref(ours);
	write_records(p, 0, 2);
	assert_int_equal(verify(p, NULL), 0);
	assert_int_equal(p->verdict.records, 2);
}

static void only_its_user_reads_the_files(void **state)
{
	struct place *p = *state;
	struct stat st;
	mode_t before = umask(0);

	write_records(p, 0, 1);
	umask(before);
	assert_int_equal(stat(p->log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(p->head, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

struct seen {
	int count;
	json_int_t last;
};

static int see(void *context, const struct audit_record *r)
{
	struct seen *seen = context;

	assert_string_equal(r->event, "release");
	assert_string_equal(audit_text(r, "machine"), "PC-1");
	assert_string_equal(audit_text(r, "nothing"), "");
	assert_int_equal(strlen(r->hash), 64);
	assert_true(r->at > 1700000000000);
	seen->last = json_integer_value(json_object_get(r->fields, "number"));
	return ++seen->count == 6;
}

static void each_gives_every_record_in_order(void **state)
{
	struct place *p = *state;
	struct seen seen = {0};

	assert_int_equal(audit_each(p->dir, see, &seen, NULL), 0);
	assert_int_equal(seen.count, 0);
	write_records(p, 0, 5);
	assert_int_equal(audit_each(p->dir, see, &seen, NULL), 0);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.last, 4);
	/* What is no record is passed over; and it stops when it is told to. */
	struct bytes *log = load(p->log);
	line_of(log, 2)[3] ^= 1;
	store(p->log, log->data, log->len);
	free(log);
	seen = (struct seen){0};
	assert_int_equal(audit_each(p->dir, see, &seen, NULL), 0);
	assert_int_equal(seen.count, 4);
	write_records(p, 5, 5);
	seen = (struct seen){0};
	assert_int_equal(audit_each(p->dir, see, &seen, NULL), 0);
	assert_int_equal(seen.count, 6);
	assert_int_equal(seen.last, 6);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        WITH_PLACE(every_changed_byte_is_found),
	        WITH_PLACE(every_cut_is_found),
	        WITH_PLACE(removed_moved_and_repeated_records_are_found),
	        WITH_PLACE(torn_end_is_cut_off_and_told),
	        WITH_PLACE(damage_is_found_after_more_records_too),
	        WITH_PLACE(head_of_the_first_releases_is_understood),
	        WITH_PLACE(too_large_a_record_is_refused_alone),
	        WITH_PLACE(only_its_user_reads_the_files),
	        WITH_PLACE(each_gives_every_record_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

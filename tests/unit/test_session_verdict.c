/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One reason for a machine of several disks and volumes. */
#include "fixer/session_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NONE REASON_COUNT

struct vector {
	enum reason disks[3], volumes[4]; /* ended by NONE */
	bool completed;
	enum reason verdict;
};

#define R(code) REASON_##code
static const struct vector vectors[] = {
        {{NONE}, {NONE}, false, R(NO_DISK)},
        {{R(OK), NONE}, {NONE}, false, R(NO_NTFS)},
        {{R(PARTITION_TABLE_BAD), NONE}, {NONE}, false, R(PARTITION_TABLE_BAD)},
        {{R(OK), NONE}, {R(NO_WINDOWS), NONE}, false, R(NO_WINDOWS)},
        {{R(OK), NONE}, {R(NO_BAD_FILE), R(NO_WINDOWS), NONE}, false, R(NO_BAD_FILE)},
        {{R(OK), NONE}, {R(NO_WINDOWS), R(REPAIRED), R(NO_BAD_FILE), NONE}, false, R(REPAIRED)},
        {{R(OK), NONE}, {R(REPAIRED), R(BITLOCKER_NO_RECOVERY), NONE}, false, R(REPAIRED)},
        {{R(OK), NONE}, {R(RENAMED), R(BITLOCKER_NO_RECOVERY), NONE}, false, R(RENAMED)},
        {{R(OK), NONE}, {R(NO_WINDOWS), R(RENAMED), NONE}, true, R(RENAMED)},
        {{R(OK), NONE}, {R(REPAIRED), R(VERIFY_FAILED), NONE}, false, R(VERIFY_FAILED)},
        {{R(OK), NONE}, {R(NO_BAD_FILE), R(NTFS_DAMAGED), NONE}, false, R(NTFS_DAMAGED)},
        {{R(OK), NONE}, {R(OUTSIDE_WINDOW), R(NO_BAD_FILE), NONE}, false, R(OUTSIDE_WINDOW)},
        {{R(OK), NONE}, {R(NO_BAD_FILE), R(OTHER_CONTENT), NONE}, false, R(OTHER_CONTENT)},
        {{R(OK), NONE}, {R(REPAIRED), R(OTHER_CONTENT), NONE}, false, R(REPAIRED)},
        {{R(OK), NONE}, {R(OTHER_CONTENT), NONE}, true, R(COMPLETED_PENDING)},
        {{R(OK), NONE}, {R(NO_BAD_FILE), R(KEY_NOT_FOUND), NONE}, false, R(NO_BAD_FILE)},
        {{R(OK), NONE}, {R(NO_WINDOWS), R(KEY_NOT_FOUND), NONE}, false, R(KEY_NOT_FOUND)},
        {{R(OK), R(DYNAMIC_DISK), NONE}, {R(NO_WINDOWS), NONE}, false, R(DYNAMIC_DISK)},
        {{R(OK), R(DISK_READ_ERROR), NONE}, {R(REPAIRED), NONE}, false, R(REPAIRED)},
        {{R(OK), NONE}, {R(NO_BAD_FILE), R(NO_WINDOWS), NONE}, true, R(COMPLETED_PENDING)},
        {{R(OK), NONE}, {R(OUTSIDE_WINDOW), NONE}, true, R(COMPLETED_PENDING)},
        {{R(OK), NONE}, {R(REPAIRED), NONE}, true, R(REPAIRED)},
        {{R(OK), NONE}, {R(RELEASE_DENIED), R(NO_WINDOWS), NONE}, true, R(RELEASE_DENIED)},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct session *s = calloc(1, sizeof(*s));
		const char *text = NULL;
		assert_non_null(s);
		for (; v->disks[s->disk_count] != NONE; s->disk_count++)
			s->disks[s->disk_count].reason = v->disks[s->disk_count];
		for (; v->volumes[s->volume_count] != NONE; s->volume_count++)
			s->volumes[s->volume_count].reason = v->volumes[s->volume_count];
		s->completed = v->completed;
		s->controllers.reason = REASON_NO_DISK;
		enum reason got = session_verdict(s, &text);
		if (got != v->verdict)
			fail_msg("vector %zu: %s instead of %s", i, reason_code(got),
			        reason_code(v->verdict));
		assert_non_null(text);
		free(s);
	}
}

/* What hides a disk is told when no Windows was found, and never before anything else. */
static void test_disks_unseen(void **state)
{
	static const enum reason found[] = {NONE, R(NO_WINDOWS), R(NO_BAD_FILE), R(REPAIRED)};
	struct session *s = calloc(1, sizeof(*s));
	const char *text = NULL;

	(void)state;
	assert_non_null(s);
	s->controllers.reason = REASON_DISK_HIDDEN;
	(void)snprintf(s->controllers.text, sizeof(s->controllers.text), "PCI 8086:282a");
	assert_int_equal(session_verdict(s, &text), REASON_DISK_HIDDEN);
	assert_string_equal(text, "PCI 8086:282a");
	s->disk_count = 1;
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		bool windows = i >= 2;
		s->volume_count = found[i] == NONE ? 0 : 1;
		s->volumes[0].reason = found[i];
		assert_int_equal(
		        session_verdict(s, &text), windows ? found[i] : REASON_DISK_HIDDEN);
	}
	free(s);
}

/* Of two Windows the one whose bad file had to stay is told, wherever it stands; a volume that only
 * could not be opened takes nothing from a repair. */
static void test_windows_left(void **state)
{
	struct session *s = calloc(1, sizeof(*s));
	struct plan *plan = calloc(1, sizeof(*plan));
	const char *text = NULL;

	(void)state;
	assert_non_null(s);
	assert_non_null(plan);
	s->disk_count = 1;
	s->volume_count = 2;
	s->volumes[0].reason = REASON_NTFS_HIBERNATED;
	s->volumes[1].reason = REASON_REPAIRED;
	assert_int_equal(session_verdict(s, &text), REASON_REPAIRED);
	s->volumes[0].repaired = true;
	s->volumes[0].result.plan = plan;
	plan->file_count = 1;
	assert_int_equal(session_verdict(s, &text), REASON_REPAIRED);
	plan->windows_count = 1;
	assert_int_equal(session_verdict(s, &text), REASON_NTFS_HIBERNATED);
	/* The appliance let nobody write: a Windows without a bad file beside it is no end. */
	s->volumes[0].reason = REASON_CAMPAIGN_PAUSED;
	s->volumes[1].reason = REASON_NO_BAD_FILE;
	assert_int_equal(session_verdict(s, &text), REASON_CAMPAIGN_PAUSED);
	s->volumes[1].reason = REASON_VERIFY_FAILED;
	assert_int_equal(session_verdict(s, &text), REASON_VERIFY_FAILED);
	free(plan);
	free(s);
}

/* What ended the session early stands above its volumes, and its text is the one told. */
static void test_failure(void **state)
{
	struct session *s = calloc(1, sizeof(*s));
	const char *text = NULL;

	(void)state;
	assert_non_null(s);
	s->disk_count = s->volume_count = 1;
	s->volumes[0].reason = REASON_NO_BAD_FILE;
	(void)error_set(&s->failure, -EIO, REASON_PENDING_CONFLICT, "sector 7");
	assert_int_equal(session_verdict(s, &text), REASON_PENDING_CONFLICT);
	assert_string_equal(text, "sector 7");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_disks_unseen),
	        cmocka_unit_test(test_windows_left),
	        cmocka_unit_test(test_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a volume looks to ntfscheck, and to a Windows that starts with it as it is. */
#ifndef TESTS_MODULE_POWER_CUT_LOOK_H
#define TESTS_MODULE_POWER_CUT_LOOK_H

#include "fixer/repair/answer.h"
#include "fixer/repair/plan_internal.h"
#include "fixer/repair/replay.h"
#include "tests/module/plan_fixture.h"
#include "tests/ntfscheck/ntfscheck.h"

/* What a state is for a Windows that starts before the next session. */
struct sights {
	size_t states, with_findings;
	size_t torn;  /* a record or block is in pieces: Windows sees that, and chkdsk mends it */
	size_t wrong; /* whole, but two things contradict each other: what comes next may harm */
};

struct look {
	uint64_t findings;
	bool torn, wrong;
};

/* A lost file, whole or not, and lost clusters or records harm nobody. */
static inline bool is_harmless(const char *finding)
{
	static const char *const harmless[] = {
	        "name-without-entry:", "unreachable:", "are nobody's, but marked",
	        "marked, but not in use", "index-bitmap:", "extent:", "attribute-list:"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strstr(finding, harmless[i]))
			return true;
	return false;
}

static inline struct look look_at(const uint8_t *volume, size_t size)
{
	char *text = NULL, *line, *rest;
	size_t len;
	bool wrong = false;
	FILE *report = open_memstream(&text, &len);

	assert_non_null(report);
	struct look look = {.findings = (uint64_t)ntfscheck(volume, size, report)};
	assert_int_equal(fclose(report), 0);
	bool lost_mark = strstr(text, "in use, but not marked");
	look.torn = strstr(text, "torn write") && !lost_mark;
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line)
		wrong = wrong || !is_harmless(line);
	free(text);
	look.wrong = lost_mark || (wrong && !look.torn);
	return look;
}

/* --- as Windows sees it that replays its journal first --------------------------------------- */

struct look_job {
	struct block_device *disk;
	const struct volume_target *target;
};

static inline int look_replayed_work(void *context, struct buffer *out, struct error *err)
{
	const struct look_job *job = context;
	struct plan_image image;
	struct ntfs_facts facts;
	struct ntfs_view *view;

	int r = plan_image_open(job->disk, job->target, NULL, STATE_AS_IS, &image, err);
	if (r == 0)
		r = plan_view_open(image.volume.dev, true, &facts, &view, err);
	if (r == 0)
		r = ntfs_view_close(view);
	if (r < 0)
		return r;
	size_t size = (size_t)image.volume.dev->size;
	uint8_t *volume = malloc(size);
	if (!volume || block_read(image.volume.dev, 0, volume, size) < 0)
		return -ENOMEM;
	struct look look = look_at(volume, size);
	return answer_put_numbers(out, (uint64_t[]){look.findings, look.torn, look.wrong}, 3);
}

/* What cannot be read or replayed is in pieces. */
static inline struct look look_replayed(
        struct block_device *disk, const struct volume_target *target)
{
	struct look_job job = {disk, target};
	struct buffer answer;
	struct error err = {0};

	if (sandbox_run_replaying(look_replayed_work, &job, NM_CHILD_SECONDS, 1024, &answer, &err) <
	        0) {
		if (err.reason != REASON_NTFS_DAMAGED && err.reason != REASON_NTFS_REPLAY_FAILED)
			fail_msg("%s: %s", reason_code(err.reason), err.text);
		return (struct look){.findings = 1, .torn = true};
	}
	struct cursor c = cursor_over(answer.data, answer.len);
	struct look look = {.findings = cursor_le64(&c)};
	look.torn = cursor_le64(&c);
	look.wrong = cursor_le64(&c);
	assert_false(c.failed);
	buffer_free(&answer);
	return look;
}

#endif

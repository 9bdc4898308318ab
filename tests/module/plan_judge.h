/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan made of a volume, judged by ntfscheck: whole, and every fact accounted for. */
#ifndef TESTS_PLAN_JUDGE_H
#define TESTS_PLAN_JUDGE_H

#include "tests/module/plan_fixture.h"
#include "tests/ntfscheck/ntfscheck.h"

#include <ctype.h>
#include <sys/mman.h>

/* A file in memory, read only. */
static inline void *judge_map(const char *image, size_t *ret_size)
{
	int fd = open(image, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);

	assert_true(fd >= 0 && size > 0);
	*ret_size = (size_t)size;
	void *volume = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(volume != MAP_FAILED);
	assert_int_equal(close(fd), 0);
	return volume;
}

/* What one of ntfscheck's functions writes about a volume, to be freed, and its answer. */
static inline char *judge_ask(
        const char *image, int (*ask)(const uint8_t *, size_t, FILE *), int *ret_answer)
{
	size_t size, len;
	void *volume = judge_map(image, &size);
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	*ret_answer = ask(volume, size, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(munmap(volume, size), 0);
	return text;
}

/* A volume must have no finding. */
static inline void judge_sound(const char *image)
{
	int findings;
	char *wrong = judge_ask(image, ntfscheck, &findings);

	if (findings != 0)
		fail_msg("%s: %s", image, wrong);
	free(wrong);
}

/* Every fact of a sound volume, one a line; freed by the caller. */
static inline char *judge_dump(const char *image)
{
	int findings;
	char *text = judge_ask(image, ntfscheck_dump, &findings);

	assert_int_equal(findings, 0);
	return text;
}

static inline int judge_ask_notes(const uint8_t *volume, size_t size, FILE *out)
{
	ntfscheck_notes(volume, size, out);
	return 0;
}

/* The state of the journal and the volume's flags in words; freed by the caller. */
static inline char *judge_notes(const char *image)
{
	int none;

	return judge_ask(image, judge_ask_notes, &none);
}

/* Whether they have that in them. */
static inline bool judge_notes_say(const char *image, const char *words)
{
	char *text = judge_notes(image);
	bool found = strstr(text, words) != NULL;

	free(text);
	return found;
}

static inline int judge_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text, sorted, with NULL behind the last; the text is taken apart. */
static inline char **judge_lines(char *text)
{
	size_t count = 0;
	char *line;

	for (const char *c = text; *c; c++)
		count += *c == '\n';
	char **lines = calloc(count + 2, sizeof(*lines));
	assert_non_null(lines);
	for (count = 0; (line = strsep(&text, "\n"));)
		if (*line)
			lines[count++] = line;
	qsort(lines, count, sizeof(*lines), judge_compare);
	return lines;
}

/* Takes the renaming back in a dump. */
static inline void judge_name_back(char *dump, const char *extension)
{
	char upper[4] = "";

	for (size_t i = 0; i < 3; i++)
		upper[i] = (char)toupper(extension[i]);
	for (char *at = dump; (at = strstr(at, ".off\"")); at++)
		memcpy(at + 1, extension, 3);
	for (char *at = dump; (at = strstr(at, ".OFF\"")); at++)
		memcpy(at + 1, upper, 3);
}

/* Both volumes are whole and only names differ: what ends in .off there ended in extension. */
static inline void judge_renamed(const char *before, const char *after, const char *extension)
{
	judge_sound(after);
	char *a = judge_dump(before), *b = judge_dump(after);

	assert_null(strcasestr(a, ".off\""));
	assert_non_null(strcasestr(b, ".off\""));
	judge_name_back(b, extension);
	char **lines_a = judge_lines(a), **lines_b = judge_lines(b);
	for (size_t i = 0; lines_a[i] || lines_b[i]; i++) {
		assert_true(lines_a[i] && lines_b[i]);
		assert_string_equal(lines_a[i], lines_b[i]);
	}
	free(lines_a);
	free(lines_b);
	free(a);
	free(b);
}

/* "43-1 ..." is of one of the records; ends with 0. $MFT, $Volume, $Bitmap are in them always. */
static inline bool judge_is_of(const char *line, const unsigned long *records)
{
	unsigned long record = strtoul(line, NULL, 10);
	bool found = record == 0 || record == 3 || record == 6;

	for (size_t i = 0; records[i]; i++)
		found = found || record == records[i];
	return found;
}

/* Both volumes are whole, and what differs are facts of the records named, of $MFT, $Volume and
 * $Bitmap. */
static inline void judge_differs_in(
        const char *before, const char *after, const unsigned long *records)
{
	judge_sound(after);
	char *a = judge_dump(before), *b = judge_dump(after);
	char **lines_a = judge_lines(a), **lines_b = judge_lines(b);
	size_t i = 0, k = 0, differing = 0;

	while (lines_a[i] || lines_b[k]) {
		int order = !lines_a[i] ? 1 : !lines_b[k] ? -1 : strcmp(lines_a[i], lines_b[k]);
		const char *line = order > 0 ? lines_b[k] : lines_a[i];
		if (order != 0 && !judge_is_of(line, records))
			fail_msg("%s %s", order > 0 ? "new:" : "gone:", line);
		differing += order != 0;
		i += order <= 0;
		k += order >= 0;
	}
	assert_true(differing > 0);
	free(lines_a);
	free(lines_b);
	free(a);
	free(b);
}

#endif

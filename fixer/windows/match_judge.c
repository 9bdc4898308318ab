/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done to a file that has the right name, and why. */
#include "fixer/base/text.h"
#include "fixer/ntfs/metadata.h"
#include "fixer/windows/match.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILETIME_PER_SECOND 10000000
#define FILETIME_1970       11644473600               /* seconds from 1601-01-01 */
#define CLOSE_TOGETHER      (2 * FILETIME_PER_SECOND) /* what copying may round away */

static bool in_window(const struct recipe_match *by, uint64_t filetime)
{
	int64_t seconds = (int64_t)(filetime / FILETIME_PER_SECOND) - FILETIME_1970;

	return !by->has_window || (seconds >= by->modified_from && seconds < by->modified_to);
}

/* --- times ----------------------------------------------------------------------------------- */

static int judge_times(struct ntfs_view *view, const struct recipe_match *by, struct match *m)
{
	char changed[ISO8601_TEXT], made[ISO8601_TEXT];
	struct ntfs_times name;

	int r = ntfs_name_times(view, m->dir, &m->entry, &name);
	if (r < 0)
		return r;
	uint64_t born = name.created > name.modified ? name.created : name.modified;
	m->in_window = in_window(by, m->file.modified);
	if (born < CLOSE_TOGETHER || born - CLOSE_TOGETHER <= m->file.modified)
		return 0;
	iso8601_format(filetime_to_ns(m->file.modified), changed);
	iso8601_format(filetime_to_ns(born), made);
	bool other_verdict = m->in_window && !in_window(by, born);
	(void)snprintf(m->note, sizeof(m->note),
	        "its times disagree: last changed %s, but its name was made %s%s", changed, made,
	        other_verdict ? "; taken as outside the window" : "");
	if (other_verdict)
		m->in_window = false;
	return 0;
}

/* --- content --------------------------------------------------------------------------------- */

static int has_header(
        struct ntfs_view *view, const struct recipe_match *by, const struct match *m, bool *ret)
{
	uint8_t begin[RECIPE_HEADER_MAX];
	int r = 0;

	*ret = false;
	if (m->file.size < by->header_len)
		return 0;
	if (by->header_len > 0)
		r = ntfs_file_read(view, m->file.reference, 0, begin, by->header_len);
	if (r == 0)
		*ret = memcmp(begin, by->header, by->header_len) == 0;
	return r;
}

static int has_hash(
        struct ntfs_view *view, const struct recipe_match *by, const struct match *m, bool *ret)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	uint8_t *content = malloc(m->file.size ? (size_t)m->file.size : 1);

	if (!content)
		return -ENOMEM;
	int r = ntfs_file_read(view, m->file.reference, 0, content, (size_t)m->file.size);
	if (r == 0) {
		(void)crypto_hash_sha256(sum, content, m->file.size);
		*ret = memcmp(sum, by->sha256, sizeof(sum)) == 0;
	}
	free(content);
	return r;
}

/* Why the file cannot be acted on, and its content not be read here; OK when nothing is against it.
 */
static enum reason obstacle(const struct match *m)
{
	if (m->file.attributes & NTFS_ATTR_REPARSE)
		return REASON_TARGET_REPARSE;
	if (m->file.attributes & NTFS_ATTR_ENCRYPTED)
		return REASON_TARGET_ENCRYPTED;
	if (m->file.size > NM_MAX_TARGET_FILE)
		return REASON_TARGET_TOO_LARGE;
	return REASON_OK;
}

/* *ret: size, header and hash are those of the recipe, as far as they can be read. */
static int has_content(
        struct ntfs_view *view, const struct recipe_match *by, const struct match *m, bool *ret)
{
	int r = 0;

	*ret = m->file.size >= by->size_min && m->file.size <= by->size_max;
	if (*ret && obstacle(m) == REASON_OK)
		r = has_header(view, by, m, ret);
	if (r == 0 && *ret && by->has_sha256 && obstacle(m) == REASON_OK)
		r = has_hash(view, by, m, ret);
	return r;
}

/* --- both ------------------------------------------------------------------------------------ */

int match_judge(struct ntfs_view *view, const struct recipe *recipe, const struct recipe_match *by,
        struct match *m)
{
	bool fits = true;

	int r = judge_times(view, by, m);
	bool outside = !m->in_window && !by->act_outside_window;
	if (r == 0 && !outside)
		r = has_content(view, by, m, &fits);
	if (r < 0)
		return r;
	if (outside)
		m->reason = REASON_OUTSIDE_WINDOW;
	else if (!fits)
		m->reason = REASON_OTHER_CONTENT;
	else
		m->reason = recipe->action == ACTION_REPORT ? REASON_REPORT_ONLY : obstacle(m);
	if (m->reason == REASON_REPORT_ONLY && obstacle(m) != REASON_OK && !m->note[0])
		(void)snprintf(m->note, sizeof(m->note), "could not be acted on: %s",
		        reason_title(obstacle(m)));
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/sample.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

bool columns_row_is_empty(const struct csv_row *row)
{
	if (row->count > 0 && strncmp(row->cells[0], "#TYPE", 5) == 0)
		return true;
	if (row->line == 1 && row->count > 0 && strncasecmp(row->cells[0], "sep=", 4) == 0)
		return true;
	for (size_t i = 0; i < row->count; i++)
		if (*row->cells[i])
			return false;
	return true;
}

/* How much speaks for a column of GUIDs being the key IDs; 0: it is somebody else's ID. */
enum rank { RANK_NONE, RANK_SAME_EVERYWHERE, RANK_UNNAMED, RANK_SHORT_NAME, RANK_KEY_ID };

static enum rank rank_of(const struct sample *s, size_t i)
{
	const struct seen *seen = &s->columns[i];

	if (seen->ids == 0)
		return RANK_NONE;
	if (s->words[i] == WORD_ID || seen->ad_names > 0)
		return RANK_KEY_ID;
	if (s->words[i] == WORD_OTHER_ID)
		return RANK_NONE;
	if (s->words[i] == WORD_SHORT_ID)
		return RANK_SHORT_NAME;
	/* A tenant's, for instance. */
	return seen->ids >= 3 && !seen->several ? RANK_SAME_EVERYWHERE : RANK_UNNAMED;
}

static bool names_id(enum column_word word)
{
	return word == WORD_ID || word == WORD_SHORT_ID;
}

static void choose_ids(const struct sample *s, struct columns *ret)
{
	enum rank best = RANK_NONE;
	size_t count = 0;

	for (size_t i = 0; i < ret->count; i++)
		best = rank_of(s, i) > best ? rank_of(s, i) : best;
	for (size_t i = 0; i < ret->count; i++) {
		/* Nothing to see in the first rows: the header alone, for those that follow. */
		ret->is_id[i] = best == RANK_NONE ? names_id(s->words[i]) : rank_of(s, i) == best;
		count += ret->is_id[i];
	}
	ret->ids_unsure = count > 1 && best < RANK_KEY_ID;
}

static int column_of(const struct sample *s, const struct columns *c, enum column_word word)
{
	for (size_t i = 0; i < c->count; i++)
		if (s->words[i] == word && s->columns[i].others > 0)
			return (int)i;
	return -1;
}

/* Of the columns that are nothing else the first with a text; of numbers, only where there is
 * nothing else to find a key by. */
static int first_text(const struct sample *s, const struct columns *c, bool numbers)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct seen *seen = &s->columns[i];
		if ((numbers ? seen->others : seen->texts) > 0 && seen->passwords == 0 &&
		        !c->is_id[i])
			return (int)i;
	}
	return -1;
}

static void choose_names(const struct sample *s, struct columns *ret)
{
	bool has_id = false;

	ret->serial = column_of(s, ret, WORD_SERIAL);
	ret->host = column_of(s, ret, WORD_HOST);
	if (ret->host < 0)
		ret->host = column_of(s, ret, WORD_HOST_LONG);
	for (size_t i = 0; i < ret->count; i++) {
		has_id = has_id || ret->is_id[i];
		/* A recovery record's distinguished name names its computer. */
		if (ret->host < 0 && ret->is_id[i] && s->columns[i].ad_names > 0)
			ret->host = (int)i;
	}
	if (ret->host >= 0 || ret->serial >= 0)
		return;
	ret->host = first_text(s, ret, false);
	if (ret->host < 0 && !has_id)
		ret->host = first_text(s, ret, true);
	ret->host_unsure = ret->host >= 0;
}

static void choose(const struct sample *s, struct columns *ret)
{
	bool seen = false;

	for (size_t i = 0; i < ret->count; i++) {
		ret->is_password[i] = s->columns[i].passwords > 0;
		seen = seen || ret->is_password[i];
	}
	for (size_t i = 0; i < ret->count && !seen; i++)
		ret->is_password[i] = s->words[i] == WORD_PASSWORD;
	choose_ids(s, ret);
	choose_names(s, ret);
}

int columns_decide(struct csv *c, enum columns_file file, struct columns *ret)
{
	struct secret *scratch CLEANUP_SECRET = secret_new(sizeof(struct cell_passwords));
	struct sample s = {.file = file, .scratch = scratch ? (void *)scratch->data : NULL};

	*ret = (struct columns){.host = -1, .serial = -1};
	if (!scratch)
		return -ENOMEM;
	int r = sample_separator(&s, c, &ret->separator);
	if (r == 0) {
		csv_rewind(c, ret->separator);
		r = sample_rows(&s, c, ret);
	}
	if (r < 0)
		return r;
	choose(&s, ret);
	csv_rewind(c, ret->separator);
	return 0;
}

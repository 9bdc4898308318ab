/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/sample.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define SAMPLE_ROWS 200

/* Holds a letter or digit, and does not say that there is nothing. */
static bool is_full(const char *cell)
{
	const char *p = cell;

	while (*p && !isalnum((unsigned char)*p) && (unsigned char)*p < 0x80)
		p++;
	return *p && cell_filler(cell) == CELL_OTHER;
}

/* "2024-07-19 04:09", "19.07.2024", "5", "True": of no use as a machine's name. */
static bool names_nothing(const char *cell)
{
	return strspn(cell, "0123456789 .:/-+TZapmAPM") == strlen(cell) ||
	       strcasecmp(cell, "true") == 0 || strcasecmp(cell, "false") == 0;
}

static bool has_password(struct sample *s, const char *cell)
{
	s->scratch->count = 0;
	return cell_passwords(cell, s->scratch) > 0;
}

static void look_at_cell(struct sample *s, struct seen *seen, const char *cell)
{
	struct cell_ids ids = {0};
	bool password = has_password(s, cell);

	seen->passwords += password;
	if (cell_ids(cell, &ids) > 0) {
		if (seen->ids == 0)
			seen->first = ids.ids[0];
		else if (!guid_equal(&seen->first, &ids.ids[0]))
			seen->several = true;
		seen->ids++;
		const char *brace = strchr(cell, '{');
		seen->ad_names += brace && brace > cell && isdigit((unsigned char)brace[-1]);
	} else if (!password && is_full(cell)) {
		seen->others++;
		seen->texts += !names_nothing(cell);
	}
}

/* Of what IDs and passwords, also several in a cell, are written with: a cell that the wrong
 * separator cut out has commas or quotes in it. */
static bool is_pure(const char *cell)
{
	for (; *cell; cell++)
		if (!isxdigit((unsigned char)*cell) && !strchr("{}- \t\r\n;|:+.TZX'=", *cell) &&
		        (unsigned char)*cell < 0x80)
			return false;
	return true;
}

/* How much of the sample makes sense with this separator: cells that are an ID or a password; the
 * number of columns of the first row decides between equals. */
static int judge_separator(struct csv *c, struct sample *s, char separator, size_t *ret)
{
	size_t rows = 0, good = 0, wide = 0;
	struct csv_row row;
	int r;

	csv_rewind(c, separator);
	while (rows < SAMPLE_ROWS && (r = csv_peek(c, &row)) != 0) {
		if (r == -EMSGSIZE || r == -EILSEQ)
			continue;
		if (r < 0)
			return r;
		if (columns_row_is_empty(&row))
			continue;
		if (rows++ == 0)
			wide = row.count;
		for (size_t i = 0; i < row.count; i++) {
			struct cell_ids ids = {0};
			if (!is_pure(row.cells[i]))
				continue;
			good += has_password(s, row.cells[i]);
			good += cell_ids(row.cells[i], &ids) > 0;
		}
	}
	*ret = good * (CSV_MAX_CELLS + 1) + wide;
	return 0;
}

int sample_separator(struct sample *s, struct csv *c, char *ret)
{
	static const char all[] = {',', ';', '\t', '|'};
	size_t best = 0, points;

	*ret = all[0];
	for (size_t i = 0; i < sizeof(all); i++) {
		int r = judge_separator(c, s, all[i], &points);
		if (r < 0)
			return r;
		if (points > best) {
			best = points;
			*ret = all[i];
		}
	}
	return 0;
}

#define HEADER_DIGITS 8 /* more in one cell is data, if only a mistyped password */

/* The first row is a header when it names nothing of its own and nothing is missing in it. */
static bool is_header(struct sample *s, const struct csv_row *row)
{
	struct cell_ids ids = {0};
	bool known = false;

	for (size_t i = 0; i < row->count; i++) {
		enum cell_filler filler = cell_filler(row->cells[i]);
		if (has_password(s, row->cells[i]) || cell_ids(row->cells[i], &ids) > 0 ||
		        (filler != CELL_OTHER && filler != CELL_EMPTY) ||
		        cell_count_digits(row->cells[i]) > HEADER_DIGITS)
			return false;
		known = known || column_word(row->cells[i]) != WORD_UNKNOWN;
	}
	return known || s->file == COLUMNS_EXPORT;
}

static void take_header(struct sample *s, const struct csv_row *row, struct columns *ret)
{
	ret->header = row->line;
	for (size_t i = 0; i < row->count; i++) {
		text_clean(ret->names[i], sizeof(ret->names[i]), row->cells[i]);
		s->words[i] = column_word(ret->names[i]);
	}
}

int sample_rows(struct sample *s, struct csv *c, struct columns *ret)
{
	bool first = true;
	struct csv_row row;
	int r;

	while (s->rows < SAMPLE_ROWS && (r = csv_peek(c, &row)) != 0) {
		if (r == -EMSGSIZE || r == -EILSEQ)
			continue;
		if (r < 0)
			return r;
		if (columns_row_is_empty(&row))
			continue;
		if (row.count > ret->count)
			ret->count = row.count;
		if (first && is_header(s, &row)) {
			take_header(s, &row, ret);
		} else {
			for (size_t i = 0; i < row.count; i++)
				look_at_cell(s, &s->columns[i], row.cells[i]);
			s->rows++;
		}
		first = false;
	}
	return 0;
}

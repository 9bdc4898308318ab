/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/screen_view.h"

#include <string.h>

/* Redraws over what is there instead of clearing first, so that nothing flickers. */
struct page {
	struct buffer *out;
	unsigned columns, rows, row, margin;
	int error;
};

static void put(struct page *p, const void *data, size_t len)
{
	if (p->error == 0)
		p->error = buffer_append(p->out, data, len);
}

static void put_text(struct page *p, const char *text)
{
	put(p, text, strlen(text));
}

static void put_spaces(struct page *p, unsigned n)
{
	while (n-- > 0)
		put(p, " ", 1);
}

static bool page_full(const struct page *p)
{
	return p->row >= p->rows;
}

static void end_row(struct page *p)
{
	put_text(p, "\033[K"); /* erase to the end of the row in the current colour */
	if (++p->row < p->rows)
		put_text(p, "\r\n");
}

static void blank_row(struct page *p)
{
	if (!page_full(p))
		end_row(p);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* How many bytes of text fit in width characters, broken at a space where there is one. Stops at
 * the end of the line. */
static size_t fit(const char *text, unsigned width)
{
	size_t n = 0, space = 0;
	unsigned used = 0;

	while (text[n] && text[n] != '\n') {
		if (!is_continuation(text[n]) && used++ == width)
			return space ? space : n;
		if (text[n] == ' ')
			space = n;
		n++;
	}
	return n;
}

/* Calls draw for each row of the wrapped text. */
static void wrap(struct page *p, const char *text, unsigned width,
        void (*draw)(struct page *, const char *, size_t))
{
	while (*text && !page_full(p)) {
		size_t n = fit(text, width);
		draw(p, text, n);
		text += n;
		while (*text == ' ')
			text++;
		if (*text == '\n')
			text++;
	}
}

static void draw_plain(struct page *p, const char *text, size_t len)
{
	if (page_full(p))
		return;
	put_spaces(p, p->margin);
	put(p, text, len);
	end_row(p);
}

/* U+F000 + n is the console's direct way to glyph n of the font. */
static void put_glyph(struct page *p, unsigned glyph)
{
	unsigned code = 0xf000 + glyph;
	const char utf8[3] = {(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3f)),
	        (char)(0x80 | (code & 0x3f))};

	put(p, utf8, sizeof(utf8));
}

static void draw_big(struct page *p, const char *text, size_t len)
{
	for (unsigned half = 0; half < 2 && !page_full(p); half++) {
		put_spaces(p, p->margin);
		for (size_t i = 0; i < len; i++) {
			unsigned c = (unsigned char)text[i] - SCREEN_BIG_FIRST;
			if (c >= SCREEN_BIG_COUNT)
				c = '?' - SCREEN_BIG_FIRST;
			put_glyph(p, SCREEN_BIG_GLYPHS + 4 * c + 2 * half);
			put_glyph(p, SCREEN_BIG_GLYPHS + 4 * c + 2 * half + 1);
		}
		end_row(p);
	}
}

static void draw_letter_row(struct page *p, uint8_t bits, unsigned width)
{
	for (unsigned bit = SCREEN_LETTER; bit-- > 0;) {
		put_text(p, bits >> bit & 1 ? "\033[7m" : "\033[27m");
		put_spaces(p, width);
	}
	put_text(p, "\033[27m");
}

/* In blanks of reversed colour, which every font has: each dot one or two columns wide, so that a
 * letter is as large as the screen allows. */
static void draw_code(struct page *p, const char *code, unsigned width)
{
	unsigned columns = (unsigned)strlen(code) * (SCREEN_LETTER + 1) - 1;

	if (!code[0] || columns > width)
		return;
	unsigned dot = 2 * columns <= width ? 2 : 1;
	blank_row(p);
	for (unsigned row = 0; row < SCREEN_LETTER && !page_full(p); row++) {
		put_spaces(p, p->margin);
		for (unsigned i = 0; code[i]; i++) {
			if (i > 0)
				put_spaces(p, dot);
			draw_letter_row(p, screen_letter(code[i])[row], dot);
		}
		end_row(p);
	}
}

static void draw_band(struct page *p, const struct screen_view *v)
{
	static const char *const colour[] = {[SCREEN_BLUE] = "\033[37;44m",
	        [SCREEN_GREEN] = "\033[37;42m",
	        [SCREEN_AMBER] = "\033[37;43m",
	        [SCREEN_RED] = "\033[37;41m"};
	const char *name = v->machine[0] ? v->machine : "netmend";

	put_text(p, colour[v->band]);
	draw_plain(p, name, fit(name, p->columns - 2 * p->margin));
	put_text(p, "\033[37;40m");
}

static unsigned lines_used(const struct screen_view *v)
{
	unsigned n = 0;
	for (unsigned i = 0; i < SCREEN_LINES; i++)
		n += v->lines[i][0] != 0;
	return n;
}

/* The last lines stand at the foot, dimmer, one row each. */
static void draw_foot(struct page *p, const struct screen_view *v)
{
	unsigned used = lines_used(v);

	while (p->row + used < p->rows)
		blank_row(p);
	put_text(p, "\033[36m");
	for (unsigned i = 0; i < SCREEN_LINES; i++)
		if (v->lines[i][0])
			draw_plain(p, v->lines[i], fit(v->lines[i], p->columns - 2 * p->margin));
}

int screen_layout(
        const struct screen_view *v, unsigned columns, unsigned rows, bool big, struct buffer *out)
{
	struct page p = {.out = out, .columns = columns, .rows = rows, .margin = 2};
	unsigned width = columns > 20 ? columns - 2 * p.margin : columns;

	if (columns <= 20)
		p.margin = 0;
	/* Colours of our own (readable on black, dim foot), no cursor, no blanking, top left. */
	put_text(&p, "\033]P0000000\033]P1a3001b\033]P2006b35\033]P3a34700\033]P41d4ed8\033]"
	             "P69aa7b5\033]P7ffffff"
	             "\033[?25l\033[9;0]\033[0;37;40m\033[H");
	draw_band(&p, v);
	blank_row(&p);
	wrap(&p, v->state, big ? width / 2 : width, big ? draw_big : draw_plain);
	draw_code(&p, v->code, width);
	blank_row(&p);
	wrap(&p, v->detail, width, draw_plain);
	if (v->detail[0] && v->advice[0])
		blank_row(&p);
	wrap(&p, v->advice, width, draw_plain);
	draw_foot(&p, v);
	return p.error;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands on the screen, and how it is laid out on a Linux text console. No I/O here. */
#ifndef BASE_SCREEN_VIEW_H
#define BASE_SCREEN_VIEW_H

#include "fixer/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define SCREEN_TEXT  512
#define SCREEN_LINES 4
#define SCREEN_CODE  8

/* Colour of the band on top: what a floor of screens tells from afar. */
enum screen_band { SCREEN_BLUE, SCREEN_GREEN, SCREEN_AMBER, SCREEN_RED };

struct screen_view {
	enum screen_band band;
	char machine[SCREEN_TEXT];
	char state[SCREEN_TEXT];    /* upper case */
	char code[SCREEN_CODE + 1]; /* drawn in blocks, see screen_letter(); "" for none */
	char detail[SCREEN_TEXT];   /* lines separated by '\n' */
	char advice[SCREEN_TEXT];
	char lines[SCREEN_LINES][SCREEN_TEXT]; /* oldest first, "" when unused */
};

/* The glyph of the console font where the pieces of double-size letters begin: letter c (from
 * SCREEN_BIG_FIRST) is made of glyphs base + 4 * (c - first) + {0, 1 above; 2, 3 below}. */
#define SCREEN_BIG_GLYPHS 256
#define SCREEN_BIG_FIRST  0x20
#define SCREEN_BIG_COUNT  64 /* up to '_': digits, capitals and punctuation */

/* The five rows of a letter of blocks, from the top; bit 4 is the leftmost of its five columns.
 * Blank for what is not in the alphabet of pairing.h. */
#define SCREEN_LETTER 5
const uint8_t *screen_letter(char c);

/* Appends the escape sequences and text that redraw the whole screen in one write.
 * big: the double-size glyphs are in the font. 0 or -errno of the buffer. */
int screen_layout(
        const struct screen_view *v, unsigned columns, unsigned rows, bool big, struct buffer *out);

#endif

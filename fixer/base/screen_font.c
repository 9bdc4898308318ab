/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/screen_font.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/screen_view.h"

#include <linux/kd.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* KDFONTOP (linux/kd.h, ioctl_console(2)): at most 512 glyphs of 32x32; a row of a glyph is
 * (width + 7) / 8 bytes, most significant bit left, and every glyph has room for 32 rows. */
#define GLYPHS_MAX 512
#define ROWS       32
#define OLD_GLYPHS 256
#define CELL_W     16
#define CELL_H     32
#define CELL_BYTES (ROWS * CELL_W / 8)

struct font {
	unsigned width, height, count;
	uint8_t *data;
};

static int font_op(int vt, unsigned op, struct font *f)
{
	struct console_font_op arg = {.op = op,
	        .width = f->width,
	        .height = f->height,
	        .charcount = f->count,
	        .data = f->data};
	int r = ioctl(vt, KDFONTOP, &arg);

	f->width = arg.width;
	f->height = arg.height;
	f->count = arg.charcount;
	return r;
}

static bool pixel(const struct font *f, unsigned glyph, unsigned x, unsigned y)
{
	size_t row_bytes = (f->width + 7) / 8;
	uint8_t byte = f->data[glyph * row_bytes * ROWS + y * row_bytes + x / 8];

	return byte >> (7 - x % 8) & 1;
}

/* Fills one 16x32 cell with the part of a glyph that begins at (left, top) when the glyph is drawn
 * scale times as large. */
static void draw_cell(const struct font *f, unsigned glyph, unsigned scale, unsigned left,
        unsigned top, uint8_t *cell)
{
	for (unsigned y = 0; y < CELL_H; y++)
		for (unsigned x = 0; x < CELL_W; x++)
			if (pixel(f, glyph, (left + x) / scale, (top + y) / scale))
				cell[y * CELL_W / 8 + x / 8] |= (uint8_t)(0x80 >> x % 8);
}

static void draw_font(const struct font *old, unsigned scale, uint8_t *cells)
{
	for (unsigned g = 0; g < OLD_GLYPHS; g++)
		draw_cell(old, g, scale, 0, 0, cells + g * CELL_BYTES);
	/* The first 128 glyphs of the kernel's fonts stand at their ASCII codes. */
	for (unsigned g = 0; g < 4 * SCREEN_BIG_COUNT; g++)
		draw_cell(old, SCREEN_BIG_FIRST + g / 4, 2 * scale, g % 2 * CELL_W,
		        g / 2 % 2 * CELL_H, cells + (SCREEN_BIG_GLYPHS + g) * CELL_BYTES);
}

bool screen_font_enlarge(int vt)
{
	CLEANUP_FREE uint8_t *old_data = calloc(GLYPHS_MAX, ROWS * 4);
	CLEANUP_FREE uint8_t *new_data = calloc(GLYPHS_MAX, CELL_BYTES);
	struct font old = {.width = 32, .height = 32, .count = GLYPHS_MAX, .data = old_data};
	struct font large = {
	        .width = CELL_W, .height = CELL_H, .count = GLYPHS_MAX, .data = new_data};
	struct winsize size;

	if (!old_data || !new_data || ioctl(vt, TIOCGWINSZ, &size) < 0)
		return false;
	if (font_op(vt, KD_FONT_OP_GET, &old) < 0 || old.count < OLD_GLYPHS)
		return false;
	bool is_large = old.width == CELL_W && old.height == CELL_H;
	bool is_small = old.width == CELL_W / 2 && old.height == CELL_H / 2;
	if (!is_large && (!is_small || size.ws_col < 100))
		return false;
	draw_font(&old, is_large ? 1 : 2, new_data);
	return font_op(vt, KD_FONT_OP_SET, &large) == 0;
}

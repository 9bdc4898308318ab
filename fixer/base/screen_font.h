/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's font, made large. */
#ifndef BASE_SCREEN_FONT_H
#define BASE_SCREEN_FONT_H

#include <stdbool.h>

/* vt: an open virtual console. Where its screen is a framebuffer of 100 columns or more, or already
 * has a 16x32 font, sets a font of 16x32 cells and adds double-size letters (screen_view.h). True
 * when those letters can be used; false leaves the console as it was. */
bool screen_font_enlarge(int vt);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/screen_view.h"

#include <string.h>

static const char alphabet[] = "ACDEFGHJKLMNPQRTUVWXY34679";

/* One line a letter, in the order above: five rows of five dots. */
static const uint8_t letters[][SCREEN_LETTER] = {
        {0b01110, 0b10001, 0b11111, 0b10001, 0b10001}, /* A */
        {0b01111, 0b10000, 0b10000, 0b10000, 0b01111}, /* C */
        {0b11110, 0b10001, 0b10001, 0b10001, 0b11110}, /* D */
        {0b11111, 0b10000, 0b11110, 0b10000, 0b11111}, /* E */
        {0b11111, 0b10000, 0b11110, 0b10000, 0b10000}, /* F */
        {0b01111, 0b10000, 0b10011, 0b10001, 0b01111}, /* G */
        {0b10001, 0b10001, 0b11111, 0b10001, 0b10001}, /* H */
        {0b00111, 0b00001, 0b00001, 0b10001, 0b01110}, /* J */
        {0b10001, 0b10010, 0b11100, 0b10010, 0b10001}, /* K */
        {0b10000, 0b10000, 0b10000, 0b10000, 0b11111}, /* L */
        {0b10001, 0b11011, 0b10101, 0b10001, 0b10001}, /* M */
        {0b10001, 0b11001, 0b10101, 0b10011, 0b10001}, /* N */
        {0b11110, 0b10001, 0b11110, 0b10000, 0b10000}, /* P */
        {0b01110, 0b10001, 0b10101, 0b10010, 0b01101}, /* Q */
        {0b11110, 0b10001, 0b11110, 0b10010, 0b10001}, /* R */
        {0b11111, 0b00100, 0b00100, 0b00100, 0b00100}, /* T */
        {0b10001, 0b10001, 0b10001, 0b10001, 0b01110}, /* U */
        {0b10001, 0b10001, 0b10001, 0b01010, 0b00100}, /* V */
        {0b10001, 0b10001, 0b10101, 0b11011, 0b10001}, /* W */
        {0b10001, 0b01010, 0b00100, 0b01010, 0b10001}, /* X */
        {0b10001, 0b01010, 0b00100, 0b00100, 0b00100}, /* Y */
        {0b11110, 0b00001, 0b01110, 0b00001, 0b11110}, /* 3 */
        {0b10010, 0b10010, 0b11111, 0b00010, 0b00010}, /* 4 */
        {0b01110, 0b10000, 0b11110, 0b10001, 0b01110}, /* 6 */
        {0b11111, 0b00001, 0b00010, 0b00100, 0b00100}, /* 7 */
        {0b01110, 0b10001, 0b01111, 0b00001, 0b01110}, /* 9 */
};

_Static_assert(sizeof(letters) / sizeof(letters[0]) == sizeof(alphabet) - 1, "a letter is missing");

const uint8_t *screen_letter(char c)
{
	static const uint8_t blank[SCREEN_LETTER];
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? letters[at - alphabet] : blank;
}

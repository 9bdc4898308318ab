/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tells one machine from another, in one spelling. Firmware of many vendors has the same text
 * in every machine where a serial number or UUID was never filled in: that is nobody's identity.
 * Each gives false, and ret "", for what identifies nothing.
 */
#ifndef ESCROW_POLICY_SPELLING_H
#define ESCROW_POLICY_SPELLING_H

#include <stdbool.h>

#define SPELLING_TEXT 64 /* what is longer is cut there, in machine and inventory alike */

/* Any case, with or without dashes and braces, to 32 digits in upper case. */
bool spelling_uuid(const char *text, char ret[SPELLING_TEXT]);

/* Blanks around it taken off, upper case. */
bool spelling_serial(const char *text, char ret[SPELLING_TEXT]);

/* With ':', '-', '.' or nothing between, to 12 digits in upper case. */
bool spelling_mac(const char *text, char ret[SPELLING_TEXT]);

#endif

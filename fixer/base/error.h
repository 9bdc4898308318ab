/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside, a function fails with a negative errno. What people are told is a reason code and one
 * sentence: functions that know it take a struct error last and fill it when they fail.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "netmend/reason.h"

struct error {
	int code;           /* negative errno; 0 when nothing was set */
	enum reason reason; /* valid when code is set */
	char text[320];     /* what happened and where: English, no key material, clean (text.h) */
};

/* Fills err (which may be NULL) and returns code, which must be negative:
 *     return error_set(err, -EBADMSG, REASON_BITLOCKER_METADATA_BAD, "copy %u: ...", i); */
int error_set(struct error *err, int code, enum reason reason, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* Puts "where: " before the text of err when it is set. */
void error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

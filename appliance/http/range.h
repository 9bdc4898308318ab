/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Range header (RFC 9110, section 14), as far as boot loaders use it: one range of bytes. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

enum range_result {
	RANGE_WHOLE,   /* no header, or one we need not honour (other unit, several, malformed) */
	RANGE_PART,    /* [*ret_first, *ret_first + *ret_length) */
	RANGE_OUTSIDE, /* nothing of it lies in the file */
};

/* header may be NULL. */
enum range_result range_parse(
        const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_length);

#endif

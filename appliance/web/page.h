/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status page's files, carried in the binary. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include <stddef.h>

struct page_file {
	const char *name; /* "index.html"; served as /page/NAME, index.html also as / */
	const char *type; /* Content-Type */
	const unsigned char *data;
	const unsigned char *end;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif

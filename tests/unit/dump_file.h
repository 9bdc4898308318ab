/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Crash dumps in memory, for the tests of dump.h. The files are stand-ins of
 * tests/generators/dump.c. */
#ifndef TESTS_DUMP_FILE_H
#define TESTS_DUMP_FILE_H

#include "fixer/base/bytes.h"
#include "fixer/windows/dump.h"
#include "tests/generators/dump.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define CRASH      1721365331 /* 2024-07-19T05:02:11Z */
#define HEADER_64  0x2000
#define HEADER_32  0x1000
#define CODE_64    0x38
#define TIME_64    0xfa8
#define ENTRIES_64 (HEADER_64 + 0x400)

static const enum gen_dump_kind kinds[] = {
        GEN_DUMP_SMALL, GEN_DUMP_KERNEL, GEN_DUMP_COMPLETE, GEN_DUMP_SMALL_32};

struct file {
	struct buffer bytes;
	size_t fail_from; /* reads from here on answer -EIO */
	uint64_t read;    /* bytes read so far */
};

static inline int read_file(void *context, uint64_t offset, void *buf, size_t len)
{
	struct file *f = context;

	assert_true(range_within(offset, len, f->bytes.len));
	if (offset + len > f->fail_from)
		return -EIO;
	memcpy(buf, f->bytes.data + offset, len);
	f->read += len;
	return 0;
}

static inline void make(struct file *f, const struct gen_dump *d)
{
	*f = (struct file){.fail_from = SIZE_MAX};
	buffer_init(&f->bytes, 1 << 20);
	assert_int_equal(gen_dump_make(d, &f->bytes), 0);
}

static inline int parse(struct file *f, struct dump *ret)
{
	const struct dump_source source = {read_file, f, f->bytes.len};

	memset(ret, 0, sizeof(*ret));
	return dump_read(&source, ret);
}

/* The dump must be read, but name no module. */
static inline void assert_no_module(struct file *f)
{
	struct dump d;

	assert_int_equal(parse(f, &d), 0);
	assert_int_equal(d.code, 0x50);
	assert_string_equal(d.module, "");
}

#endif

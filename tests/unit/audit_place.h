/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An audit record in a folder of its own, and its two files as bytes. Each program includes it
 * once. */
#ifndef TESTS_UNIT_AUDIT_PLACE_H
#define TESTS_UNIT_AUDIT_PLACE_H

#include "appliance/escrow/audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1024 * 1024)

struct place {
	char dir[64], log[80], head[80];
	struct audit_verdict verdict; /* of the last verify() */
	char said[4096];
};

struct bytes {
	size_t len;
	char data[FILE_MAX];
};

static inline int place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/netmend-audit-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	(void)snprintf(p->log, sizeof(p->log), "%s/audit.log", p->dir);
	(void)snprintf(p->head, sizeof(p->head), "%s/audit.head", p->dir);
	*state = p;
	return 0;
}

static inline int place_remove(void **state)
{
	struct place *p = *state;

	(void)unlink(p->log);
	(void)unlink(p->head);
	int r = rmdir(p->dir);
	free(p);
	return r;
}

static inline struct bytes *load(const char *path)
{
	struct bytes *b = calloc(1, sizeof(*b));
	FILE *f = fopen(path, "r");

	assert_non_null(b);
	assert_non_null(f);
	b->len = fread(b->data, 1, FILE_MAX - 1, f);
	(void)fclose(f);
	return b;
}

static inline void store(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Records with numbers from `first`. */
static inline void write_records(const struct place *p, int first, int count)
{
	struct audit *a;

	assert_int_equal(audit_open(p->dir, &a, NULL), 0);
	for (int i = first; i < first + count; i++) {
		json_t *fields = json_pack("{s:i,s:s}", "number", i, "machine", "PC-1");
		assert_int_equal(audit_append(a, "release", fields, NULL), 0);
		json_decref(fields);
	}
	audit_close(a);
}

/* How many problems there are. copies: a text to compare with, or NULL. */
static inline uint64_t verify(struct place *p, const char *copies)
{
	FILE *out = fmemopen(p->said, sizeof(p->said), "w");
	FILE *in = copies ? fmemopen((char *)(uintptr_t)copies, strlen(copies), "r") : NULL;

	assert_non_null(out);
	memset(p->said, 0, sizeof(p->said));
	assert_int_equal(audit_verify(p->dir, in, out, &p->verdict, NULL), 0);
	(void)fclose(out);
	if (in)
		(void)fclose(in);
	return p->verdict.problems;
}

#endif

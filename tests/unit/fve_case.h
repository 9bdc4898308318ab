/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small BitLocker volume, opened, with a copy of the device to compare with. */
#ifndef TESTS_FVE_CASE_H
#define TESTS_FVE_CASE_H

#include "tests/unit/fve_volume.h"

#include <sodium.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A volume as it was made, to be compared with what writing made of it. */
struct case_volume {
	struct fve_volume v;
	struct fve_opened o;
	uint8_t *made; /* the device's bytes */
};

static inline void case_open(struct case_volume *c, const struct fve_spec *spec)
{
	struct error err = {0};

	fve_make(&c->v, spec);
	c->made = malloc(spec->size);
	assert_non_null(c->made);
	memcpy(c->made, c->v.bytes, spec->size);
	if (fve_open(&c->v, &c->o, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void case_close(struct case_volume *c)
{
	fve_close(&c->o);
	fve_drop(&c->v);
	free(c->made);
}

static inline void expect_untouched(const struct case_volume *c)
{
	assert_int_equal(c->v.memory.writes, 0);
	assert_memory_equal(c->v.bytes, c->made, c->v.spec.size);
}

#endif

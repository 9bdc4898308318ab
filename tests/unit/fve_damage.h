/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be said of an encrypt-on-write volume whose map can't be used. */
#ifndef TESTS_FVE_DAMAGE_H
#define TESTS_FVE_DAMAGE_H

#include "tests/unit/fve_case.h"

static inline void expect_damaged(struct fve_volume *v, const char *what)
{
	struct fve_opened o;
	struct error err = {0};

	assert_int_equal(fve_open(v, &o, &err), -EBADMSG);
	if (!o.b)
		fail_msg("%s: not even parsed: %s", what, err.text);
	const struct bitlocker_info *info = bitlocker_info(o.b);
	if (!info->map_damaged)
		fail_msg("%s: %s", what, err.text);
	assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
	assert_non_null(strstr(err.text, "encrypt-on-write map"));
	assert_null(o.volume);
	assert_int_equal(info->encrypted_bytes, 0);
	assert_int_equal(info->protector_count, 1);
	assert_true(bitlocker_is_reserved(o.b, info->metadata_offset[1], 1));
	assert_int_equal(bitlocker_write_refusal(o.b, &err), -EROFS);
	fve_close(&o);
}

#endif

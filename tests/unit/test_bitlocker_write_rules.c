/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When a volume may be written at all; volumes in which nothing is encrypted. */
#include "tests/unit/fve_case.h"

static void put_in_copies(struct fve_volume *v, size_t offset, uint8_t value)
{
	for (size_t i = 0; i < 3; i++) {
		v->bytes[v->spec.metadata[i] + offset] = value;
		fve_finish_copy(v, v->bytes + v->spec.metadata[i]);
	}
}

static void expect_read_only(struct case_volume *c, enum reason reason)
{
	struct error err = {0};

	assert_false(c->o.volume->writable);
	assert_int_equal(bitlocker_write_refusal(c->o.b, &err), -EROFS);
	assert_int_equal(err.reason, reason);
	assert_true(err.text[0]);
	assert_int_equal(block_write(c->o.volume, 100 * KIB, "x", 1), -EROFS);
	assert_int_equal(block_write(c->o.volume, 0, "x", 1), -EROFS);
	assert_int_equal(bitlocker_refused_at(c->o.volume), UINT64_MAX);
	expect_untouched(c);
}

static void only_finished_states_are_written(void **state)
{
	(void)state;

	srandom(40);
	for (uint16_t now = 1; now <= 5; now++) {
		for (uint16_t next = 0; next <= 6; next++) {
			struct fve_spec spec = fve_usual(512);
			struct case_volume c;
			spec.state = now;
			spec.next = next;
			spec.plain_digest = now == 1;
			case_open(&c, &spec);
			if (now == next && (now == 4 || now == 1)) {
				assert_true(c.o.volume->writable);
				assert_int_equal(bitlocker_write_refusal(c.o.b, NULL), 0);
			} else {
				expect_read_only(&c, REASON_BITLOCKER_CONVERTING);
			}
			case_close(&c);
		}
	}
}

static void unknown_states_do_not_open(void **state)
{
	(void)state;
	static const uint8_t states[] = {0, 6, 255};
	struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	srandom(41);
	fve_make(&v, &spec);
	for (size_t i = 0; i < COUNT(states); i++) {
		put_in_copies(&v, 12, states[i]);
		assert_int_equal(fve_open(&v, &o, &err), -ENOTSUP);
		assert_int_equal(err.reason, REASON_BITLOCKER_STATE);
		assert_int_equal(bitlocker_write_refusal(o.b, &err), -EROFS);
		assert_int_equal(err.reason, REASON_BITLOCKER_STATE);
		fve_close(&o);
	}
	fve_drop(&v);
}

static void three_equal_copies_are_needed(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual(512);

	srandom(42);
	for (size_t copy = 0; copy < 3; copy++) {
		for (int how = 0; how < 3; how++) {
			struct case_volume c;
			case_open(&c, &spec);
			fve_close(&c.o);
			uint8_t *p = c.v.bytes + spec.metadata[copy];
			p[how == 0 ? 100 : 97] ^= 1; /* the method; the next nonce */
			if (how == 1)
				fve_finish_copy(&c.v, p); /* good, but another */
			if (how == 2)
				memset(p, 0, 8);
			memcpy(c.made, c.v.bytes, spec.size);
			assert_int_equal(fve_open(&c.v, &c.o, NULL), 0);
			assert_int_equal(bitlocker_info(c.o.b)->good_copies, how == 1 ? 3 : 2);
			expect_read_only(&c, REASON_BITLOCKER_COPIES_DIFFER);
			case_close(&c);
		}
	}
}

static void a_device_opened_for_reading_stays_so(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual(512);
	struct case_volume c;

	srandom(43);
	case_open(&c, &spec);
	fve_close(&c.o);
	c.v.memory.dev.writable = false;
	assert_int_equal(fve_open(&c.v, &c.o, NULL), 0);
	assert_false(c.o.volume->writable);
	assert_int_equal(bitlocker_write_refusal(c.o.b, NULL), 0);
	assert_int_equal(block_write(c.o.volume, 100 * KIB, "x", 1), -EROFS);
	expect_untouched(&c);
	case_close(&c);
}

/* --- the decrypted shell --------------------------------------------------------------------- */

static int open_without_key(struct fve_volume *v, struct fve_opened *o, struct error *err)
{
	*o = (struct fve_opened){0};
	assert_int_equal(bitlocker_parse(&v->memory.dev, &o->b, err), 0);
	return bitlocker_open(&v->memory.dev, o->b, NULL, &o->volume, err);
}

static void a_decrypted_volume_needs_no_key(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);
	struct case_volume c;
	struct fve_opened bare;
	struct error err = {0};

	srandom(44);
	spec.state = spec.next = 1;
	spec.plain_digest = true;
	case_open(&c, &spec);
	assert_int_equal(open_without_key(&c.v, &bare, &err), 0);
	assert_false(bitlocker_info(bare.b)->needs_key);
	assert_int_equal(bitlocker_info(bare.b)->encrypted_bytes, 0);
	assert_true(bare.volume->writable && c.o.volume->writable);
	fve_check_view(&c.v, bare.volume);
	fve_close(&bare);
	put_in_copies(&c.v, 100, 0x77); /* the method does not matter then */
	assert_int_equal(open_without_key(&c.v, &bare, &err), 0);
	assert_true(bare.volume->writable);
	fve_close(&bare);
	case_close(&c);
}

static void an_encrypted_volume_needs_one(void **state)
{
	(void)state;
	const struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened bare;
	struct error err = {0};

	srandom(45);
	fve_make(&v, &spec);
	assert_int_equal(open_without_key(&v, &bare, &err), -ENOKEY);
	assert_int_equal(err.reason, REASON_KEY_NEEDED);
	assert_null(bare.volume);
	fve_close(&bare);
	fve_drop(&v);
}

/* A SHA-256 in the clear must be right; a sealed one nobody can check without the key. */
static void a_decrypted_volume_is_written_when_its_digest_is_right(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);
	struct case_volume c;
	struct fve_opened bare;
	struct error err = {0};

	srandom(46);
	spec.state = spec.next = 1;
	case_open(&c, &spec);
	expect_read_only(&c, REASON_BITLOCKER_STATE);
	assert_int_equal(open_without_key(&c.v, &bare, &err), 0);
	assert_false(bare.volume->writable);
	fve_check_view(&c.v, bare.volume);
	fve_close(&bare);
	c.v.vmk[0] ^= 1; /* a key that is not this volume's */
	assert_int_equal(fve_open(&c.v, &bare, &err), -EBADMSG);
	fve_close(&bare);
	case_close(&c);

	spec.plain_digest = true;
	case_open(&c, &spec);
	for (size_t i = 0; i < 3; i++) {
		uint8_t *p = c.v.bytes + spec.metadata[i];
		p[get_le16(p + 8) * 16 + 8 + 12] ^= 1;
	}
	assert_int_equal(open_without_key(&c.v, &bare, &err), -EBADMSG);
	assert_int_equal(err.reason, REASON_BITLOCKER_METADATA_BAD);
	assert_int_equal(bitlocker_write_refusal(bare.b, &err), -EROFS);
	fve_close(&bare);
	case_close(&c);
}

static void a_decrypted_volume_may_carry_the_conversion_s_type(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual_eow(512);
	struct case_volume c;
	struct fve_opened bare;
	struct error err = {0};

	srandom(47);
	spec.state = spec.next = 1;
	spec.plain_digest = true;
	case_open(&c, &spec);
	assert_int_equal(open_without_key(&c.v, &bare, &err), 0);
	assert_false(bitlocker_info(bare.b)->map_damaged);
	assert_int_equal(bitlocker_info(bare.b)->encrypted_bytes, 0);
	fve_check_view(&c.v, bare.volume);
	fve_close(&bare);
	expect_read_only(&c, REASON_BITLOCKER_CONVERTING);
	/* Without its bitmaps it is still known that nothing is encrypted. */
	memset(c.v.bytes + spec.info[0], 0, 64);
	memset(c.v.bytes + spec.info[1], 0, 64);
	assert_int_equal(open_without_key(&c.v, &bare, &err), 0);
	assert_false(bitlocker_info(bare.b)->map_damaged || bare.volume->writable);
	fve_close(&bare);
	case_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_finished_states_are_written),
	        cmocka_unit_test(unknown_states_do_not_open),
	        cmocka_unit_test(three_equal_copies_are_needed),
	        cmocka_unit_test(a_device_opened_for_reading_stays_so),
	        cmocka_unit_test(a_decrypted_volume_needs_no_key),
	        cmocka_unit_test(an_encrypted_volume_needs_one),
	        cmocka_unit_test(a_decrypted_volume_is_written_when_its_digest_is_right),
	        cmocka_unit_test(a_decrypted_volume_may_carry_the_conversion_s_type),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

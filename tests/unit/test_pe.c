/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UEFI programs as Debian signs them, and what is none. */
#include "appliance/boot/pe.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct buffer file(const char *path)
{
	struct buffer b;
	struct error err = {0};

	assert_int_equal(state_read_file(path, (size_t)16 << 20, &b, &err), 0);
	return b;
}

static struct pe_program read_good(const struct buffer *b)
{
	struct pe_program p;
	struct error err = {0};

	assert_int_equal(pe_read(b->data, b->len, &p, &err), 0);
	return p;
}

static bool signed_under(const struct pe_program *p, const char *word)
{
	for (size_t i = 0; i < p->signers; i++)
		if (strstr(p->signer[i], word))
			return true;
	return false;
}

static void test_signers(void **state)
{
	(void)state;
	struct buffer shim = file("/usr/lib/shim/shimx64.efi.signed"),
	              grub = file("/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
	              plain = file("/usr/lib/shim/shimx64.efi"),
	              ipxe = file("/usr/lib/ipxe/snponly.efi");
	struct pe_program p = read_good(&shim);

	assert_true(p.x64 && signed_under(&p, "Microsoft") && signed_under(&p, "UEFI CA"));
	p = read_good(&grub);
	assert_true(p.x64 && signed_under(&p, "Debian") && !signed_under(&p, "Microsoft"));
	p = read_good(&plain);
	assert_true(p.x64 && p.signers == 0);
	p = read_good(&ipxe);
	assert_true(p.x64 && p.signers == 0);
	buffer_free(&shim);
	buffer_free(&grub);
	buffer_free(&plain);
	buffer_free(&ipxe);
}

/* Cut anywhere, it is refused or read without its signature; never beyond its end. */
static void test_cut(void **state)
{
	(void)state;
	struct buffer shim = file("/usr/lib/shim/shimx64.efi.signed");
	static const size_t steps[] = {1, 2, 60, 64, 100, 200, 4096};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct pe_program p;
		struct error err = {0};
		uint8_t *copy = malloc(steps[i]);
		assert_non_null(copy);
		memcpy(copy, shim.data, steps[i]);
		assert_int_equal(pe_read(copy, steps[i], &p, &err), -EINVAL);
		assert_int_equal(err.reason, REASON_USAGE);
		free(copy);
	}
	struct pe_program p;
	struct error err = {0};
	assert_int_equal(pe_read(shim.data, shim.len - 1, &p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "outside"));
	buffer_free(&shim);
}

static void test_other_processor(void **state)
{
	(void)state;
	struct buffer ipxe = file("/usr/lib/ipxe/snponly.efi");

	put_le16(ipxe.data + get_le32(ipxe.data + 0x3c) + 4, 0xaa64);
	struct pe_program p = read_good(&ipxe);
	assert_false(p.x64);
	buffer_free(&ipxe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_signers),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_other_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

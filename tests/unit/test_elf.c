/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program says it needs: a small one made here, whole and in every way cut or changed. */
#include "initrd/mkinitrd/elf.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE 0x400000 /* where it is loaded */

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[4];
	char loader[16];
	char names[32];
};

static const struct program model = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                .e_type = ET_DYN,
                .e_machine = EM_X86_64,
                .e_phoff = offsetof(struct program, segments),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 3},
        .segments = {{.p_type = PT_INTERP, .p_offset = offsetof(struct program, loader)},
                {.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(struct program)},
                {.p_type = PT_DYNAMIC,
                        .p_offset = offsetof(struct program, dynamic),
                        .p_filesz = sizeof(Elf64_Dyn[4])}},
        .dynamic = {{.d_tag = DT_NEEDED, .d_un.d_val = 1},
                {.d_tag = DT_STRTAB, .d_un.d_ptr = BASE + offsetof(struct program, names)},
                {.d_tag = DT_NEEDED, .d_un.d_val = 9}, {.d_tag = DT_NULL}},
        .loader = "/lib64/ld.so",
        .names = "\0liba.so\0libc.so.6"};

static int read_needs(const struct program *p, struct elf_needs *ret)
{
	return elf_read_needs((const uint8_t *)p, sizeof(*p), ret);
}

static void test_needs(void **state)
{
	struct elf_needs needs;

	(void)state;
	assert_int_equal(read_needs(&model, &needs), 0);
	assert_string_equal(needs.loader, "/lib64/ld.so");
	assert_int_equal(needs.library_count, 2);
	assert_string_equal(needs.libraries[0], "liba.so");
	assert_string_equal(needs.libraries[1], "libc.so.6");
}

static void test_static_program(void **state)
{
	struct program p = model;
	struct elf_needs needs;

	(void)state;
	p.header.e_phnum = 0;
	assert_int_equal(read_needs(&p, &needs), 0);
	assert_null(needs.loader);
	assert_int_equal(needs.library_count, 0);
}

static void expect(struct program p, int error)
{
	struct elf_needs needs;

	assert_int_equal(read_needs(&p, &needs), error);
}

static void test_not_one(void **state)
{
	struct program p = model;

	(void)state;
	p.header.e_ident[EI_CLASS] = ELFCLASS32;
	expect(p, -ENOEXEC);
	p = model;
	p.header.e_ident[0] = '#';
	expect(p, -ENOEXEC);
	p = model;
	p.header.e_phentsize = 1;
	expect(p, -ENOEXEC);
}

static void test_leads_outside(void **state)
{
	struct program p = model;

	(void)state;
	p.header.e_phoff = UINT64_MAX - 8;
	expect(p, -EBADMSG);
	p = model;
	p.segments[0].p_offset = sizeof(p);
	expect(p, -EBADMSG);
	p = model;
	p.segments[2].p_offset = UINT64_MAX - 8;
	expect(p, -EBADMSG);
	p = model;
	p.dynamic[0].d_un.d_val = UINT64_MAX;
	expect(p, -EBADMSG);
	p = model;
	p.dynamic[1].d_un.d_ptr = BASE - 1;
	expect(p, -EBADMSG);
	p = model;
	p.segments[1].p_offset = UINT64_MAX;
	expect(p, -EBADMSG);
	p = model;
	memset(p.names, 'x', sizeof(p.names)); /* to the end of the file, without one */
	expect(p, -EBADMSG);
}

/* Each length has memory of its own, so that a sanitizer sees a byte too far. */
static void test_cut(void **state)
{
	struct elf_needs needs;

	(void)state;
	for (size_t len = 0; len < sizeof(model); len++) {
		uint8_t *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut + 1, &model, len);
		int r = elf_read_needs(cut + 1, len, &needs);
		/* The names end before the file does. */
		assert_true(r < 0 || len > offsetof(struct program, names) + 18);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_needs),
	        cmocka_unit_test(test_static_program),
	        cmocka_unit_test(test_not_one),
	        cmocka_unit_test(test_leads_outside),
	        cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

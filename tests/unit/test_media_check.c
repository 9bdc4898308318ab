/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge of finished images, on a small one that is good and on what can be wrong with it. */
#include "appliance/media/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN       (64 * 2048)
#define CATALOGUE (20 * 2048)
#define ENTRIES   1024
static uint8_t image[LEN];

static void put32(size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		image[at + i] = (uint8_t)(v >> (8 * i));
}

/* BIOS image in block 30; system partition in blocks 40 to 59. */
static void make_good(void)
{
	static const uint8_t type[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b,
	        0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

	memset(image, 0, sizeof(image));
	memcpy(image, "\xeb\x63", 2);
	memcpy(image + 510, "\x55\xaa", 2);
	memcpy(image + 512, "EFI PART", 8);
	put32(512 + 72, 2);
	put32(512 + 80, 4);
	put32(512 + 84, 128);
	memcpy(image + ENTRIES + 128, type, 16);
	put32(ENTRIES + 128 + 32, 160);
	put32(ENTRIES + 128 + 40, 239);
	memcpy(image + 16 * 2048, "\1CD001\1", 7);
	memcpy(image + 17 * 2048, "\0CD001\1EL TORITO SPECIFICATION", 30);
	put32(17 * 2048 + 0x47, 20);
	memcpy(image + CATALOGUE, "\1\0", 2);
	memcpy(image + CATALOGUE + 28, "\xaa\x55\x55\xaa", 4);
	image[CATALOGUE + 32] = 0x88;
	put32(CATALOGUE + 40, 30);
	memcpy(image + CATALOGUE + 64, "\x91\xef\1\0", 4);
	image[CATALOGUE + 96] = 0x88;
	put32(CATALOGUE + 104, 40);
}

static int judge(void)
{
	struct media_layout layout;
	struct error err = {0};

	return media_check(image, sizeof(image), &layout, &err);
}

static void a_good_one_is_taken(void **state)
{
	struct media_layout layout;
	struct error err = {0};

	(void)state;
	make_good();
	/* The checksum over the validation entry: 0x0001 + 0xaa55 + itself + 0x55aa... is 0. */
	uint16_t sum = 0;
	for (int i = 0; i < 32; i += 2)
		sum = (uint16_t)(sum + image[CATALOGUE + i] + (image[CATALOGUE + i + 1] << 8));
	assert_int_equal(sum, 0);
	assert_int_equal(media_check(image, sizeof(image), &layout, &err), 0);
	assert_int_equal(layout.esp_at, 40 * 2048);
	assert_int_equal(layout.esp_len, 20 * 2048);
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} damages[] = {
	        {510, 0}, {512, 'e'}, {16 * 2048 + 1, 'X'}, {17 * 2048 + 7, 'X'},
	        {17 * 2048 + 0x49, 0xff}, /* the catalogue is far outside */
	        {17 * 2048 + 0x47, 64},   /* just outside */
	        {CATALOGUE + 5, 1},       /* its sum */
	        {CATALOGUE + 32, 0},      /* BIOS: not bootable */
	        {CATALOGUE + 42, 0xff},   /* BIOS: outside */
	        {CATALOGUE + 65, 0},      /* no UEFI */
	        {CATALOGUE + 96, 0}, {CATALOGUE + 106, 0xff},
	        {CATALOGUE + 104, 41}, /* another one */
	        {512 + 72 + 7, 0xff}, {512 + 80 + 3, 0xff}, {512 + 84, 64},
	        {ENTRIES + 128, 0},         /* no system partition */
	        {ENTRIES + 128 + 41, 0xff}, /* its end outside */
	        {ENTRIES + 128 + 40, 1},    /* before its start */
	        {ENTRIES + 128 + 39, 0xff}, /* its start beyond anything */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		make_good();
		assert_int_equal(judge(), 0);
		assert_int_not_equal(image[damages[i].at], damages[i].value);
		image[damages[i].at] = damages[i].value;
		assert_int_equal(judge(), -EBADMSG);
	}
}

static void a_short_one_is_refused(void **state)
{
	struct media_layout layout;
	struct error err = {0};

	(void)state;
	make_good();
	for (size_t len = 0; len < 60 * 2048; len += 512) {
		uint8_t *part = malloc(len + 1); /* so that a sanitizer sees what is read beyond */
		assert_non_null(part);
		memcpy(part, image, len);
		assert_int_equal(media_check(part, len, &layout, &err), -EBADMSG);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_one_is_taken),
	        cmocka_unit_test(what_is_wrong_is_refused),
	        cmocka_unit_test(a_short_one_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

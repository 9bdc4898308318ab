/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a small image file; checksums of VHD footers are corrected. */
#include "fixer/base/bytes.h"
#include "fixer/block/image_format.h"
#include "fixer/block/vhd.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static uint8_t file[IMAGE_HEAD];

static void sign(uint8_t *footer)
{
	uint32_t sum = 0;

	if (memcmp(footer, "conectix", 8) != 0)
		return;
	memset(footer + 64, 0, 4);
	for (size_t i = 0; i < VHD_FOOTER; i++)
		sum += footer[i];
	for (size_t i = 0; i < 4; i++)
		footer[64 + i] = (uint8_t)(~sum >> (24 - 8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_info info = {0};
	struct error err = {0};

	if (size > sizeof(file))
		return 0;
	memcpy(file, data, size);
	bool has_tail = size >= VHD_FOOTER;
	if (has_tail) {
		sign(file);
		sign(file + size - VHD_FOOTER);
	}
	/* In memory of its own, so that a byte too far is seen. */
	uint8_t *head = malloc(size ? size : 1);
	must(head);
	memcpy(head, file, size);
	int r = image_format_probe(
	        head, size, has_tail ? head + size - VHD_FOOTER : NULL, &info, &err);
	must_explain(r, &err);
	must(r == 0 || (r == -ENOTSUP && err.reason == REASON_IMAGE_FORMAT));
	must(r < 0 || image_format_name(info.format)[0]);
	r = vmdk_descriptor_check((const char *)head, size, false, &err);
	must_explain(r, &err);
	free(head);
	return 0;
}

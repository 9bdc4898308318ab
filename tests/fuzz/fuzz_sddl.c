/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a security descriptor. */
#include "fixer/windows/sddl.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define TEXT_MAX 4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + 1); /* so that reading behind its end is seen */
	struct buffer text;

	must(exact);
	if (size > 0)
		memcpy(exact, data, size);
	buffer_init(&text, TEXT_MAX);
	int r = sddl_append(exact, size, &text);
	must(r == 0 || r == -EBADMSG || r == -ENOTSUP || r == -EMSGSIZE);
	must(text.len == 0 || is_clean((const char *)text.data, TEXT_MAX + 1));
	buffer_free(&text);
	free(exact);
	return 0;
}

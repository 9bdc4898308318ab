/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a Boot#### variable without its attributes. */
#include "fixer/machine/load_option.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_option o;

	int r = load_option_parse(data, size, &o);
	must(r == 0 || r == -EBADMSG);
	if (r == 0)
		must(is_clean(o.path, sizeof(o.path)) && (!o.windows || o.path[0]));
	return 0;
}

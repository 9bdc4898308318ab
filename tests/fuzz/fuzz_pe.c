/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a boot program an administrator was given. */
#include "appliance/boot/pe.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pe_program p;
	struct error err = {0};
	int r = pe_read(data, size, &p, &err);

	must(r == 0 || (r == -EINVAL && err.reason == REASON_USAGE && err.text[0]));
	if (r < 0)
		return 0;
	must(p.signers <= PE_SIGNERS_MAX);
	for (size_t i = 0; i < p.signers; i++)
		must(p.signer[i][0] && strlen(p.signer[i]) < PE_NAME);
	return 0;
}

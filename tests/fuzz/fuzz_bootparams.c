/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a kernel command line. */
#include "fixer/base/bootparams.h"
#include "fixer/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = text_of(data, size);
	struct bootparams p;
	struct error err = {0};
	struct in_addr address;

	int r = bootparams_parse(text, &p, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(p.way[0] || bootparams_whole(&p));
	must(strlen(p.token) == (p.way[0] ? 0 : 32));
	must(!p.url[0] || strncmp(p.url, "https://", 8) == 0);
	must(p.url[0] || strcmp(p.way, "media") == 0);
	must(p.address[0] ? p.prefix >= 1 && p.prefix <= 32 : p.prefix == 0);
	must(!p.address[0] || inet_pton(AF_INET, p.address, &address) == 1);
	must(!p.gateway[0] || inet_pton(AF_INET, p.gateway, &address) == 1);
	return 0;
}

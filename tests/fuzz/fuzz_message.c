/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a message on escrow's socket. */
#include "appliance/escrow/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message *m = NULL;
	struct error err = {0};

	int r = message_parse(data, size, &m, &err);
	must_explain(r, &err);
	if (r < 0)
		return 0;
	if (m->op == MESSAGE_RELEASE) {
		must(m->volume_count > 0 && m->volume_count <= NM_MAX_VOLUMES);
		must(strlen(m->session) == 32 && is_clean(m->name, sizeof(m->name)));
		must(is_clean(m->serial, sizeof(m->serial)) && is_clean(m->ip, sizeof(m->ip)));
		for (size_t i = 0; i < m->volume_count; i++)
			must(m->volumes[i].protector_count <= NM_MAX_PROTECTORS);
	}
	message_free(m);
	return 0;
}

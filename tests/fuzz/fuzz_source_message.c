/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a message on the socket of the key sources. */
#include "appliance/fetch/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_message m = {0};
	struct error err = {0};
	int r = source_message_parse(data, size, &m, &err);

	must_explain(r, &err);
	if (r < 0)
		return 0;
	must(is_clean(m.source, sizeof(m.source)));
	must(is_clean(m.question.name, sizeof(m.question.name)));
	must(is_clean(m.question.serial, sizeof(m.question.serial)));
	must(is_clean(m.question.uuid, sizeof(m.question.uuid)));
	must(is_clean(m.question.mac, sizeof(m.question.mac)));
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a message on escrow's socket. */
#include "appliance/escrow/message.h"
#include "tests/fuzz/fuzz.h"

static void look_at_ask(const struct ask *a)
{
	size_t count = 0;

	must(a->volume_count > 0 && a->volume_count <= NM_MAX_VOLUMES && strlen(a->session) == 32);
	for (size_t i = 0; i < a->volume_count; i++) {
		must(a->volumes[i].protector_count <= NM_MAX_PROTECTORS);
		count += a->volumes[i].protector_count;
	}
	must(count == a->protector_count && ask_same(a, a));
	must(is_clean(a->subject.name, sizeof(a->subject.name)));
	must(is_clean(a->subject.serial, sizeof(a->subject.serial)));
	must(is_clean(a->subject.ip, sizeof(a->subject.ip)) && a->subject.machine >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message *m = NULL;
	struct error err = {0};

	must(secrets_init() == 0);
	int r = message_parse(data, size, &m, &err);
	must_explain(r, &err);
	must(m != NULL);
	if (r == 0) {
		must(m->has_id && m->op != MESSAGE_NONE);
		must(is_clean(m->from, sizeof(m->from)) && is_clean(m->why, sizeof(m->why)));
		must(is_clean(m->which, sizeof(m->which)) && is_clean(m->name, sizeof(m->name)));
		must((m->op == MESSAGE_RELEASE) == (m->ask != NULL));
		must(m->box_len <= (m->op == MESSAGE_KEYS ? NM_MAX_KEYS_BOX : NM_MAX_BOX));
		must(is_clean(m->account, sizeof(m->account)));
		must(m->op != MESSAGE_DECIDE || (m->box == NULL) == m->root_only);
	}
	if (r == 0 && m->ask)
		look_at_ask(m->ask);
	message_free(m);
	return 0;
}

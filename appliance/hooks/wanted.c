/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/hooks/wanted.h"

#include <errno.h>
#include <string.h>

#define BETWEEN " \t,"

_Static_assert(STATE_COUNT < 32, "one bit a state");

static bool word_take(const char *word, struct wanted *w)
{
	int state = machine_state_parse(word);

	if (strcmp(word, "all") == 0) {
		w->states = UINT32_MAX;
		w->campaigns = true;
	} else if (strcmp(word, "attention") == 0) {
		w->attention = true;
	} else if (strcmp(word, "campaign") == 0) {
		w->campaigns = true;
	} else if (state >= 0) {
		w->states |= 1u << state;
	} else {
		return false;
	}
	return true;
}

int wanted_parse(const char *text, struct wanted *ret)
{
	struct wanted w = {0};
	char word[16];
	size_t words = 0;

	for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN), words++) {
		size_t len = strcspn(text, BETWEEN);
		if (len >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = 0;
		if (!word_take(word, &w))
			return -EINVAL;
		text += len;
	}
	if (words == 0)
		return -EINVAL;
	*ret = w;
	return 0;
}

bool wanted_machine(const struct wanted *w, enum machine_state state, enum reason reason)
{
	const char *severity = reason_severity(reason);
	bool grave = strcmp(severity, "warn") == 0 || strcmp(severity, "fail") == 0;

	return w->states & 1u << state || (w->attention && (state == STATE_attention || grave));
}

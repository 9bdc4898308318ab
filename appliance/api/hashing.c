/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/hashing.h"
#include "appliance/api/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* HASHER_QUEUE passwords on a slow machine; answers are kept as long. */
#define WAIT_MS 20000

struct secret *hashing_secret(const char *password)
{
	return secret_copy(password, strlen(password));
}

void hashing_begin(struct http_request *r, struct web_api *a,
        const struct hasher_question *question, struct hashing *state)
{
	int e = hasher_ask(a->hasher, question, &state->ticket);

	if (e < 0) {
		free(state);
		http_reply_error(r, 503, REASON_TRY_LATER, "too many at the same time");
		return;
	}
	state->until = http_clock() + WAIT_MS;
	r->state = state;
	http_suspend(r, WAKE_HASH | (uint64_t)state->ticket, state->until);
}

bool hashing_ended(struct http_request *r, struct web_api *a, struct hasher_answer *ret)
{
	const struct hashing *state = r->state;
	int e = hasher_take(a->hasher, state->ticket, ret);

	if (e == 0 && ret->result != -ENOMEM)
		return true;
	if (e == -EAGAIN && http_clock() < state->until)
		http_suspend(r, WAKE_HASH | (uint64_t)state->ticket, state->until);
	else
		http_reply_error(r, 503, REASON_TRY_LATER, "the password was not computed in time");
	return false;
}

void web_api_hashed(struct web_api *a)
{
	int64_t ticket;

	while ((ticket = hasher_news(a->hasher)) != 0)
		http_wake(a->https, WAKE_HASH | (uint64_t)ticket);
}

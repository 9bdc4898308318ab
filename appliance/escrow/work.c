/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/work.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/release.h"
#include "netmend/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
	const struct ask *ask;
	bool admitted, waits;
	struct search *search;
};

json_t *outcome_answer(const struct outcome *o, json_int_t id)
{
	static const char *const status[] = {WIRE_PENDING, WIRE_DENIED, WIRE_RELEASED};
	json_t *volumes = o->volumes ? json_incref(o->volumes) : json_array();

	return json_pack("{s:i,s:I,s:s,s:s,s:s,s:s,s:s,s:o}", "v", 1, "id", id, "status",
	        status[o->status], "reason", reason_code(o->reason), "text", o->text, "request",
	        o->request, "code", o->code, "volumes", volumes);
}

bool outcome_equal(const struct outcome *a, const struct outcome *b)
{
	return a->status == b->status && a->reason == b->reason && strcmp(a->text, b->text) == 0 &&
	       strcmp(a->request, b->request) == 0 && strcmp(a->code, b->code) == 0;
}

struct work *work_new(const struct ask *ask, uint64_t turn, bool waits)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->ask = ask;
	w->waits = waits;
	w->search = search_new(ask, turn);
	if (!w->search) {
		free(w);
		return NULL;
	}
	return w;
}

void work_free(struct work *w)
{
	if (!w)
		return;
	search_free(w->search);
	free(w);
}

/* Before anything is done for it. */
static enum reason admit(struct escrow *e, const struct work *w, struct outcome *ret)
{
	if (!release_key_usable(w->ask->key)) {
		(void)snprintf(
		        ret->text, sizeof(ret->text), "the machine's public key is not usable");
		return REASON_PROTOCOL_ERROR;
	}
	return gate_admit(e->gate, w->ask, clock_wall(), ret->text, sizeof(ret->text));
}

/* Whether people let it go on; if not, ret says so. */
static bool is_approved(
        struct escrow *e, const struct work *w, struct request *request, struct outcome *ret)
{
	ret->reason = gate_approval(e->gate, w->ask, clock_wall(), request);
	if (ret->reason == REASON_OK)
		return true;
	if (ret->reason == REASON_RELEASE_DENIED) {
		ret->status = OUTCOME_DENIED;
		(void)snprintf(ret->text, sizeof(ret->text), "denied by %s", request->denied_by);
	} else {
		memcpy(ret->request, request->id, sizeof(ret->request));
		memcpy(ret->code, request->code, sizeof(ret->code));
	}
	return false;
}

/* A key was found for one volume at least. */
static void decide_found(struct escrow *e, const struct work *w, struct outcome *ret)
{
	struct request request;

	if (!is_approved(e, w, &request, ret))
		return;
	ret->reason = release_findings(
	        e, w->ask, w->search, &request, &ret->volumes, ret->text, sizeof(ret->text));
	if (ret->reason == REASON_OK)
		ret->status = OUTCOME_RELEASED;
}

bool work_go_on(struct escrow *e, struct work *w, bool remote, struct outcome *ret)
{
	struct request request;

	*ret = (struct outcome){.status = OUTCOME_PENDING};
	if (!w->admitted) {
		ret->reason = admit(e, w, ret);
		if (ret->reason != REASON_OK)
			return true;
		w->admitted = true;
		/* A thousand machines that wait for people do not ask the sources all the time. */
		if (w->waits && !is_approved(e, w, &request, ret))
			return true;
	}
	if (!search_go_on(e, w->search, remote))
		return false;
	ret->rest = search_failed(w->search);
	if (search_found(w->search) > 0)
		decide_found(e, w, ret);
	else
		ret->reason = search_reason(e, w->search, ret->text, sizeof(ret->text));
	return true;
}

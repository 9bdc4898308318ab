/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/status.h"
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/snapshot.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

const char *status_approval(enum approval approval)
{
	switch (approval) {
	case APPROVAL_PAIRING:
		return "pairing";
	case APPROVAL_TWO_PERSON:
		return "two-person";
	case APPROVAL_AUTO:
		break;
	}
	return "auto";
}

/* The part that says how the machines are doing. */
static json_t *counts(struct escrow *e, struct gate_figures *ret)
{
	struct stretcher_load load;

	gate_figures(e->gate, clock_wall(), ret);
	stretcher_load(e->stretcher, &load);
	return json_pack("{s:I,s:s,s:I,s:{s:I,s:I}}", "released", (json_int_t)ret->released,
	        "stopped", ret->stopped ? ret->why : "", "requests", (json_int_t)ret->requests,
	        "waiting", "machines", (json_int_t)cases_undecided(e->cases), "per_minute",
	        (json_int_t)(load.per_second * 60));
}

json_t *status_answer(struct escrow *e, json_int_t id)
{
	uint8_t point[BOX_POINT];
	struct gate_figures figures;
	struct error err = {0};
	uint64_t keys = 0;

	int r = vault_count(e->vault, &keys, &err);
	if (r < 0)
		log_error("%s", err.text);
	box_key_public(e->box, point);
	char *box CLEANUP_FREE = base64_encode(point, sizeof(point));
	json_t *more = counts(e, &figures);
	json_t *answer = json_pack("{s:i,s:I,s:b,s:s,s:I,s:b,s:s,s:s,s:s,s:o,s:o,s:o}", "v", 1,
	        "id", id, "ok", r == 0, "text", r == 0 ? "" : err.text, "keys", (json_int_t)keys,
	        "locked", vault_locked(e->vault), "box", box ? box : "", "approval",
	        status_approval(e->settings.rules.approval), "campaign", e->settings.rules.campaign,
	        "sources", sources_status(e->sources), "snapshot", snapshot_status(e->snapshot),
	        "bmcs", bmc_desk_status(e));

	if (answer && (!more || json_object_update(answer, more) < 0)) {
		json_decref(answer);
		answer = NULL;
	}
	json_decref(more);
	return answer;
}

json_t *status_start(struct escrow *e)
{
	json_t *names = json_array();
	int bad = !names;

	for (size_t i = 0; !bad && i < e->settings.source_count; i++)
		bad = json_array_append_new(names, json_string(e->settings.sources[i].name)) < 0;
	if (bad) {
		json_decref(names);
		return NULL;
	}
	return json_pack("{s:s,s:s,s:s,s:o,s:b}", "version", NETMEND_VERSION, "campaign",
	        e->settings.rules.campaign, "approval", status_approval(e->settings.rules.approval),
	        "sources", names, "locked", vault_locked(e->vault));
}

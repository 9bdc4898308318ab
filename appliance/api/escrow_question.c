/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/escrow_question.h"

#include <string.h>

static json_t *machine_for_escrow(const struct machine *m, const char *address)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)m->id, "name", m->name,
	        "uuid", m->uuid, "serial", m->serial, "mac", m->mac, "ip", address);
}

/* The part of a session's volumes escrow needs: ids, and protectors with a blob. */
static json_t *volumes_for_escrow(const char *text)
{
	json_t *volumes = json_loads(text, 0, NULL), *out = json_array(), *volume, *protector;
	size_t i, k;

	json_array_foreach(volumes, i, volume)
	{
		json_t *protectors = json_array();
		json_array_foreach(json_object_get(volume, "protectors"), k, protector)
		{
			if (json_object_get(protector, "blob"))
				(void)json_array_append_new(protectors,
				        json_pack("{s:O, s:O, s:O}", "id",
				                json_object_get(protector, "id"), "salt",
				                json_object_get(protector, "salt"), "blob",
				                json_object_get(protector, "blob")));
		}
		json_t *id = json_object_get(volume, "id");
		if (json_array_size(protectors) > 0 && json_string_length(id) > 0)
			(void)json_array_append_new(
			        out, json_pack("{s:O, s:o}", "id", id, "protectors", protectors));
		else
			json_decref(protectors);
	}
	json_decref(volumes);
	return out;
}

/* A person has to compare the codes of who may be anybody, whatever the campaign says. */
static const char *approval_of(const struct store_session *session, const struct store_turn *turn)
{
	const char *campaign = turn->name[0] ? turn->approval : "config";

	return session->contact[0] && strcmp(campaign, "two-person") != 0 ? "pairing" : campaign;
}

json_t *escrow_question_release(const struct store_session *session, const char *secret,
        const struct machine *m, const char *address, const struct store_turn *turn)
{
	json_t *question = json_pack("{s:s, s:s, s:s, s:o, s:o}", "op", "release", "session",
	        secret, "key", session->key, "machine", machine_for_escrow(m, address), "volumes",
	        volumes_for_escrow(session->volumes));

	if (turn->name[0])
		(void)json_object_set_new(question, "campaign", json_string(turn->name));
	if (session->contact[0])
		(void)json_object_set_new(question, "contact", json_string(session->contact));
	if (turn->name[0] || session->contact[0])
		(void)json_object_set_new(
		        question, "approval", json_string(approval_of(session, turn)));
	return question;
}

json_t *escrow_question_box(const char *op, const char *box, const char *address, const char *by)
{
	return json_pack("{s:s, s:s, s:s, s:s*}", "op", op, "from", address, "box", box, "by", by);
}

json_t *escrow_question_misuse(enum reason reason, const struct machine *m, const char *address)
{
	static const struct machine unknown;

	return json_pack("{s:s, s:s, s:o}", "op", "misuse", "reason", reason_code(reason),
	        "machine", machine_for_escrow(m ? m : &unknown, address));
}

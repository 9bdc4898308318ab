/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine asks: the message "release". */
#include "appliance/escrow/message_ask.h"
#include "appliance/escrow/message_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask *ask_hold(struct ask *a)
{
	atomic_fetch_add(&a->references, 1);
	return a;
}

void ask_free(struct ask *a)
{
	if (a && atomic_fetch_sub(&a->references, 1) == 1)
		free(a);
}

bool ask_same(const struct ask *a, const struct ask *b)
{
	const struct subject *s = &a->subject, *t = &b->subject;

	if (memcmp(a->key, b->key, sizeof(a->key)) != 0 || s->machine != t->machine ||
	        strcmp(s->uuid, t->uuid) != 0 || strcmp(s->serial, t->serial) != 0 ||
	        strcmp(s->mac, t->mac) != 0 || strcmp(s->ip, t->ip) != 0 ||
	        a->volume_count != b->volume_count || a->protector_count != b->protector_count)
		return false;
	for (size_t i = 0; i < a->volume_count; i++) {
		const struct ask_volume *v = &a->volumes[i], *w = &b->volumes[i];
		if (!guid_equal(&v->id, &w->id) || v->protector_count != w->protector_count ||
		        memcmp(v->protectors, w->protectors,
		                v->protector_count * sizeof(*v->protectors)) != 0)
			return false;
	}
	return true;
}

int subject_parse(json_t *j, struct subject *ret, struct error *err)
{
	const char *name, *uuid, *serial, *mac, *ip;
	json_int_t id;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:s,s:s,s:s}", "id", &id, "name",
	            &name, "uuid", &uuid, "serial", &serial, "mac", &mac, "ip", &ip) < 0 ||
	        id < 0)
		return json_bad(err, "machine has id, name, uuid, serial, mac and ip");
	ret->machine = id;
	text_clean(ret->name, sizeof(ret->name), name);
	text_clean(ret->uuid, sizeof(ret->uuid), uuid);
	text_clean(ret->serial, sizeof(ret->serial), serial);
	text_clean(ret->mac, sizeof(ret->mac), mac);
	text_clean(ret->ip, sizeof(ret->ip), ip);
	return 0;
}

static int parse_protector(json_t *j, struct ask_protector *p, struct error *err)
{
	const char *id, *salt, *blob;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s}", "id", &id, "salt", &salt, "blob",
	            &blob) < 0)
		return json_bad(err, "a protector has id, salt and blob");
	if (guid_parse(id, &p->id) < 0 ||
	        json_exact(salt, p->blob.salt, sizeof(p->blob.salt)) < 0 ||
	        json_exact(blob, p->blob.sealed, sizeof(p->blob.sealed)) < 0)
		return json_bad(err, "protector id, salt or blob is malformed");
	return 0;
}

static int parse_volume(json_t *j, struct ask_volume *v, struct error *err)
{
	const char *id;
	json_t *protectors;
	int r = 0;

	if (json_unpack_ex(
	            j, NULL, JSON_STRICT, "{s:s,s:o}", "id", &id, "protectors", &protectors) < 0 ||
	        guid_parse(id, &v->id) < 0)
		return json_bad(err, "a volume has id and protectors");
	for (size_t i = 0; r == 0 && i < v->protector_count; i++)
		r = parse_protector(json_array_get(protectors, i), &v->protectors[i], err);
	return r;
}

/* What the machine's campaign asks for besides the policy. */
static int campaign_parse(
        const char *name, const char *approval, struct subject *ret, struct error *err)
{
	static const struct {
		const char *name;
		enum approval approval;
	} kinds[] = {{"config", APPROVAL_AUTO}, {"auto", APPROVAL_AUTO},
	        {"pairing", APPROVAL_PAIRING}, {"two-person", APPROVAL_TWO_PERSON}};

	if (json_line(name, ret->campaign, sizeof(ret->campaign)) < 0)
		return json_bad(err, "campaign is longer than 63 bytes");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, approval) == 0) {
			ret->approval = kinds[i].approval;
			return 0;
		}
	return json_bad(err, "approval is config, auto, pairing or two-person");
}

/* Whoever may be anybody is looked at by a person, even if web forgot to say so. */
static int contact_parse(const char *contact, struct subject *ret, struct error *err)
{
	if (!contact[0])
		return 0;
	if (strcmp(contact, "media") != 0 && strcmp(contact, "unseen") != 0)
		return json_bad(err, "contact is media or unseen");
	(void)snprintf(ret->contact, sizeof(ret->contact), "%s", contact);
	if (ret->approval < APPROVAL_PAIRING)
		ret->approval = APPROVAL_PAIRING;
	return 0;
}

/* Protectors of all volumes; -EBADMSG where a list is too long. */
static int count_protectors(json_t *volumes, size_t *ret, struct error *err)
{
	json_t *volume;
	size_t i;

	if (!json_is_array(volumes) || json_array_size(volumes) < 1 ||
	        json_array_size(volumes) > NM_MAX_VOLUMES)
		return json_bad(err, "1 to 32 volumes");
	*ret = 0;
	json_array_foreach(volumes, i, volume)
	{
		json_t *list = json_object_get(volume, "protectors");
		if (!json_is_array(list) || json_array_size(list) > NM_MAX_PROTECTORS)
			return json_bad(err, "a volume has up to 32 protectors");
		*ret += json_array_size(list);
	}
	return 0;
}

/* Room for all of it in one piece: ask, volumes, protectors. */
static struct ask *ask_new(json_t *volumes, size_t protectors)
{
	size_t count = json_array_size(volumes);
	struct ask *a = calloc(1, sizeof(*a) + count * sizeof(*a->volumes) +
	                                  protectors * sizeof(struct ask_protector));

	if (!a)
		return NULL;
	atomic_init(&a->references, 1);
	a->volume_count = count;
	a->protector_count = protectors;
	a->volumes = (struct ask_volume *)(a + 1);
	struct ask_protector *next = (struct ask_protector *)(a->volumes + count);
	for (size_t i = 0; i < count; i++) {
		a->volumes[i].protectors = next;
		a->volumes[i].protector_count =
		        json_array_size(json_object_get(json_array_get(volumes, i), "protectors"));
		next += a->volumes[i].protector_count;
	}
	return a;
}

int ask_parse(json_t *j, struct ask **ret, struct error *err)
{
	const char *op, *session, *key, *campaign = "", *approval = "config", *contact = "";
	json_t *machine, *volumes;
	uint8_t raw[16];
	json_int_t v, id;
	size_t protectors = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:o,s:o,s?s,s?s,s?s}", "v",
	            &v, "id", &id, "op", &op, "session", &session, "key", &key, "machine", &machine,
	            "volumes", &volumes, "campaign", &campaign, "approval", &approval, "contact",
	            &contact) < 0)
		return json_bad(err, "release has session, key, machine and volumes");
	int r = count_protectors(volumes, &protectors, err);
	if (r < 0)
		return r;
	struct ask *a = ask_new(volumes, protectors);
	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	if (hex_decode(session, raw, sizeof(raw)) < 0 ||
	        json_exact(key, a->key, sizeof(a->key)) < 0)
		r = json_bad(err, "session or key is malformed");
	else
		hex_encode(raw, sizeof(raw), a->session);
	if (r == 0)
		r = subject_parse(machine, &a->subject, err);
	if (r == 0)
		r = campaign_parse(campaign, approval, &a->subject, err);
	if (r == 0)
		r = contact_parse(contact, &a->subject, err);
	for (size_t i = 0; r == 0 && i < a->volume_count; i++)
		r = parse_volume(json_array_get(volumes, i), &a->volumes[i], err);
	if (r < 0)
		ask_free(a);
	else
		*ret = a;
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/message.h"

#include <errno.h>
#include <string.h>

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR, "escrow message: %s", what);
}

static int get_exact(const char *text, void *out, size_t len)
{
	size_t got = 0;

	return base64_decode(text, out, len, &got) == 0 && got == len ? 0 : -EBADMSG;
}

static int parse_protector(json_t *j, struct message_protector *p, struct error *err)
{
	const char *id, *salt, *blob;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:s,s:s,s:s}", "id", &id, "salt", &salt, "blob",
	            &blob) < 0)
		return bad(err, "a protector has id, salt and blob");
	if (guid_parse(id, &p->id) < 0 || get_exact(salt, p->blob.salt, sizeof(p->blob.salt)) < 0 ||
	        get_exact(blob, p->blob.sealed, sizeof(p->blob.sealed)) < 0)
		return bad(err, "protector id, salt or blob is malformed");
	return 0;
}

static int parse_volume(json_t *j, struct message_volume *v, struct error *err)
{
	const char *id;
	json_t *protectors;
	int r = 0;

	if (json_unpack_ex(
	            j, NULL, JSON_STRICT, "{s:s,s:o}", "id", &id, "protectors", &protectors) < 0 ||
	        guid_parse(id, &v->id) < 0)
		return bad(err, "a volume has id and protectors");
	v->protector_count = json_array_size(protectors);
	if (!json_is_array(protectors) || v->protector_count > NM_MAX_PROTECTORS)
		return bad(err, "too many protectors");
	for (size_t i = 0; r == 0 && i < v->protector_count; i++)
		r = parse_protector(json_array_get(protectors, i), &v->protectors[i], err);
	return r;
}

static int parse_machine(json_t *j, struct message *m, struct error *err)
{
	const char *name, *uuid, *serial, *mac, *ip;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:s,s:s,s:s}", "id", &m->machine_id,
	            "name", &name, "uuid", &uuid, "serial", &serial, "mac", &mac, "ip", &ip) < 0)
		return bad(err, "machine has id, name, uuid, serial, mac, ip");
	text_clean(m->name, sizeof(m->name), name);
	text_clean(m->uuid, sizeof(m->uuid), uuid);
	text_clean(m->serial, sizeof(m->serial), serial);
	text_clean(m->mac, sizeof(m->mac), mac);
	text_clean(m->ip, sizeof(m->ip), ip);
	return 0;
}

static int parse_release(json_t *j, struct message *m, struct error *err)
{
	const char *op, *session, *key;
	json_t *machine, *volumes;
	uint8_t raw[16];
	json_int_t v;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:s,s:o,s:o}", "v", &v, "id",
	            &m->id, "op", &op, "session", &session, "key", &key, "machine", &machine,
	            "volumes", &volumes) < 0)
		return bad(err, "release has session, key, machine, volumes");
	if (hex_decode(session, raw, sizeof(raw)) < 0 || get_exact(key, m->key, sizeof(m->key)) < 0)
		return bad(err, "session or key is malformed");
	memcpy(m->session, session, sizeof(m->session));
	int r = parse_machine(machine, m, err);
	m->volume_count = json_array_size(volumes);
	if (r == 0 && (!json_is_array(volumes) || m->volume_count == 0 ||
	                      m->volume_count > NM_MAX_VOLUMES))
		return bad(err, "1 to 32 volumes");
	m->volumes = r == 0 ? calloc(m->volume_count, sizeof(*m->volumes)) : NULL;
	if (r == 0 && !m->volumes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	for (size_t i = 0; r == 0 && i < m->volume_count; i++)
		r = parse_volume(json_array_get(volumes, i), &m->volumes[i], err);
	return r;
}

static int parse_any(json_t *j, struct message *m, struct error *err)
{
	const char *op;
	json_int_t v;

	if (json_unpack(j, "{s:I,s:I,s:s}", "v", &v, "id", &m->id, "op", &op) < 0 || v != 1)
		return bad(err, "v, id and op are needed");
	if (strcmp(op, "release") == 0) {
		m->op = MESSAGE_RELEASE;
		return parse_release(j, m, err);
	}
	m->op = MESSAGE_STATUS;
	if (strcmp(op, "status") != 0 || json_object_size(j) != 3)
		return bad(err, "op is status or release");
	return 0;
}

int message_parse(const void *bytes, size_t len, struct message **ret, struct error *err)
{
	struct message *m = calloc(1, sizeof(*m));
	json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	int r = m ? 0 : -ENOMEM;

	if (r == 0)
		r = j ? parse_any(j, m, err) : bad(err, "not JSON");
	json_decref(j);
	if (r < 0) {
		message_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	free(m->volumes);
	free(m);
}

json_t *message_answer(
        json_int_t id, const char *status, enum reason reason, const char *text, json_t *volumes)
{
	if (!volumes)
		volumes = json_array();
	return json_pack("{s:i,s:I,s:s,s:s,s:s,s:o}", "v", 1, "id", id, "status", status, "reason",
	        reason_code(reason), "text", text, "volumes", volumes);
}

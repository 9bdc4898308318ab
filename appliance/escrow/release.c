/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/release.h"
#include "fixer/base/buffer.h"
#include "fixer/base/log.h"
#include "netmend/wire.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* A machine polls every few seconds: one refusal is recorded once. */
#define REMEMBERED_REFUSALS 4096

struct release {
	struct vault *vault;
	struct audit *audit;
	struct stretched_cache *cache;
	pthread_mutex_t lock;
	size_t next;
	uint64_t refusals[REMEMBERED_REFUSALS];
};

struct release *release_new(struct vault *vault, struct audit *audit, struct stretched_cache *cache)
{
	struct release *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->vault = vault;
	r->audit = audit;
	r->cache = cache;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

void release_free(struct release *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- finding the key
 * ------------------------------------------------------------------------------- */

/* 0 with the VMK; -ENOENT no candidate at all; -EKEYREJECTED none of them opens the blob. */
static int try_protector(struct release *r, const struct message_protector *p,
        struct secret **ret_vmk, struct error *err)
{
	struct vault_candidates found = {0};
	int result = vault_lookup(r->vault, &p->id, &found, err);

	if (result < 0)
		return result;
	result = found.count == 0 ? -ENOENT : -EKEYREJECTED;
	for (size_t i = 0; i < found.count && result == -EKEYREJECTED; i++) {
		struct secret *stretched CLEANUP_SECRET = NULL;
		int got = stretched_get(r->cache, found.keys[i], p->blob.salt, &stretched);
		if (got == 0)
			got = bitlocker_blob_open(&p->blob, stretched, ret_vmk);
		if (got != -EKEYREJECTED)
			result = got;
	}
	vault_candidates_clear(&found);
	return result;
}

struct finding {
	struct secret *vmk;
	const struct message_protector *protector;
	bool mismatch; /* a key was found and did not fit */
};

static int try_volume(
        struct release *r, const struct message_volume *v, struct finding *ret, struct error *err)
{
	*ret = (struct finding){0};
	for (size_t i = 0; i < v->protector_count; i++) {
		int got = try_protector(r, &v->protectors[i], &ret->vmk, err);
		if (got == 0) {
			ret->protector = &v->protectors[i];
			return 0;
		}
		if (got == -EKEYREJECTED)
			ret->mismatch = true;
		else if (got != -ENOENT)
			return got;
	}
	return 0;
}

/* --- audit
 * ----------------------------------------------------------------------------------------- */

static void session_hash(const char *session, char out[17])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)session, strlen(session));
	hex_encode(digest, 8, out);
}

static int record(struct release *r, const struct message *m, const struct message_volume *v,
        const struct guid *protector, const char *decision, enum reason reason, struct error *err)
{
	char volume[GUID_TEXT], id[GUID_TEXT], session[17];

	guid_format(&v->id, volume);
	guid_format(protector, id);
	session_hash(m->session, session);
	json_t *fields = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "decision",
	        decision, "reason", reason_code(reason), "machine", m->name, "uuid", m->uuid,
	        "serial", m->serial, "mac", m->mac, "ip", m->ip, "session", session, "volume",
	        volume, "protector", id, "source", "vault");
	int result = fields ? audit_append(r->audit, "release", fields, err)
	                    : error_set(err, -ENOMEM, REASON_AUDIT_FAILED,
	                              "no memory for the audit record");
	json_decref(fields);
	return result;
}

/* True the first time this session is refused this protector for this reason. */
static bool is_new_refusal(
        struct release *r, const char *session, const struct guid *id, enum reason reason)
{
	crypto_generichash_state state;
	uint64_t name;
	bool is_new = true;

	crypto_generichash_init(&state, NULL, 0, 16);
	crypto_generichash_update(&state, (const uint8_t *)session, strlen(session));
	crypto_generichash_update(&state, id->bytes, GUID_LEN);
	crypto_generichash_update(&state, (const uint8_t *)&reason, sizeof(reason));
	uint8_t digest[16];
	crypto_generichash_final(&state, digest, sizeof(digest));
	memcpy(&name, digest, sizeof(name));

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < REMEMBERED_REFUSALS && is_new; i++)
		is_new = r->refusals[i] != name;
	if (is_new) {
		r->refusals[r->next] = name;
		r->next = (r->next + 1) % REMEMBERED_REFUSALS;
	}
	pthread_mutex_unlock(&r->lock);
	return is_new;
}

static void record_refusals(struct release *r, const struct message *m, enum reason reason)
{
	struct error err = {0};

	for (size_t i = 0; i < m->volume_count; i++) {
		const struct message_volume *v = &m->volumes[i];
		for (size_t k = 0; k < v->protector_count; k++)
			if (is_new_refusal(r, m->session, &v->protectors[k].id, reason) &&
			        record(r, m, v, &v->protectors[k].id, "refused", reason, &err) < 0)
				log_error("audit: %s", err.text);
	}
}

/* --- answer
 * ---------------------------------------------------------------------------------------- */

static json_t *seal(
        const struct message *m, const struct message_volume *v, const struct finding *f)
{
	struct secret *plain CLEANUP_SECRET = secret_new(WIRE_SEALED_PLAIN);
	uint8_t box[WIRE_SEALED_PLAIN + crypto_box_SEALBYTES];
	char volume[GUID_TEXT], protector[GUID_TEXT];

	if (!plain || f->vmk->len != WIRE_SEALED_PLAIN - GUID_LEN)
		return NULL;
	memcpy(plain->data, v->id.bytes, GUID_LEN);
	memcpy(plain->data + GUID_LEN, f->vmk->data, f->vmk->len);
	if (crypto_box_seal(box, plain->data, plain->len, m->key) != 0)
		return NULL;
	char *sealed CLEANUP_FREE = base64_encode(box, sizeof(box));
	guid_format(&v->id, volume);
	guid_format(&f->protector->id, protector);
	return sealed ? json_pack("{s:s,s:s,s:s}", "id", volume, "protector", protector, "sealed",
	                        sealed)
	              : NULL;
}

/* "Recovery key ID A, B": what a person has to look for. */
static void name_protectors(const struct message *m, struct buffer *text)
{
	char id[GUID_TEXT];
	const char *before = "Recovery key ID ";

	for (size_t i = 0; i < m->volume_count; i++)
		for (size_t k = 0; k < m->volumes[i].protector_count; k++) {
			guid_format(&m->volumes[i].protectors[k].id, id);
			if (buffer_printf(text, "%s%s", before, id) < 0)
				return; /* the list is long enough */
			before = ", ";
		}
}

static json_t *answer_pending(struct release *r, const struct message *m, bool mismatch)
{
	enum reason reason = mismatch ? REASON_KEY_MISMATCH : REASON_KEY_NOT_FOUND;
	struct buffer text;

	buffer_init(&text, 350);
	name_protectors(m, &text);
	record_refusals(r, m, reason);
	json_t *answer = message_answer(
	        m->id, WIRE_PENDING, reason, text.data ? (const char *)text.data : "", NULL);
	buffer_free(&text);
	return answer;
}

/* One volume: key found, recorded, sealed and put into the list. *mismatch as in struct finding. */
static int release_volume(struct release *r, const struct message *m,
        const struct message_volume *v, json_t *list, bool *mismatch, struct error *err)
{
	struct finding f;
	int result = try_volume(r, v, &f, err);

	*mismatch = *mismatch || f.mismatch;
	if (result == 0 && f.vmk) {
		/* No record, no key. */
		result = record(r, m, v, &f.protector->id, "released", REASON_OK, err);
		if (result == 0 && json_array_append_new(list, seal(m, v, &f)) < 0)
			result = error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR,
			        "the machine's public key is not usable");
	}
	secret_free(f.vmk);
	return result;
}

json_t *release_decide(struct release *r, const struct message *m)
{
	json_t *list = json_array();
	struct error err = {0};
	bool mismatch = false;
	int result = list ? 0 : -ENOMEM;

	for (size_t i = 0; result == 0 && i < m->volume_count; i++)
		result = release_volume(r, m, &m->volumes[i], list, &mismatch, &err);
	if (result < 0) {
		json_decref(list);
		log_error("release for %s: %s", m->name, err.code ? err.text : strerror(-result));
		return message_answer(m->id, WIRE_PENDING, err.code ? err.reason : REASON_INTERNAL,
		        err.text, NULL);
	}
	if (json_array_size(list) > 0)
		return message_answer(m->id, WIRE_RELEASED, REASON_OK, "", list);
	json_decref(list);
	return answer_pending(r, m, mismatch);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/release.h"
#include "appliance/escrow/clock.h"
#include "fixer/base/log.h"
#include "netmend/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool release_key_usable(const uint8_t key[32])
{
	uint8_t box[1 + crypto_box_SEALBYTES], nothing = 0;

	return crypto_box_seal(box, &nothing, 1, key) == 0;
}

/* One record a volume. */
static int record_findings(struct escrow *e, const struct ask *ask, const struct search *s,
        const struct request *request, struct error *err)
{
	unsigned part = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ask->volume_count; i++) {
		const struct finding *f = search_finding(s, i);
		if (!f->vmk)
			continue;
		const struct record_release release = {.campaign = e->settings.rules.campaign,
		        .decision = "released",
		        .reason = REASON_OK,
		        .session = ask->session,
		        .source = f->source,
		        .origin = f->origin,
		        .subject = &ask->subject,
		        .request = request,
		        .volume = &ask->volumes[i].id,
		        .protector = &f->protector->id,
		        .part = ++part};
		r = record_append(e->audit, "release", record_release(&release), err);
	}
	return r;
}

static json_t *seal(const struct ask *ask, const struct guid *volume, const struct finding *f)
{
	struct secret *plain CLEANUP_SECRET = secret_new(WIRE_SEALED_PLAIN);
	uint8_t box[WIRE_SEALED_PLAIN + crypto_box_SEALBYTES];
	char id[GUID_TEXT], protector[GUID_TEXT];

	if (!plain || f->vmk->len != WIRE_SEALED_PLAIN - GUID_LEN)
		return NULL;
	memcpy(plain->data, volume->bytes, GUID_LEN);
	memcpy(plain->data + GUID_LEN, f->vmk->data, f->vmk->len);
	if (crypto_box_seal(box, plain->data, plain->len, ask->key) != 0)
		return NULL;
	char *sealed CLEANUP_FREE = base64_encode(box, sizeof(box));
	guid_format(volume, id);
	guid_format(&f->protector->id, protector);
	return sealed ? json_pack(
	                        "{s:s,s:s,s:s}", "id", id, "protector", protector, "sealed", sealed)
	              : NULL;
}

static json_t *seal_all(const struct ask *ask, const struct search *s)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < ask->volume_count; i++) {
		const struct finding *f = search_finding(s, i);
		if (f->vmk && json_array_append_new(list, seal(ask, &ask->volumes[i].id, f)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

enum reason release_findings(struct escrow *e, const struct ask *ask, const struct search *s,
        const struct request *request, json_t **ret, char *text, size_t size)
{
	int64_t now = clock_wall();
	struct error err = {0};
	enum reason reason = gate_take(e->gate, ask, now, text, size);

	if (reason != REASON_OK)
		return reason;
	/* No record, no key. */
	if (record_findings(e, ask, s, request, &err) < 0) {
		gate_give_back(e->gate, ask, now);
		log_error("release for %s: %s", ask->subject.name, err.text);
		(void)snprintf(text, size, "%s", err.text);
		return REASON_AUDIT_FAILED;
	}
	gate_used(e->gate, ask->session);
	json_t *list = seal_all(ask, s);
	if (!list) {
		log_error("release for %s: recorded, but no memory to seal it", ask->subject.name);
		(void)snprintf(text, size, "no memory to seal the key");
		return REASON_OUT_OF_MEMORY;
	}
	*ret = list;
	return REASON_OK;
}

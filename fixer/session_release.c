/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/buffer.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "fixer/link/clock.h"
#include "fixer/session_internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VMK_LEN (WIRE_SEALED_PLAIN - GUID_LEN)

_Static_assert(VMK_LEN == BITLOCKER_KEY_LEN, "a sealed box is a volume GUID and a VMK");
_Static_assert(API_SEALED_LEN == WIRE_SEALED_PLAIN + crypto_box_SEALBYTES, "sealed box");

static size_t count_closed(const struct session *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->volume_count; i++)
		n += session_needs_key(&s->volumes[i]);
	return n;
}

/* The recovery key IDs a person needs to find the passwords, one a line, but those text names. */
static void list_key_ids(const struct session *s, const char *text, struct buffer *out)
{
	char id[GUID_TEXT];

	for (size_t i = 0; i < s->volume_count; i++) {
		if (!session_needs_key(&s->volumes[i]))
			continue;
		const struct bitlocker_info *info = bitlocker_info(s->volumes[i].bitlocker);
		for (size_t p = 0; p < info->protector_count; p++) {
			const struct bitlocker_protector *protector = &info->protectors[p];
			if (protector->kind != PROTECTOR_RECOVERY_PASSWORD || !protector->has_blob)
				continue;
			guid_format(&protector->id, id);
			if (strstr(text, id))
				continue;
			(void)buffer_printf(out, "Recovery key ID: %s\n", id);
		}
	}
}

/* People have to approve: the code they compare, large in two groups. Slow, so once per request. */
static void take_request(struct session *s, const char *request)
{
	char groups[PAIRING_CODE + 1] = "";

	if (strcmp(request, s->request) == 0)
		return;
	(void)snprintf(s->request, sizeof(s->request), "%s", request);
	s->code[0] = 0;
	int r = request[0] ? pairing_code(s->public_key, s->open.id, request, s->code) : 0;
	if (r < 0)
		log_warning("no code for request %s: %s", request, strerror(-r));
	if (s->code[0])
		(void)snprintf(groups, sizeof(groups), "%.3s %s", s->code, s->code + 3);
	screen_code(groups);
}

static void say_code(const struct session *s, struct buffer *out)
{
	if (s->code[0])
		(void)buffer_printf(out,
		        "Release its key only if the status page shows %s for this machine.\n",
		        s->code);
	else if (s->request[0])
		(void)buffer_printf(out,
		        "No memory to compute the code: do not release its key, start it again.\n");
}

static void show_waiting(struct session *s, enum reason reason, const char *text)
{
	struct buffer out;

	buffer_init(&out, sizeof(s->shown.text) - 1); /* what does not fit is left out whole */
	if (text[0])
		(void)buffer_printf(&out, "%s\n", text);
	say_code(s, &out);
	list_key_ids(s, text, &out);
	if (out.len > 0)
		out.data[out.len - 1] = 0; /* the last line break */
	session_show_reason(s, reason, out.len > 0 ? (const char *)out.data : "");
	buffer_free(&out);
}

static struct session_volume *find_closed(struct session *s, const struct guid *id)
{
	for (size_t i = 0; i < s->volume_count; i++) {
		struct session_volume *v = &s->volumes[i];
		if (session_needs_key(v) &&
		        guid_equal(&bitlocker_info(v->bitlocker)->volume_id, id))
			return v;
	}
	return NULL;
}

static int unseal(struct session *s, const struct api_release_key *key, struct session_volume *v,
        struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(WIRE_SEALED_PLAIN);

	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	if (crypto_box_seal_open(plain->data, key->sealed, sizeof(key->sealed), s->public_key,
	            s->private_key->data) != 0)
		return error_set(err, -EBADMSG, REASON_UNSEAL_FAILED,
		        "the released key is not sealed to this machine");
	if (memcmp(plain->data, key->volume.bytes, GUID_LEN) != 0)
		return error_set(err, -EBADMSG, REASON_UNSEAL_FAILED,
		        "the released key is of another volume");
	v->vmk = secret_copy(plain->data + GUID_LEN, VMK_LEN);
	return v->vmk ? 0
	              : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
}

static void leave_closed(struct session *s, enum reason reason, const char *text)
{
	for (size_t i = 0; i < s->volume_count; i++) {
		struct session_volume *v = &s->volumes[i];
		if (!session_needs_key(v))
			continue;
		v->reason = reason;
		(void)snprintf(v->text, sizeof(v->text), "%.300s", text);
	}
}

static void take_keys(struct session *s, const struct api_release *release)
{
	for (size_t i = 0; i < release->count; i++) {
		const struct api_release_key *key = &release->keys[i];
		struct session_volume *v = find_closed(s, &key->volume);
		struct error err = {0};
		if (!v) {
			log_warning("released key %zu is of no volume of this machine", i);
			continue;
		}
		if (unseal(s, key, v, &err) < 0) {
			v->reason = err.reason;
			(void)snprintf(v->text, sizeof(v->text), "%s", err.text);
			session_tell(s, "unlocking", "release", err.reason, err.text, NULL);
		}
	}
	leave_closed(s, REASON_KEY_NOT_FOUND, "escrow released no key for this volume");
}

/* The same news again at once is no news: a second's pause keeps a confused appliance quiet. */
static void show_pending(struct session *s, const struct api_release *now, struct api_release *last,
        int64_t asked_at)
{
	if (now->reason == last->reason && strcmp(now->text, last->text) == 0 &&
	        strcmp(now->request, last->request) == 0) {
		if (monotonic_ms() - asked_at < 1000)
			(void)sleep(1);
		return;
	}
	*last = *now;
	take_request(s, now->request);
	show_waiting(s, now->reason, now->text);
}

/* What the appliance answers here is on its timeline already: no event repeats it. */
static void wait_for_keys(struct session *s)
{
	struct api_release last = {.reason = REASON_WAITING_KEY}, now;
	struct error err = {0};

	for (;;) {
		int64_t asked_at = monotonic_ms();
		if (api_release_wait(s->api, NM_RELEASE_WAIT_MAX, &now, &err) < 0) {
			leave_closed(s, err.reason, err.text);
			session_tell(s, "attention", "release", err.reason, err.text, NULL);
			return;
		}
		if (now.status == RELEASE_GRANTED) {
			take_keys(s, &now);
			return;
		}
		if (now.status == RELEASE_DENIED) {
			leave_closed(s, now.reason, now.text);
			return;
		}
		show_pending(s, &now, &last, asked_at);
	}
}

void session_release(struct session *s)
{
	size_t closed = count_closed(s);

	if (closed > 0) {
		show_waiting(s, REASON_WAITING_KEY, "");
		session_tell(s, "waiting", "release", REASON_WAITING_KEY, "",
		        json_pack("{s:I}", "volumes", (json_int_t)closed));
		wait_for_keys(s);
		take_request(s, "");
	}
	secret_free(s->private_key);
	s->private_key = NULL;
	s->timing.release = uptime_ms();
}

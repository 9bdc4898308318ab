/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/answers.h"
#include "netmend/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

static struct boot *present(struct machine *m)
{
	return &m->boots[m->boot_count - 1];
}

static const char *body_of(const struct machine *m)
{
	return m->call.body.data ? (const char *)m->call.body.data : "";
}

/* The story ends: this should not have been answered. */
static enum answer wrong(struct machine *m, const char *what)
{
	machine_problem(m, "%s: %.80s", what, body_of(m));
	return ANSWER_OVER;
}

/* ---- the boot script ---- */

/* The word after this one; false without. */
static bool word_after(const char *text, const char *before, char *out, size_t size)
{
	const char *at = strstr(text, before);
	size_t len = at ? strcspn(at + strlen(before), " \n,") : 0;

	if (!at || len == 0 || len >= size)
		return false;
	memcpy(out, at + strlen(before), len);
	out[len] = 0;
	return true;
}

static bool server_take(struct swarm *s, const char *url, const char *pin)
{
	uint8_t bytes[32];
	char host[INET_ADDRSTRLEN];
	unsigned port;
	struct sockaddr_in to = {.sin_family = AF_INET};

	if (sscanf(url, "%15[0-9.]:%5u", host, &port) != 2 || port > UINT16_MAX ||
	        inet_pton(AF_INET, host, &to.sin_addr) != 1 || hex_decode(pin, bytes, 32) < 0)
		return false;
	to.sin_port = htons((uint16_t)port);
	memcpy(s->client.pin, bytes, sizeof(bytes));
	s->https = to;
	return true;
}

static void boot_id_new(char ret[37])
{
	struct guid g;

	randombytes_buf(g.bytes, sizeof(g.bytes));
	guid_format(&g, ret);
}

static bool result_was_sent(const struct machine *m)
{
	bool sent = false;

	for (size_t i = 0; i < m->boot_count; i++)
		sent |= m->boots[i].result_sent;
	return sent;
}

/* No token: the appliance sends the machine away, or lets it wait. A machine that never heard what
 * became of its result may have been repaired. */
static enum answer script_without(struct machine *m, const char *script)
{
	bool away = strstr(script, " is not to be repaired ") != NULL;

	m->sent_away |= away || m->relapsed;
	if (m->relapsed)
		return ANSWER_OVER;
	if (away)
		return result_was_sent(m) ? ANSWER_WINDOWS : wrong(m, "sent away");
	bool waits = strstr(script, " waits (") || strstr(script, " waits for its turn ");
	return waits ? ANSWER_LATER : wrong(m, "no boot script");
}

static enum answer take_script(struct machine *m)
{
	const char *script = body_of(m);
	char token[33], url[64], pin[65], attempt[12];

	if (!word_after(script, " netmend.token=", token, sizeof(token)))
		return script_without(m, script);
	if (m->relapsed)
		return wrong(m, "repaired again after it returned");
	if (!word_after(script, " netmend.url=https://", url, sizeof(url)) ||
	        !word_after(script, " netmend.pin=sha256:", pin, sizeof(pin)) ||
	        !word_after(script, ", attempt ", attempt, sizeof(attempt)) ||
	        !server_take(m->swarm, url, pin))
		return wrong(m, "boot script");
	if (m->boot_count == SWARM_BOOTS)
		return wrong(m, "one boot too many");
	struct boot *b = &m->boots[m->boot_count++];
	memcpy(b->token, token, sizeof(b->token));
	b->attempt = (int)strtol(attempt, NULL, 10);
	boot_id_new(b->boot_id);
	(void)crypto_box_keypair(b->public_key, b->secret_key);
	return ANSWER_ON;
}

/* ---- the session ---- */

static enum answer take_session(struct machine *m, json_t *json)
{
	struct boot *b = present(m);
	const char *session, *name, *recipe, *sha256 = NULL;
	int v, attempt, heartbeat;
	json_int_t size;
	json_t *pending;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:i,s:s,s:s,s:i,s:i,s:s,s:o}", "v", &v,
	            "session", &session, "machine", &name, "attempt", &attempt, "heartbeat",
	            &heartbeat, "recipe", &recipe, "pending", &pending) < 0 ||
	        strlen(session) != 32 || !recipe[0])
		return wrong(m, "session");
	if (json_is_object(pending) && (json_unpack_ex(pending, NULL, JSON_STRICT, "{s:s,s:I}",
	                                        "sha256", &sha256, "size", &size) < 0 ||
	                                       strlen(sha256) != 64))
		return wrong(m, "session");
	if (b->session_taken && strcmp(b->session, session) != 0)
		return wrong(m, "the same call opened another session");
	(void)snprintf(b->session, sizeof(b->session), "%s", session);
	b->attempt = attempt;
	b->session_taken = true;
	b->pending = sha256 != NULL;
	if (sha256)
		(void)snprintf(b->sha256, sizeof(b->sha256), "%s", sha256);
	m->key_begun = now_us();
	return ANSWER_ON;
}

static enum answer take_events(struct machine *m, json_t *json)
{
	struct boot *b = present(m);
	json_int_t ack;
	int v;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:i,s:I}", "v", &v, "ack", &ack) < 0 ||
	        ack != b->sent)
		return wrong(m, "events");
	b->taken = b->sent;
	return ANSWER_ON;
}

/* ---- the key ---- */

static bool key_is_right(const struct machine *m, const char *volume, const char *sealed)
{
	const struct boot *b = &m->boots[m->boot_count - 1];
	uint8_t box[WIRE_SEALED_PLAIN + crypto_box_SEALBYTES], plain[WIRE_SEALED_PLAIN];
	struct guid id;
	size_t len;

	return guid_parse(volume, &id) == 0 && guid_equal(&id, &m->key->volume) &&
	       base64_decode(sealed, box, sizeof(box), &len) == 0 && len == sizeof(box) &&
	       crypto_box_seal_open(plain, box, sizeof(box), b->public_key, b->secret_key) == 0 &&
	       memcmp(plain, id.bytes, GUID_LEN) == 0 &&
	       memcmp(plain + GUID_LEN, m->key->vmk, sizeof(m->key->vmk)) == 0;
}

static enum answer take_key(struct machine *m, json_t *json)
{
	const char *volume, *protector, *sealed;
	json_t *volumes = json_object_get(json, "volumes");

	if (m->story == STORY_no_key || m->story == STORY_wrong_key)
		return wrong(m, "a key that escrow cannot have");
	if (json_array_size(volumes) != 1 ||
	        json_unpack_ex(json_array_get(volumes, 0), NULL, JSON_STRICT, "{s:s,s:s,s:s}", "id",
	                &volume, "protector", &protector, "sealed", &sealed) < 0 ||
	        !key_is_right(m, volume, sealed))
		return wrong(m, "the key is not the right one");
	present(m)->key_taken = true;
	figures_add(&m->swarm->figures, FIGURE_key, now_us() - m->key_begun);
	return ANSWER_ON;
}

/* Without its key a machine waits as long as somebody lets it. */
static enum answer take_pending_key(struct machine *m, const char *reason)
{
	const char *expected = m->story == STORY_no_key      ? "KEY_NOT_FOUND"
	                       : m->story == STORY_wrong_key ? "KEY_MISMATCH"
	                                                     : "";

	if (strcmp(reason, expected) == 0 && !m->heard_no_key)
		m->heard_no_key = now_us();
	if (m->heard_no_key && now_us() - m->heard_no_key >= 1000 * m->swarm->options->patience)
		return ANSWER_OVER;
	return ANSWER_LATER;
}

static enum answer take_release(struct machine *m, json_t *json)
{
	const char *status = json_string_value(json_object_get(json, "status"));
	const char *reason = json_string_value(json_object_get(json, "reason"));

	if (!status || !reason)
		return wrong(m, "release");
	if (strcmp(status, WIRE_RELEASED) == 0)
		return take_key(m, json);
	if (strcmp(status, WIRE_PENDING) == 0)
		return take_pending_key(m, reason);
	return wrong(m, "denied");
}

/* ---- the repair and its end ---- */

static enum answer take_journal(struct machine *m, json_t *json)
{
	const char *sha256;
	json_int_t size;
	int v;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:i,s:s,s:I}", "v", &v, "sha256", &sha256,
	            "size", &size) < 0 ||
	        (size_t)size != m->swarm->options->bundle ||
	        strcmp(sha256, present(m)->sha256) != 0)
		return wrong(m, "the appliance has saved something else");
	present(m)->journal_taken = true;
	return ANSWER_ON;
}

/* The bundle of the interrupted repair, as it was sent in the boot before. */
static enum answer take_pending(struct machine *m)
{
	const struct boot *b = present(m);
	uint8_t hash[32];
	char hex[65];

	(void)crypto_hash_sha256(hash, m->call.body.data, m->call.body.len);
	hex_encode(hash, sizeof(hash), hex);
	bool ours = false;
	for (size_t i = 0; i + 1 < m->boot_count; i++)
		ours |= m->boots[i].journal_sent && strcmp(m->boots[i].sha256, hex) == 0;
	if (strcmp(hex, b->sha256) != 0 || !ours)
		return wrong(m, "the interrupted repair is not the one that was saved");
	return ANSWER_ON;
}

static enum answer take_result(struct machine *m, json_t *json)
{
	const char *next, *text;
	enum reason result = act_result(m);
	int v;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:i,s:s,s:s}", "v", &v, "next", &next, "text",
	            &text) < 0)
		return wrong(m, "result");
	present(m)->result_taken = true;
	figures_add(&m->swarm->figures, FIGURE_machine, now_us() - m->boot_begun);
	const char *expected = act_goes_back(result)               ? WIRE_NEXT_REBOOT
	                       : result == REASON_DISK_WRITE_ERROR ? WIRE_NEXT_AGAIN
	                                                           : WIRE_NEXT_HOLD;
	if (strcmp(next, expected) != 0)
		return wrong(m, "another next step than expected");
	if (act_goes_back(result))
		return ANSWER_ON;
	return result == REASON_DISK_WRITE_ERROR ? ANSWER_BOOT : ANSWER_OVER;
}

static enum answer take_json(struct machine *m, const struct act *act, json_t *json)
{
	switch (act->kind) {
	case ACT_SESSION:
		return take_session(m, json);
	case ACT_EVENT:
		return take_events(m, json);
	case ACT_RELEASE:
		return take_release(m, json);
	case ACT_JOURNAL:
		return take_journal(m, json);
	default:
		return take_result(m, json);
	}
}

enum answer answer_take(struct machine *m, const struct act *act)
{
	if (act->kind == ACT_BOOT)
		return take_script(m);
	if (act->kind == ACT_KERNEL || act->kind == ACT_INITRD)
		return m->call.body.len ? ANSWER_ON : wrong(m, "an empty boot file");
	if (act->kind == ACT_PENDING)
		return take_pending(m);
	json_t *json = json_loads(body_of(m), JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return wrong(m, "not JSON");
	enum answer a = take_json(m, act, json);
	json_decref(json);
	return a;
}

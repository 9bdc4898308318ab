/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/link/api_answer.h"
#include "netmend/version.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int bad_answer(struct error *err, const char *call, const char *what)
{
	return error_set(err, -EPROTO, REASON_PROTOCOL_ERROR, "answer to %s: %s", call, what);
}

/* The caller drops *ret. */
static int load(const char *call, const void *text, size_t len, json_t **ret, struct error *err)
{
	json_error_t problem;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);

	if (!root)
		return bad_answer(err, call, problem.text);
	*ret = root;
	return 0;
}

/* json_unpack with everything that is common: v is unpacked first and checked. */
#define UNPACK(root, call, err, format, ...)                                                     \
	({                                                                                       \
		json_error_t problem_;                                                           \
		int version_ = 0;                                                                \
		int r_ = json_unpack_ex(                                                         \
		        root, &problem_, 0, "{s:i, " format " !}", "v", &version_, __VA_ARGS__); \
		if (r_ < 0)                                                                      \
			r_ = bad_answer(err, call, problem_.text);                               \
		else if (version_ != NETMEND_WIRE_VERSION)                                       \
			r_ = bad_answer(err, call, "another wire version");                      \
		r_;                                                                              \
	})

static bool is_hex(const char *text, size_t digits)
{
	size_t n = 0;

	while (isdigit((unsigned char)text[n]) || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n == digits && !text[n];
}

static int parse_pending(json_t *pending, struct api_session *s, struct error *err)
{
	json_error_t problem;
	const char *sha256;
	json_int_t size;

	if (json_is_null(pending))
		return 0;
	if (json_unpack_ex(pending, &problem, 0, "{s:s, s:I !}", "sha256", &sha256, "size", &size) <
	        0)
		return bad_answer(err, "session", problem.text);
	if (!is_hex(sha256, 64) || size < 1 || size > NM_MAX_BUNDLE)
		return bad_answer(err, "session", "bad pending");
	s->pending = true;
	memcpy(s->pending_sha256, sha256, sizeof(s->pending_sha256));
	s->pending_size = (size_t)size;
	return 0;
}

static int fill_session(json_t *root, struct api_session *s, struct error *err)
{
	const char *id, *machine, *recipe;
	json_int_t attempt, heartbeat;
	json_t *pending;

	int r = UNPACK(root, "session", err, "s:s, s:s, s:I, s:I, s:s, s:o", "session", &id,
	        "machine", &machine, "attempt", &attempt, "heartbeat", &heartbeat, "recipe",
	        &recipe, "pending", &pending);
	if (r < 0)
		return r;
	if (!is_hex(id, 32))
		return bad_answer(err, "session", "bad session");
	if (attempt < 1 || attempt > INT32_MAX || heartbeat < 1 || heartbeat > NM_SILENCE_LIMIT)
		return bad_answer(err, "session", "attempt or heartbeat out of range");
	if (strlen(recipe) > NM_MAX_RECIPE)
		return bad_answer(err, "session", "recipe too large");
	memcpy(s->id, id, sizeof(s->id));
	text_clean(s->machine, sizeof(s->machine), machine);
	s->attempt = (unsigned)attempt;
	s->heartbeat = (unsigned)heartbeat;
	r = parse_pending(pending, s, err);
	if (r < 0)
		return r;
	s->recipe = strdup(recipe);
	return s->recipe ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
}

int api_parse_session(const void *text, size_t len, struct api_session *ret, struct error *err)
{
	struct api_session s = {0};
	json_t *root = NULL;
	int r = load("session", text, len, &root, err);

	if (r == 0)
		r = fill_session(root, &s, err);
	json_decref(root);
	if (r == 0)
		*ret = s;
	return r;
}

void api_session_clear(struct api_session *s)
{
	free(s->recipe);
	*s = (struct api_session){0};
}

static int parse_key(json_t *item, struct api_release_key *key, struct error *err)
{
	const char *id, *protector, *sealed;
	json_error_t problem;
	size_t len = 0;

	if (json_unpack_ex(item, &problem, 0, "{s:s, s:s, s:s !}", "id", &id, "protector",
	            &protector, "sealed", &sealed) < 0)
		return bad_answer(err, "release", problem.text);
	if (guid_parse(id, &key->volume) < 0 || guid_parse(protector, &key->protector) < 0)
		return bad_answer(err, "release", "bad GUID");
	if (base64_decode(sealed, key->sealed, sizeof(key->sealed), &len) < 0 ||
	        len != sizeof(key->sealed))
		return bad_answer(err, "release", "bad sealed key");
	return 0;
}

static int parse_keys(json_t *volumes, struct api_release *release, struct error *err)
{
	size_t count = json_array_size(volumes);

	if (!json_is_array(volumes) || count < 1 || count > NM_MAX_VOLUMES)
		return bad_answer(err, "release", "bad number of volumes");
	for (size_t i = 0; i < count; i++) {
		int r = parse_key(json_array_get(volumes, i), &release->keys[i], err);
		if (r < 0)
			return r;
	}
	release->count = count;
	return 0;
}

static int parse_status(const char *status, enum api_release_status *ret)
{
	if (strcmp(status, WIRE_PENDING) == 0)
		*ret = RELEASE_PENDING;
	else if (strcmp(status, WIRE_DENIED) == 0)
		*ret = RELEASE_DENIED;
	else if (strcmp(status, WIRE_RELEASED) == 0)
		*ret = RELEASE_GRANTED;
	else
		return -EPROTO;
	return 0;
}

static int fill_release(json_t *root, struct api_release *release, struct error *err)
{
	const char *status, *reason, *text, *request;
	json_t *volumes = NULL;

	int r = UNPACK(root, "release", err, "s:s, s:s, s:s, s:s, s?o", "status", &status, "reason",
	        &reason, "text", &text, "request", &request, "volumes", &volumes);
	if (r < 0)
		return r;
	int code = reason_parse(reason);
	if (code < 0 || parse_status(status, &release->status) < 0)
		return bad_answer(err, "release", "unknown status or reason");
	release->reason = (enum reason)code;
	text_clean(release->text, sizeof(release->text), text);
	bool asks = request[0];
	if (asks && (release->status != RELEASE_PENDING || !is_hex(request, 16)))
		return bad_answer(err, "release", "bad request, or one that nobody can approve");
	memcpy(release->request, request, asks ? sizeof(release->request) : 1);
	if ((release->status == RELEASE_GRANTED) != (volumes != NULL))
		return bad_answer(err, "release", "volumes do not fit the status");
	return volumes ? parse_keys(volumes, release, err) : 0;
}

int api_parse_release(const void *text, size_t len, struct api_release *ret, struct error *err)
{
	struct api_release *release = calloc(1, sizeof(*release));
	json_t *root = NULL;

	if (!release)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	int r = load("release", text, len, &root, err);
	if (r == 0)
		r = fill_release(root, release, err);
	json_decref(root);
	if (r == 0)
		*ret = *release;
	free(release);
	return r;
}

static int fill_next(json_t *root, struct api_next *next, struct error *err)
{
	const char *step, *text;

	int r = UNPACK(root, "result", err, "s:s, s:s", "next", &step, "text", &text);
	if (r < 0)
		return r;
	if (strcmp(step, WIRE_NEXT_REBOOT) == 0)
		next->step = NEXT_REBOOT;
	else if (strcmp(step, WIRE_NEXT_HOLD) == 0)
		next->step = NEXT_HOLD;
	else if (strcmp(step, WIRE_NEXT_AGAIN) == 0)
		next->step = NEXT_AGAIN;
	else
		return bad_answer(err, "result", "unknown next");
	text_clean(next->text, sizeof(next->text), text);
	return 0;
}

int api_parse_next(const void *text, size_t len, struct api_next *ret, struct error *err)
{
	struct api_next next = {0};
	json_t *root = NULL;
	int r = load("result", text, len, &root, err);

	if (r == 0)
		r = fill_next(root, &next, err);
	json_decref(root);
	if (r == 0)
		*ret = next;
	return r;
}

int api_parse_ack(const void *text, size_t len, uint64_t *ret, struct error *err)
{
	json_int_t ack = 0;
	json_t *root = NULL;
	int r = load("events", text, len, &root, err);

	if (r == 0)
		r = UNPACK(root, "events", err, "s:I", "ack", &ack);
	json_decref(root);
	if (r == 0 && ack < 0)
		r = bad_answer(err, "events", "bad ack");
	if (r == 0)
		*ret = (uint64_t)ack;
	return r;
}

int api_parse_saved(
        const void *text, size_t len, size_t sent, char ret_sha256[65], struct error *err)
{
	const char *sha256;
	json_int_t size;
	json_t *root = NULL;
	int r = load("journal", text, len, &root, err);

	if (r == 0)
		r = UNPACK(root, "journal", err, "s:s, s:I", "sha256", &sha256, "size", &size);
	if (r == 0 && !is_hex(sha256, 64))
		r = bad_answer(err, "journal", "bad hash");
	if (r == 0 && (size < 0 || (uint64_t)size != sent))
		r = bad_answer(err, "journal", "another size than was sent");
	if (r == 0)
		memcpy(ret_sha256, sha256, 65);
	json_decref(root);
	return r;
}

int api_parse_refusal(int status, const void *text, size_t len, struct error *err)
{
	const char *code = "", *detail = "";
	json_t *root = NULL;
	int r = load("a refused call", text, len, &root, err);

	if (r == 0)
		r = UNPACK(
		        root, "a refused call", err, "s:s, s:s", "error", &code, "text", &detail);
	int reason = r == 0 ? reason_parse(code) : -1;
	if (reason < 0) {
		r = error_set(err, -EPROTO, REASON_PROTOCOL_ERROR,
		        "the appliance answered HTTP %d without a known reason", status);
	} else {
		char clean[NM_MAX_EVENT_TEXT];
		text_clean(clean, sizeof(clean), detail[0] ? detail : "refused by the appliance");
		r = error_set(err, -EACCES, (enum reason)reason, "%s", clean);
	}
	json_decref(root);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many controllers looked at by way of escrow, many of them at once. */
#include "appliance/cli/power_look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_SECONDS 60
/* Escrow gives a controller one minute; without a word for longer than that, nothing comes. */
#define ANSWER_SECONDS 180

void cli_power_looks_free(struct power_looks *l)
{
	for (size_t i = 0; i < l->count; i++)
		json_decref(l->all[i].machine);
	free(l->all);
	*l = (struct power_looks){0};
}

struct power_look *cli_power_looks_add(struct power_looks *l, json_t *machine)
{
	if (machine && l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct power_look *all = reallocarray(l->all, room, sizeof(*all));
		if (all) {
			l->all = all;
			l->room = room;
		}
	}
	if (!machine || l->count == l->room) {
		json_decref(machine);
		return NULL;
	}
	struct power_look *look = &l->all[l->count++];
	*look = (struct power_look){.machine = machine, .reason = REASON_INTERNAL};
	return look;
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- the records ---- */

/* What a person calls a machine of which only its record is known. */
static const char *name_of(const json_t *record)
{
	static const char *const keys[] = {"name", "serial", "uuid"};
	const char *mac = json_string_value(json_array_get(json_object_get(record, "macs"), 0));

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (text_of(record, keys[i])[0])
			return text_of(record, keys[i]);
	return mac ? mac : text_of(record, "address");
}

static int add_record(struct power_looks *l, const json_t *record, struct error *err)
{
	json_t *macs = json_object_get(record, "macs");
	struct power_look *look = cli_power_looks_add(
	        l, json_pack("{s:i, s:s, s:s, s:s, s:O}", "id", 0, "name", text_of(record, "name"),
	                   "uuid", text_of(record, "uuid"), "serial", text_of(record, "serial"),
	                   "macs", macs ? macs : json_null()));

	if (!look)
		return no_memory(err);
	(void)snprintf(look->name, sizeof(look->name), "%s", name_of(record));
	(void)snprintf(look->type, sizeof(look->type), "%s", text_of(record, "type"));
	(void)snprintf(look->address, sizeof(look->address), "%s", text_of(record, "address"));
	return 0;
}

/* One page of them; *after: the last one's id. */
static int take_page(struct escrow_socket *s, struct power_looks *l, json_int_t *after, bool *more,
        struct error *err)
{
	json_t *answer, *record;
	size_t i;
	int r = escrow_socket_order(s, json_pack("{s:s, s:I}", "op", "bmcs", "after", *after),
	        LIST_SECONDS, &answer, err);

	if (r < 0)
		return r;
	json_int_t last = *after;
	json_array_foreach(json_object_get(answer, "bmcs"), i, record)
	{
		last = json_integer_value(json_object_get(record, "id"));
		r = r < 0 ? r : add_record(l, record, err);
	}
	*more = json_is_true(json_object_get(answer, "more")) && last > *after;
	*after = last;
	json_decref(answer);
	return r;
}

int cli_power_look_records(struct escrow_socket *s, struct power_looks *ret, struct error *err)
{
	json_int_t after = 0;
	bool more = true;
	int r = 0;

	while (r == 0 && more)
		r = take_page(s, ret, &after, &more, err);
	return r;
}

/* ---- the questions ---- */

void cli_power_look_take(struct power_look *look, const json_t *answer)
{
	const json_t *bmc = json_object_get(answer, "bmc");
	const char *address = text_of(answer, "address"), *type = text_of(answer, "type");
	int reason = reason_parse(text_of(answer, "reason"));

	look->reason = reason < 0 ? REASON_INTERNAL : (enum reason)reason;
	/* A refusal must not be read as if it could be driven. */
	if (look->reason == REASON_OK && !json_is_true(json_object_get(answer, "ok")))
		look->reason = REASON_INTERNAL;
	(void)snprintf(look->text, sizeof(look->text), "%s", text_of(answer, "text"));
	if (address[0])
		(void)snprintf(look->address, sizeof(look->address), "%s", address);
	if (type[0])
		(void)snprintf(look->type, sizeof(look->type), "%s", type);
	(void)snprintf(look->power, sizeof(look->power), "%s", text_of(answer, "power"));
	(void)snprintf(look->boot, sizeof(look->boot), "%s", text_of(answer, "boot"));
	(void)snprintf(look->version, sizeof(look->version), "%s%s%s", text_of(bmc, "product"),
	        text_of(bmc, "product")[0] && text_of(bmc, "firmware")[0] ? " " : "",
	        text_of(bmc, "firmware"));
}

static int send_one(
        struct escrow_socket *s, struct power_look *look, const char *order, struct error *err)
{
	json_t *question = json_pack("{s:s, s:s, s:O, s:s, s:b, s:s, s:s, s:s}", "op", "power",
	        "order", order, "machine", look->machine, "firmware", "auto", "other", 0, "image",
	        "", "by", "", "why", "");

	return escrow_socket_send(s, question, &look->id, err);
}

/* The one whose answer this is; NULL: nobody's. Questions have been numbered one after the other.
 */
static struct power_look *asked(struct power_looks *l, size_t sent, const json_t *answer)
{
	json_int_t id = json_integer_value(json_object_get(answer, "id"));

	if (id < l->all[0].id || (size_t)(id - l->all[0].id) >= sent)
		return NULL;
	struct power_look *look = &l->all[id - l->all[0].id];
	return look->id == id && !look->answered ? look : NULL;
}

static void none_came(struct power_look *look, const struct error *err)
{
	look->reason = err->reason;
	(void)snprintf(look->text, sizeof(look->text), "not looked at: %.300s", err->text);
}

int cli_power_look_ask(struct escrow_socket *s, struct power_looks *l, const char *order,
        size_t at_once, void (*told)(const struct power_looks *l, size_t answered, size_t bad),
        struct error *err)
{
	size_t sent = 0, answered = 0, bad = 0;
	int r = 0;

	while (r == 0 && answered < l->count) {
		while (r == 0 && sent < l->count && sent - answered < at_once)
			r = send_one(s, &l->all[sent++], order, err);
		json_t *answer = NULL;
		r = r < 0 ? r : escrow_socket_take(s, ANSWER_SECONDS, &answer, err);
		struct power_look *look = r < 0 ? NULL : asked(l, sent, answer);
		if (look) {
			cli_power_look_take(look, answer);
			look->answered = true;
			answered++;
			bad += look->reason != REASON_OK;
			if (told)
				told(l, answered, bad);
		}
		json_decref(answer);
	}
	for (size_t i = 0; r < 0 && i < l->count; i++)
		if (!l->all[i].answered)
			none_came(&l->all[i], err);
	return r;
}

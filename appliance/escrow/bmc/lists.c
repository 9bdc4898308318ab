/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the vault knows of controllers, for web (which machines have one) and for root (all). */
#include "appliance/escrow/bmc/desk.h"
#include "appliance/escrow/message.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX                                                                      \
	(NM_ESCROW_MESSAGE_MAX - 16 * 1024) /* of the list; the next page has the rest \
	                                     */

static json_t *with_list(json_int_t id, const char *name, json_t *list)
{
	json_t *a = message_answer(id, REASON_OK, "");

	if (a && json_object_set_new(a, name, list) == 0)
		return a;
	json_decref(a);
	return message_answer(id, REASON_OUT_OF_MEMORY, "no memory");
}

static json_t *refusal(json_int_t id, const struct error *err)
{
	return message_answer(
	        id, err->reason == REASON_OK ? REASON_INTERNAL : err->reason, err->text);
}

json_t *bmc_known_answer(struct escrow *e, json_int_t id, const struct bmc_subjects *s)
{
	json_t *list = json_array();
	struct error err = {0};

	for (size_t i = 0; list && i < s->count; i++) {
		struct vault_bmc b = {0};
		int r = vault_bmc_find(e->vault, &s->items[i].machine, false, &b, &err);
		if (r == -ENOENT)
			continue;
		if (r < 0) {
			json_decref(list);
			return refusal(id, &err);
		}
		json_t *one = json_pack("{s:I,s:s,s:s}", "id", (json_int_t)s->items[i].number,
		        "type", b.type, "address", b.address);
		vault_bmc_clear(&b);
		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return with_list(id, "known", list);
}

struct page {
	json_t *list;
	size_t bytes;
	bool more;
};

static json_t *bmc_told(const struct vault_bmc *b)
{
	json_t *macs = json_array();
	int bad = !macs;

	for (size_t i = 0; !bad && i < VAULT_BMC_MACS && b->machine.macs[i][0]; i++)
		bad = json_array_append_new(macs, json_string(b->machine.macs[i])) < 0;
	if (bad) {
		json_decref(macs);
		return NULL;
	}
	return json_pack("{s:I,s:s,s:s,s:s,s:o,s:s,s:s,s:i,s:s,s:s,s:s}", "id", (json_int_t)b->id,
	        "name", b->machine.name, "uuid", b->machine.uuid, "serial", b->machine.serial,
	        "macs", macs, "type", b->type, "address", b->address, "port", (int)b->port, "group",
	        b->group, "user", b->user, "pin", b->pin);
}

static int add(void *context, const struct vault_bmc *b)
{
	struct page *p = context;
	json_t *one = bmc_told(b);
	char *text = one ? json_dumps(one, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) + 1 : 0;

	free(text);
	if (!one || p->bytes + len > BYTES_MAX) {
		p->more = one != NULL;
		json_decref(one);
		return p->more ? 1 : -ENOMEM;
	}
	p->bytes += len;
	return json_array_append_new(p->list, one) < 0 ? -ENOMEM : 0;
}

json_t *bmcs_answer(struct escrow *e, json_int_t id, int64_t after)
{
	struct page p = {.list = json_array()};
	struct error err = {0};
	int r = p.list ? vault_bmc_each(e->vault, after, add, &p, &err) : -ENOMEM;

	if (r < 0 && r != -ENOMEM && r != -EBADMSG) {
		json_decref(p.list);
		return refusal(id, &err);
	}
	if (r == -ENOMEM) {
		json_decref(p.list);
		p.list = NULL;
	}
	json_t *a = with_list(id, "bmcs", p.list);
	(void)json_object_set_new(a, "more", json_boolean(p.more));
	if (r == -EBADMSG) /* the others are told all the same */
		(void)json_object_set_new(a, "text", json_string(err.text));
	return a;
}

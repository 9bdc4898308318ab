/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/bmc/question.h"
#include "appliance/escrow/message_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const orders[BMC_ORDERS] = {
        [BMC_STATUS] = "status",
        [BMC_CHECK] = "check",
        [BMC_CONSOLE] = "console",
        [BMC_BOOT] = "boot",
        [BMC_MEDIA] = "media",
        [BMC_EJECT] = "eject",
        [BMC_ON] = "on",
        [BMC_OFF] = "off",
        [BMC_CYCLE] = "cycle",
};

const char *bmc_order_name(enum bmc_order order)
{
	return orders[order];
}

bool bmc_order_acts(enum bmc_order order)
{
	return order > BMC_CONSOLE;
}

/* The index of text in names, or count. */
static size_t which(const char *text, const char *const *names, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(text, names[i]) != 0)
		i++;
	return i;
}

/* A name longer than the vault keeps is nobody's there: better none than half of one. */
static void short_text(char *out, size_t size, const char *text)
{
	if (strlen(text) < size)
		text_clean(out, size, text);
}

static int macs_parse(json_t *macs, struct vault_bmc_machine *m, struct error *err)
{
	json_t *mac;
	size_t i;

	if (!json_is_array(macs) || json_array_size(macs) > VAULT_BMC_MACS)
		return json_bad(err, "macs is a list of up to 4");
	json_array_foreach(macs, i, mac)
	{
		if (!json_is_string(mac) ||
		        json_line(json_string_value(mac), m->macs[i], sizeof(m->macs[i])) < 0)
			return json_bad(err, "a MAC is a text of 17 characters");
	}
	return 0;
}

static int subject_of(json_t *j, struct bmc_subject *ret, struct error *err)
{
	const char *name, *uuid, *serial;
	json_int_t id;
	json_t *macs;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:s,s:s,s:s,s:o}", "id", &id, "name", &name,
	            "uuid", &uuid, "serial", &serial, "macs", &macs) < 0 ||
	        id < 0)
		return json_bad(err, "machine has id, name, uuid, serial and macs");
	struct guid guid;
	if (uuid[0] && guid_parse(uuid, &guid) < 0)
		return json_bad(err, "the machine's uuid is none");
	ret->number = id;
	text_clean(ret->name, sizeof(ret->name), name);
	short_text(ret->machine.name, sizeof(ret->machine.name), name);
	short_text(ret->machine.uuid, sizeof(ret->machine.uuid), uuid);
	short_text(ret->machine.serial, sizeof(ret->machine.serial), serial);
	return macs_parse(macs, &ret->machine, err);
}

/* What it says besides whom it is about. */
static int words_parse(struct bmc_question *q, const char *order, const char *firmware,
        const char *image, struct error *err)
{
	static const char *const firmwares[] = {"auto", "uefi", "legacy"};
	size_t o = which(order, orders, BMC_ORDERS), f = which(firmware, firmwares, 3);

	if (o == BMC_ORDERS)
		return json_bad(err, "there is no such order");
	if (f == 3)
		return json_bad(err, "firmware is auto, uefi or legacy");
	q->order = (enum bmc_order)o;
	q->firmware = firmwares[f];
	if ((q->order == BMC_MEDIA) != (image[0] != '\0'))
		return json_bad(err, "image goes with media, and with nothing else");
	return json_line(image, q->image, sizeof(q->image)) < 0
	               ? json_bad(err, "image is a URL of up to 511 characters")
	               : 0;
}

static int question_fill(json_t *j, struct bmc_question *q, struct error *err)
{
	const char *op, *order, *firmware, *image, *by, *why;
	json_int_t v, id;
	json_t *machine;
	int other;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:s,s:o,s:s,s:b,s:s,s:s,s:s}", "v",
	            &v, "id", &id, "op", &op, "order", &order, "machine", &machine, "firmware",
	            &firmware, "other", &other, "image", &image, "by", &by, "why", &why) < 0)
		return json_bad(
		        err, "power has order, machine, firmware, other, image, by and why");
	q->other = other;
	text_clean(q->by, sizeof(q->by), by);
	text_clean(q->why, sizeof(q->why), why);
	int r = words_parse(q, order, firmware, image, err);
	return r < 0 ? r : subject_of(machine, &q->subject, err);
}

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
}

int bmc_question_parse(json_t *j, struct bmc_question **ret, struct error *err)
{
	struct bmc_question *q = calloc(1, sizeof(*q));

	if (!q)
		return no_memory(err);
	int r = question_fill(j, q, err);
	if (r < 0)
		free(q);
	else
		*ret = q;
	return r;
}

int bmc_known_parse(json_t *j, struct bmc_subjects **ret, struct error *err)
{
	json_int_t v, id;
	json_t *machines;
	const char *op;
	int r = 0;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s:o}", "v", &v, "id", &id, "op", &op,
	            "machines", &machines) < 0 ||
	        !json_is_array(machines) || json_array_size(machines) > BMC_KNOWN_MAX)
		return json_bad(err, "bmc_known has up to 128 machines");
	struct bmc_subjects *s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(err);
	for (; r == 0 && s->count < json_array_size(machines); s->count++)
		r = subject_of(json_array_get(machines, s->count), &s->items[s->count], err);
	if (r < 0)
		free(s);
	else
		*ret = s;
	return r;
}

int bmcs_parse(json_t *j, int64_t *ret_after, struct error *err)
{
	json_int_t v, id, after = 0;
	const char *op;

	if (json_unpack_ex(j, NULL, JSON_STRICT, "{s:I,s:I,s:s,s?I}", "v", &v, "id", &id, "op", &op,
	            "after", &after) < 0 ||
	        after < 0)
		return json_bad(err, "bmcs has nothing but after");
	*ret_after = after;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow is asked and says about management controllers. */
#include "appliance/api/escrow_client.h"
#include "appliance/api/input.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <string.h>

#define STEPS_MAX 64
#define ROWS_MAX  64
#define KNOWN_MAX 128

/* ---- asked ---- */

json_t *escrow_power_machine(const struct machine *m, const char (*macs)[MAC_TEXT])
{
	json_t *list = json_array();
	const char *uuid = machine_uuid(m);
	struct guid guid;

	for (size_t i = 0; i < 4 && macs[i][0]; i++)
		(void)json_array_append_new(list, json_string(macs[i]));
	return json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)m->id, "name", m->name,
	        "uuid", guid_parse(uuid, &guid) < 0 ? "" : uuid, "serial", machine_serial(m),
	        "macs", list);
}

/* ---- answered ---- */

void escrow_power_clear(struct escrow_power *p)
{
	json_decref(p->steps);
	json_decref(p->bmc);
	json_decref(p->rows);
	p->steps = p->bmc = p->rows = NULL;
}

static int texts_fit(json_t *list, size_t max, const char *field, struct error *err)
{
	json_t *value;
	size_t i;
	bool fits = json_is_array(list) && json_array_size(list) <= max;

	json_array_foreach(fits ? list : NULL, i, value) fits = fits && json_is_string(value);
	return input_check(fits, field, err);
}

static int steps_fit(json_t *list, struct error *err)
{
	json_t *value;
	size_t i;
	int r = input_check(
	        json_is_array(list) && json_array_size(list) <= STEPS_MAX, "steps", err);

	json_array_foreach(r == 0 ? list : NULL, i, value)
	{
		const char *step, *text;
		json_int_t ms;
		int ok;
		if (r == 0)
			r = input_unpack(value, err, "steps", "{s:s, s:I, s:b, s:s}", "step", &step,
			        "ms", &ms, "ok", &ok, "text", &text);
	}
	return r;
}

static int bmc_fits(json_t *bmc, struct error *err)
{
	const char *s;

	return input_unpack(bmc, err, "bmc", "{s:s, s:s, s:s, s:s, s:s, s:s}", "vendor", &s,
	        "product", &s, "firmware", &s, "uuid", &s, "serial", &s, "console", &s);
}

/* Only an order that came to a controller has steps, and only a look at the screen has rows. */
static int parts_take(
        json_t *steps, json_t *bmc, json_t *rows, struct escrow_power *p, struct error *err)
{
	int r = 0;

	if (steps)
		r = steps_fit(steps, err);
	if (r == 0 && bmc)
		r = bmc_fits(bmc, err);
	if (r == 0 && rows)
		r = texts_fit(rows, ROWS_MAX, "rows", err);
	if (r < 0)
		return r;
	p->steps = json_incref(steps);
	p->bmc = json_incref(bmc);
	p->rows = json_incref(rows);
	return 0;
}

int escrow_power_parse(json_t *answer, struct escrow_power *ret, struct error *err)
{
	const char *reason, *text, *type = "", *address = "", *power = "", *boot = "";
	json_t *steps = NULL, *bmc = NULL, *rows = NULL;
	json_int_t columns = 0, seen = 0;
	struct escrow_power p = {0};
	int ok, known = 0;

	int r = input_unpack(answer, err, "power",
	        "{s:b, s:s, s:s, s?b, s?s, s?s, s?s, s?s, s?o, s?o, s?I, s?o, s?I}", "ok", &ok,
	        "reason", &reason, "text", &text, "known", &known, "type", &type, "address",
	        &address, "power", &power, "boot", &boot, "steps", &steps, "bmc", &bmc, "columns",
	        &columns, "rows", &rows, "seen", &seen);
	if (r == 0)
		r = input_reason(reason, &p.reason, "power.reason", err);
	if (r == 0)
		r = input_check(columns >= 0 && columns <= 1024 && seen >= 0, "power.columns", err);
	if (r == 0)
		r = parts_take(steps, bmc, rows, &p, err);
	if (r < 0)
		return r;
	p.known = known;
	p.columns = columns;
	p.seen = seen;
	text_clean(p.text, sizeof(p.text), text);
	text_clean(p.type, sizeof(p.type), type);
	text_clean(p.address, sizeof(p.address), address);
	text_clean(p.power, sizeof(p.power), power);
	text_clean(p.boot, sizeof(p.boot), boot);
	*ret = p;
	return 0;
}

int escrow_bmcs_parse(json_t *answer, json_t **ret, struct error *err)
{
	const char *reason, *text, *type, *address;
	json_t *known = NULL, *value;
	json_int_t id;
	size_t i;
	int ok;

	int r = input_unpack(answer, err, "bmc_known", "{s:b, s:s, s:s, s?o}", "ok", &ok, "reason",
	        &reason, "text", &text, "known", &known);
	if (r == 0)
		r = input_check(ok && json_is_array(known) && json_array_size(known) <= KNOWN_MAX,
		        "known", err);
	json_array_foreach(r == 0 ? known : NULL, i, value)
	{
		if (r == 0)
			r = input_unpack(value, err, "known", "{s:I, s:s, s:s}", "id", &id, "type",
			        &type, "address", &address);
		if (r == 0)
			r = input_check(
			        id > 0 && strlen(type) < 8 && strlen(address) < 256, "known", err);
	}
	if (r == 0)
		*ret = json_incref(known);
	return r;
}

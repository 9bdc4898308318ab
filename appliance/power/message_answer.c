/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes out. Texts of a result are clean already. */
#include "appliance/power/message.h"

#include <stdio.h>

static const char *state_name(enum power_state state)
{
	switch (state) {
	case POWER_ON:
		return "on";
	case POWER_OFF:
		return "off";
	case POWER_UNKNOWN:
		break;
	}
	return "unknown";
}

/* "network once, UEFI"; "" where it is not known. */
static void boot_text(const struct power_result *r, char *out, size_t size)
{
	static const char *const devices[] = {[POWER_DEVICE_NONE] = "as set up",
	        [POWER_DEVICE_NETWORK] = "network",
	        [POWER_DEVICE_CD] = "CD",
	        [POWER_DEVICE_OTHER] = "another device"};
	static const char *const firmwares[] = {[POWER_FIRMWARE_AUTO] = "",
	        [POWER_FIRMWARE_UEFI] = ", UEFI",
	        [POWER_FIRMWARE_LEGACY] = ", legacy"};
	const struct power_boot *b = &r->boot;

	if (!r->boot_known)
		out[0] = 0;
	else if (b->device == POWER_DEVICE_NONE)
		(void)snprintf(out, size, "%s", devices[b->device]);
	else
		(void)snprintf(out, size, "%s %s%s", devices[b->device],
		        b->persistent ? "always" : "once", firmwares[b->firmware]);
}

static json_t *bmc_of(const struct power_identity *i)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "vendor", i->vendor, "product", i->product,
	        "firmware", i->firmware, "uuid", i->uuid, "serial", i->serial, "console",
	        i->console);
}

static json_t *steps_of(const struct power_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->count; i++) {
		const struct power_step *s = &r->steps[i];
		json_t *one = json_pack("{s:s,s:I,s:b,s:s}", "step", s->name, "ms",
		        (json_int_t)s->ms, "ok", s->ok, "text", s->text);
		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *power_message_answer(json_int_t id, const struct power_result *r)
{
	char boot[64];

	boot_text(r, boot, sizeof(boot));
	return json_pack("{s:i,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "v", 1, "id", id, "reason",
	        reason_code(r->reason), "text", r->text, "type", r->type ? r->type : "", "power",
	        state_name(r->power), "boot", boot, "pin", r->identity.pin, "bmc",
	        bmc_of(&r->identity), "steps", steps_of(r));
}

json_t *power_message_screen(
        json_int_t id, const struct power_result *r, const struct power_screen *screen)
{
	json_t *rows = json_array();

	for (size_t i = 0; rows && i < POWER_SCREEN_ROWS; i++)
		(void)json_array_append_new(rows, json_string(screen->rows[i]));
	return json_pack("{s:i,s:I,s:s,s:s,s:i,s:o,s:I}", "v", 1, "id", id, "reason",
	        reason_code(r->reason), "text", r->text, "columns", POWER_SCREEN_COLUMNS, "rows",
	        rows, "seen", (json_int_t)screen->seen);
}

json_t *power_message_refusal(const struct power_message *m, enum reason reason, const char *text)
{
	static const struct power_screen nothing;
	struct power_result r = {.reason = reason};

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	return m->console ? power_message_screen(m->id, &r, &nothing)
	                  : power_message_answer(m->id, &r);
}

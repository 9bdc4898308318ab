/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/machine.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define X(name) #name,
        WIRE_STATES(X)
#undef X
};

const char *machine_state_name(enum machine_state state)
{
	return (unsigned)state < STATE_COUNT ? names[state] : "";
}

int machine_state_parse(const char *name)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *machine_serial(const struct machine *m)
{
	return m->serial[0] ? m->serial : m->listed_serial;
}

const char *machine_uuid(const struct machine *m)
{
	return m->uuid[0] ? m->uuid : m->listed_uuid;
}

void machine_model(const struct machine *m, char ret[MODEL_TEXT])
{
	const char *vendor = m->manufacturer + strspn(m->manufacturer, " ");

	(void)snprintf(ret, MODEL_TEXT, "%s%s%s", vendor, vendor[0] ? " " : "",
	        vendor[0] ? m->product : m->product + strspn(m->product, " "));
	for (size_t n = strlen(ret); n > 0 && ret[n - 1] == ' '; n--)
		ret[n - 1] = 0;
}

int mac_normalise(const char *text, char ret[MAC_TEXT])
{
	char digits[13];
	uint8_t mac[6];
	size_t n = 0, len = strlen(text);

	if (len != 12 && len != 17)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (len == 17 && i % 3 == 2) {
			if ((text[i] != ':' && text[i] != '-') || text[i] != text[2])
				return -EINVAL;
			continue;
		}
		digits[n++] = text[i];
	}
	digits[n] = 0;
	static const uint8_t zero[6];
	if (hex_decode(digits, mac, sizeof(mac)) < 0 || mac[0] & 1 || memcmp(mac, zero, 6) == 0)
		return -EINVAL;
	(void)snprintf(ret, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	        mac[3], mac[4], mac[5]);
	return 0;
}

static const char *const safe_modes[] = {
        [MACHINE_SAFE_MODE_UNKNOWN] = "unknown",
        [MACHINE_SAFE_MODE_NONE] = "none",
        [MACHINE_SAFE_MODE_MINIMAL] = "minimal",
        [MACHINE_SAFE_MODE_NETWORK] = "network",
        [MACHINE_SAFE_MODE_DSREPAIR] = "dsrepair",
};

const char *machine_safe_mode_name(enum machine_safe_mode mode)
{
	return safe_modes[mode];
}

int machine_safe_mode_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(safe_modes) / sizeof(safe_modes[0]); i++)
		if (strcmp(name, safe_modes[i]) == 0)
			return (int)i;
	return -EINVAL;
}

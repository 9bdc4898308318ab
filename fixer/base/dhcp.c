/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/dhcp.h"

#include <errno.h>
#include <string.h>

const uint8_t dhcp_cookie[4] = {99, 130, 83, 99};

uint8_t *dhcp_put_option(uint8_t *at, uint8_t code, const void *data, uint8_t len)
{
	at[0] = code;
	at[1] = len;
	memcpy(at + 2, data, len);
	return at + 2 + len;
}

struct walk {
	dhcp_option_fn *each;
	void *context;
	uint8_t overload;
};

static int take_option(struct walk *w, uint8_t code, const uint8_t *data, size_t len)
{
	if (code == DHCP_OPTION_OVERLOAD) {
		if (len != 1 || data[0] > 3)
			return -EBADMSG;
		w->overload = data[0];
	}
	return w->each(code, data, len, w->context);
}

/* One field of options; it may end without an end mark. */
static int take_field(struct walk *w, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len && data[i] != DHCP_OPTION_END;) {
		if (data[i] == DHCP_OPTION_PAD) {
			i++;
			continue;
		}
		if (len - i < 2 || len - i - 2 < data[i + 1])
			return -EBADMSG;
		int r = take_option(w, data[i], data + i + 2, data[i + 1]);
		if (r < 0)
			return r;
		i += 2u + data[i + 1];
	}
	return 0;
}

int dhcp_each_option(const uint8_t *message, size_t len, dhcp_option_fn *each, void *context,
        uint8_t *ret_overload)
{
	struct walk w = {.each = each, .context = context};

	if (len < DHCP_AT_OPTIONS ||
	        memcmp(message + DHCP_AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie)) != 0)
		return -EBADMSG;
	int r = take_field(&w, message + DHCP_AT_OPTIONS, len - DHCP_AT_OPTIONS);
	/* Only the options proper say which fields hold more. */
	uint8_t overload = w.overload;
	if (r == 0 && overload & 1)
		r = take_field(&w, message + DHCP_AT_FILE, DHCP_FILE_LEN);
	if (r == 0 && overload & 2)
		r = take_field(&w, message + DHCP_AT_SNAME, DHCP_SNAME_LEN);
	*ret_overload = overload;
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/message_json.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <string.h>

int json_bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_PROTOCOL_ERROR, "escrow message: %s", what);
}

int json_exact(const char *text, void *out, size_t len)
{
	size_t got = 0;

	return base64_decode(text, out, len, &got) == 0 && got == len ? 0 : -EBADMSG;
}

int json_line(const char *text, char *out, size_t size)
{
	if (strlen(text) >= size)
		return -EBADMSG;
	text_clean(out, size, text);
	return 0;
}

int json_secret(const char *text, size_t max, struct secret **ret)
{
	size_t len = strlen(text);

	if (len < 1 || len > max)
		return -EBADMSG;
	*ret = secret_copy(text, len);
	return *ret ? 0 : -ENOMEM;
}

int json_request(const char *text, char out[17])
{
	uint8_t raw[8];

	if (hex_decode(text, raw, sizeof(raw)) < 0)
		return -EBADMSG;
	hex_encode(raw, sizeof(raw), out);
	return 0;
}

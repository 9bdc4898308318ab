/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/https.h"
#include "appliance/fetch/wipe.h"

#include <errno.h>
#include <string.h>

static void form_put(struct https_form *f, char c)
{
	if (f->error < 0)
		return;
	if (f->capacity - f->len < 2) {
		size_t capacity = f->capacity ? 2 * f->capacity : 512;
		char *larger = wipe_realloc(f->text, capacity);
		if (!larger) {
			f->error = -ENOMEM;
			return;
		}
		f->text = larger;
		f->capacity = capacity;
	}
	f->text[f->len++] = c;
	f->text[f->len] = 0;
}

static void form_put_encoded(struct https_form *f, const char *text)
{
	static const char plain[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (strchr(plain, c)) {
			form_put(f, (char)c);
			continue;
		}
		form_put(f, '%');
		form_put(f, digits[c >> 4]);
		form_put(f, digits[c & 15]);
	}
}

void https_form_add(struct https_form *f, const char *name, const char *value)
{
	if (f->len > 0)
		form_put(f, '&');
	form_put_encoded(f, name);
	form_put(f, '=');
	form_put_encoded(f, value);
}

void https_form_clear(struct https_form *f)
{
	wipe_free(f->text);
	*f = (struct https_form){0};
}

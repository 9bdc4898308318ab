/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/template.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest value we put in: a name; PIN and token are shorter. */
#define VALUE_MAX 160

/* Not isalnum(): no locale decides what may go into a boot script. */
static bool allowed(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("._:/,=-", c));
}

void boot_escape(char *dst, size_t size, const char *value)
{
	size_t n = 0;

	for (; value[n] && n + 1 < size; n++)
		dst[n] = allowed(value[n]) ? value[n] : '_';
	if (size)
		dst[n] = 0;
}

static const char *value_of(
        const struct boot_value *values, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value;
	return NULL;
}

int boot_render(const char *text, const struct boot_value *values, size_t count, struct buffer *out,
        struct error *err)
{
	char safe[VALUE_MAX];

	while (*text) {
		size_t plain = strcspn(text, "@");
		int r = buffer_append(out, text, plain);
		text += plain;
		if (r == 0 && *text) {
			size_t len = strcspn(text + 1, "@\n");
			const char *value = value_of(values, count, text + 1, len);
			if (text[1 + len] != '@' || !value)
				return error_set(err, -EINVAL, REASON_INTERNAL,
				        "boot script: no value for @%.*s@",
				        (int)(len < 40 ? len : 40), text + 1);
			boot_escape(safe, sizeof(safe), value);
			r = buffer_append(out, safe, strlen(safe));
			text += len + 2;
		}
		if (r < 0)
			return error_set(
			        err, r, REASON_INTERNAL, "boot script: larger than its limit");
	}
	return 0;
}

int boot_template_load(const char *directory, const char *name, char **ret, struct error *err)
{
	char path[512];
	CLEANUP_FREE char *text = calloc(1, BOOT_TEMPLATE_MAX + 1);

	if (!text)
		return error_set(err, -ENOMEM, REASON_CANNOT_OPEN, "no memory");
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, BOOT_TEMPLATE_MAX + 1);
	if (n < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	if (n > BOOT_TEMPLATE_MAX)
		return error_set(err, -EFBIG, REASON_CANNOT_OPEN, "%s: larger than %d bytes", path,
		        BOOT_TEMPLATE_MAX);
	*ret = text;
	text = NULL;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/store_place.h"
#include "appliance/supervisor/secret_file.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_MAX 256
#define PARAMETER    "?password="
#define PLACE_MAX    (sizeof(((struct config *)0)->database) + sizeof(PARAMETER) + 3 * PASSWORD_MAX)

static struct secret *text_secret(const char *text)
{
	return secret_copy(text, strlen(text) + 1);
}

/* A URL's parameter: every byte as %XX, whatever it is. */
static void append_escaped(char *at, const struct secret *password)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < password->len; i++) {
		*at++ = '%';
		*at++ = digits[password->data[i] >> 4];
		*at++ = digits[password->data[i] & 15];
	}
	*at = '\0';
}

static int with_password(const struct config *c, struct secret **ret, struct error *err)
{
	const struct secret_file file = {.key = "[store] password-file",
	        .path = c->password_file,
	        .max = PASSWORD_MAX,
	        .secret = true,
	        .line = true,
	        .text = true};
	struct secret *password CLEANUP_SECRET = NULL;
	int r = secret_file_read(&file, &password, err);

	if (r < 0)
		return r;
	size_t len = strlen(c->database), parameter = strlen(PARAMETER);
	struct secret *place = secret_new(len + parameter + 3 * password->len + 1);
	if (!place)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	memcpy(place->data, c->database, len);
	memcpy(place->data + len, PARAMETER, parameter);
	if (strchr(c->database, '?'))
		place->data[len] = '&';
	append_escaped((char *)place->data + len + parameter, password);
	*ret = place;
	return 0;
}

int store_place(const struct config *c, struct secret **ret, struct error *err)
{
	char path[STATE_PATH_MAX];

	if (c->database[0] && c->password_file[0])
		return with_password(c, ret, err);
	state_path(path, c->state, "web/netmend.db");
	struct secret *place = text_secret(c->database[0] ? c->database : path);
	if (!place)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	*ret = place;
	return 0;
}

int store_place_pipe(const struct config *c, int *ret_fd, struct error *err)
{
	struct secret *place CLEANUP_SECRET = NULL;
	int ends[2];
	int r = store_place(c, &place, err);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, -errno, REASON_INTERNAL, "no pipe: %s", strerror(errno));
	/* A pipe takes a page without a reader. */
	_Static_assert(PLACE_MAX <= 4096, "it would block");
	ssize_t n = write(ends[1], place->data, place->len);
	(void)close(ends[1]);
	if (n != (ssize_t)place->len) {
		(void)close(ends[0]);
		return error_set(err, -EIO, REASON_INTERNAL, "cannot hand over the store's place");
	}
	*ret_fd = ends[0];
	return 0;
}

int store_place_receive(int fd, struct secret **ret, struct error *err)
{
	struct secret *place = secret_new(PLACE_MAX + 1);
	size_t len = 0;
	ssize_t n = 0;

	if (!place)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	while (len < PLACE_MAX && (n = read(fd, place->data + len, PLACE_MAX - len)) > 0)
		len += (size_t)n;
	(void)close(fd);
	if (n < 0 || len < 2 || strnlen((const char *)place->data, len) != len - 1) {
		secret_free(place);
		return error_set(
		        err, -EINVAL, REASON_USAGE, "--store-fd: not the place of a store");
	}
	*ret = place;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/passphrase.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define INTERRUPT '\003'

/* Up to the line end, byte by byte: what follows belongs to somebody else. -EMSGSIZE when longer,
 * -ENODATA at the end, -ECANCELED, -errno. */
static int read_line(struct secret *s, size_t *ret_len)
{
	size_t len = 0;

	for (;;) {
		uint8_t c;
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0)
			return -errno;
		if (n == 0 && len == 0)
			return -ENODATA;
		if (n > 0 && c == INTERRUPT)
			return -ECANCELED;
		if (n == 0 || c == '\n')
			break;
		if (len >= NM_MAX_PASSPHRASE + 1)
			return -EMSGSIZE;
		s->data[len++] = c;
	}
	if (len > 0 && s->data[len - 1] == '\r')
		len--;
	s->data[len] = '\0';
	*ret_len = len;
	return len > NM_MAX_PASSPHRASE ? -EMSGSIZE : 0;
}

/* Without echo, and Ctrl-C is a character that ends the line: nobody is left with a terminal that
 * does not echo. */
static int read_silently(const char *prompt, struct secret *s, size_t *ret_len)
{
	struct termios before, silent;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_cc[VEOL] = INTERRUPT;
	fprintf(stderr, "%s: ", prompt);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
		return -errno;
	int r = read_line(s, ret_len);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return r;
}

static bool is_text(const char *text)
{
	while (*text) {
		size_t n = utf8_char(text, NULL);
		if (n == 0)
			return false;
		text += n;
	}
	return true;
}

static int one(const char *prompt, struct secret **ret, struct error *err)
{
	struct secret *s CLEANUP_SECRET = secret_new(NM_MAX_PASSPHRASE + 2);
	size_t len = 0;

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	int r = isatty(STDIN_FILENO) ? read_silently(prompt, s, &len) : read_line(s, &len);
	if (r == -ECANCELED)
		return error_set(err, r, REASON_USAGE, "cancelled");
	if (r == -EMSGSIZE)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "a passphrase has at most %d characters", NM_MAX_PASSPHRASE);
	if (r == -ENODATA || (r == 0 && len == 0))
		return error_set(err, -EINVAL, REASON_USAGE, "no passphrase given");
	if (r < 0)
		return error_set(
		        err, r, REASON_USAGE, "cannot read the passphrase: %s", strerror(-r));
	if (strlen((const char *)s->data) != len || !is_text((const char *)s->data))
		return error_set(
		        err, -EINVAL, REASON_USAGE, "a passphrase is text (UTF-8) on one line");
	s->len = len;
	*ret = s;
	s = NULL;
	return 0;
}

int cli_read_passphrase(const char *prompt, bool twice, struct secret **ret, struct error *err)
{
	struct secret *first CLEANUP_SECRET = NULL, *again CLEANUP_SECRET = NULL;

	if (secrets_init() < 0)
		return error_set(
		        err, -EIO, REASON_INTERNAL, "cannot protect this process's memory");
	int r = one(prompt, &first, err);

	if (r == 0 && twice && isatty(STDIN_FILENO)) {
		r = one("again", &again, err);
		if (r == 0 && (first->len != again->len ||
		                      memcmp(first->data, again->data, first->len) != 0))
			r = error_set(err, -EINVAL, REASON_USAGE, "the two are not the same");
	}
	if (r == 0) {
		*ret = first;
		first = NULL;
	}
	return r;
}

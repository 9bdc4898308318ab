/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from the files named on the command line. */
#include "fixer/unlock.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A passphrase of 256 characters has 768 bytes of UTF-8, a startup key about 180; anything longer
 * is another file. */
#define KEY_FILE_MAX 1024

static void warn_about_mode(const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)))
		(void)fprintf(stderr,
		        "fixer: warning: %s can be read by others than its owner (chmod 600)\n",
		        path);
}

/* As much as fits; *ret_len over the maximum when there is more. No stdio: it would keep a copy. */
static int read_all(int fd, struct secret *into, size_t *ret_len)
{
	size_t len = 0;

	while (len < into->len) {
		ssize_t n = read(fd, into->data + len, into->len - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

/* The whole file; its length becomes the secret's. wrong is the reason when it is too long. */
static int read_file(const char *path, enum reason wrong, struct secret **ret, struct error *err)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	struct secret *content CLEANUP_SECRET = NULL;
	size_t len = 0;

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	content = secret_new(KEY_FILE_MAX + 1);
	if (!content)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for keys");
	warn_about_mode(path, fd);
	int r = read_all(fd, content, &len);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r));
	if (len > KEY_FILE_MAX)
		return error_set(err, -EINVAL, wrong, "%s: over %d bytes", path, KEY_FILE_MAX);
	content->len = len;
	*ret = content;
	content = NULL;
	return 0;
}

/* The text of a file without the mark that Notepad puts before UTF-8. */
static struct cursor text_of(const struct secret *content)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
	struct cursor text = cursor_over(content->data, content->len);

	if (text.left >= sizeof(mark) && memcmp(text.at, mark, sizeof(mark)) == 0)
		(void)cursor_skip(&text, sizeof(mark));
	return text;
}

/* What Windows' own "Unicode" text files and PowerShell's redirections are. */
static bool is_utf16(const struct secret *content)
{
	const uint8_t *p = content->data;

	return content->len >= 2 &&
	       ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff));
}

static int load_recovery_password(const char *path, struct keys *k, struct error *err)
{
	struct secret *content CLEANUP_SECRET = NULL;
	unsigned group;

	int r = read_file(path, REASON_RECOVERY_PASSWORD_FORMAT, &content, err);
	if (r < 0)
		return r;
	if (is_utf16(content))
		return error_set(err, -EINVAL, REASON_RECOVERY_PASSWORD_FORMAT,
		        "%s is UTF-16 text: save the 48 digits alone, as UTF-8", path);
	struct cursor text = text_of(content);
	r = recovery_password_parse(
	        (const char *)text.at, text.left, &k->recovery_password, &group, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

static int load_passphrase(const char *path, struct keys *k, struct error *err)
{
	struct secret *content CLEANUP_SECRET = NULL;

	int r = read_file(path, REASON_PASSPHRASE_FORMAT, &content, err);
	if (r < 0)
		return r;
	if (is_utf16(content))
		return error_set(err, -EINVAL, REASON_PASSPHRASE_FORMAT,
		        "%s is UTF-16 text: save it as UTF-8", path);
	struct cursor text = text_of(content);
	/* One line end is the editor's, everything else the passphrase's. */
	if (text.left > 0 && text.at[text.left - 1] == '\n')
		text.left--;
	if (text.left > 0 && text.at[text.left - 1] == '\r')
		text.left--;
	if (memchr(text.at, '\n', text.left))
		return error_set(
		        err, -EINVAL, REASON_PASSPHRASE_FORMAT, "%s has more than one line", path);
	r = passphrase_parse((const char *)text.at, text.left, &k->passphrase, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

static int load_startup_key(const char *path, struct keys *k, struct error *err)
{
	struct secret *content CLEANUP_SECRET = NULL;

	int r = read_file(path, REASON_STARTUP_KEY_FORMAT, &content, err);
	if (r < 0)
		return r;
	r = startup_key_parse(
	        content->data, content->len, &k->startup_key_id, &k->startup_key, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

int keys_load(const struct key_files *files, struct keys *ret, struct error *err)
{
	struct keys k = {0};
	int r = 0;

	if (files->recovery_password)
		r = load_recovery_password(files->recovery_password, &k, err);
	if (r == 0 && files->passphrase)
		r = load_passphrase(files->passphrase, &k, err);
	if (r == 0 && files->startup_key)
		r = load_startup_key(files->startup_key, &k, err);
	if (r < 0) {
		keys_clear(&k);
		return r;
	}
	*ret = k;
	return 0;
}

void keys_clear(struct keys *keys)
{
	secret_free(keys->recovery_password);
	secret_free(keys->passphrase);
	secret_free(keys->startup_key);
	*keys = (struct keys){0};
}

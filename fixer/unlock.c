/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/unlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* 48 digits, separators, a byte order mark and blanks; anything longer is another file. */
#define PASSWORD_FILE_MAX 1024

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

static int parse_password(const struct secret *text, size_t len, const char *path,
        struct secret **ret_key, struct error *err)
{
	static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* Notepad's UTF-8 */
	const char *start = (const char *)text->data;
	unsigned group;

	if (len > PASSWORD_FILE_MAX)
		return error_set(err, -EINVAL, REASON_RECOVERY_PASSWORD_FORMAT,
		        "%s: over %d bytes, not a recovery password", path, PASSWORD_FILE_MAX);
	if (len >= sizeof(mark) && memcmp(start, mark, sizeof(mark)) == 0) {
		start += sizeof(mark);
		len -= sizeof(mark);
	}
	while (len > 0 && strchr("\r\n\t ", start[len - 1]))
		len--;
	int r = recovery_password_parse(start, len, ret_key, &group, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

int password_file_read(const char *path, struct secret **ret_key, struct error *err)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	struct secret *text CLEANUP_SECRET = secret_new(PASSWORD_FILE_MAX + 1);
	size_t len = 0;

	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for keys");
	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	warn_about_mode(path, fd);
	int r = read_all(fd, text, &len);
	if (r < 0)
		return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r));
	return parse_password(text, len, path, ret_key, err);
}

/* Appends "ID, ID" of the recovery protectors. */
static void list_ids(const struct bitlocker_info *info, char *out, size_t size)
{
	size_t at = 0;

	out[0] = 0;
	for (size_t i = 0; i < info->protector_count && at < size; i++) {
		char id[GUID_TEXT];
		if (info->protectors[i].kind != PROTECTOR_RECOVERY_PASSWORD)
			continue;
		guid_format(&info->protectors[i].id, id);
		at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", id);
	}
}

static int try_protector(
        const struct bitlocker_protector *p, const struct secret *key, struct secret **ret_vmk)
{
	struct secret *stretched CLEANUP_SECRET = NULL;

	int r = recovery_password_stretch(key, p->blob.salt, &stretched);
	if (r < 0)
		return r;
	return bitlocker_blob_open(&p->blob, stretched, ret_vmk);
}

static int try_password(const struct bitlocker_info *info, const struct secret *key,
        struct secret **ret_vmk, struct error *err)
{
	size_t recovery = 0, tried = 0;
	char ids[160];

	list_ids(info, ids, sizeof(ids));
	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		if (p->kind != PROTECTOR_RECOVERY_PASSWORD)
			continue;
		recovery++;
		if (!key || !p->has_blob)
			continue;
		tried++;
		int r = try_protector(p, key, ret_vmk);
		if (r == 0)
			return 0;
		if (r != -EKEYREJECTED)
			return error_set(
			        err, r, REASON_INTERNAL, "trying the password: %s", strerror(-r));
	}
	if (recovery == 0)
		return error_set(err, -ENOKEY, REASON_BITLOCKER_NO_RECOVERY,
		        "no clear key and no recovery password protector");
	if (!key)
		return error_set(err, -ENOKEY, REASON_KEY_NOT_FOUND,
		        "locked; give the recovery password of key ID %s with "
		        "--recovery-password-file",
		        ids);
	if (tried == 0)
		return error_set(err, -ENOTSUP, REASON_BITLOCKER_STRETCH_FLAGS, "key ID %s", ids);
	return error_set(err, -EKEYREJECTED, REASON_BITLOCKER_WRONG_KEY,
	        "the recovery password given is not that of key ID %s", ids);
}

int volume_unlock(const struct bitlocker *b, const struct secret *key, struct secret **ret_vmk,
        const char **ret_how, struct error *err)
{
	int r = bitlocker_clear_key(b, ret_vmk, err);

	if (r == 0) {
		*ret_how = "protection is suspended: opened with the clear key";
		return 0;
	}
	if (r != -ENOENT)
		return r;
	r = try_password(bitlocker_info(b), key, ret_vmk, err);
	if (r == 0)
		*ret_how = "opened with the recovery password";
	return r;
}

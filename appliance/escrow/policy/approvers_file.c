/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/approvers_file.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_LEN ((size_t)128 * 1024)
#define PATH_LEN     4096

bool approvers_name_ok(const char *name)
{
	size_t len = strnlen(name, APPROVER_NAME);

	return len > 0 && len < APPROVER_NAME && strcmp(name, "root") != 0 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-@")] == '\0';
}

/* --- the text ------------------------------------------------------------------------------------
 */

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_CANNOT_OPEN, "approvers.json: %s", what);
}

static const struct approver *find(const struct approver_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->all[i].name, name) == 0)
			return &list->all[i];
	return NULL;
}

static int parse_one(json_t *item, struct approver_list *list, struct error *err)
{
	const char *name, *hash;
	struct approver *next = &list->all[list->count];

	if (json_unpack_ex(item, NULL, JSON_STRICT, "{s:s, s:s}", "name", &name, "hash", &hash) < 0)
		return bad(err, "an approver has a name and a hash, and nothing else");
	if (!approvers_name_ok(name))
		return bad(err, "a name is not one");
	if (find(list, name))
		return bad(err, "a name is there twice");
	if (strlen(hash) >= sizeof(next->hash) ||
	        crypto_pwhash_str_needs_rehash(hash, APPROVERS_OPS, APPROVERS_MEMORY) != 0)
		return bad(err, "a hash is not one of ours");
	*next = (struct approver){0};
	memcpy(next->name, name, strlen(name));
	memcpy(next->hash, hash, strlen(hash));
	list->count++;
	return 0;
}

static int parse_all(json_t *root, struct approver_list *list, struct error *err)
{
	json_t *approvers, *item;
	size_t i;
	int version, r = 0;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:i, s:o}", "v", &version, "approvers",
	            &approvers) < 0 ||
	        version != 1 || !json_is_array(approvers))
		return bad(err, "not a list of approvers, version 1");
	if (json_array_size(approvers) > NM_MAX_APPROVERS)
		return bad(err, "too many approvers");
	json_array_foreach(approvers, i, item)
	{
		if (r == 0)
			r = parse_one(item, list, err);
	}
	return r;
}

int approvers_parse(const char *text, size_t len, struct approver_list *ret, struct error *err)
{
	struct approver_list *list CLEANUP_FREE = calloc(1, sizeof(*list));
	json_t *root = list ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (!list)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	if (!root)
		return bad(err, "not JSON");
	int r = parse_all(root, list, err);
	json_decref(root);
	if (r == 0)
		*ret = *list;
	return r;
}

/* Ends in a line feed. NULL without memory. */
static char *format(const struct approver_list *list)
{
	json_t *array = json_array();
	char *json CLEANUP_FREE = NULL, *text = NULL;
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < list->count; i++)
		ok = json_array_append_new(array, json_pack("{s:s, s:s}", "name", list->all[i].name,
		                                          "hash", list->all[i].hash)) == 0;
	json_t *root = ok ? json_pack("{s:i, s:O}", "v", 1, "approvers", array) : NULL;
	if (root)
		json = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	json_decref(array);
	if (json && asprintf(&text, "%s\n", json) < 0)
		return NULL;
	return text;
}

/* --- the file ------------------------------------------------------------------------------------
 */

static int path_of(char path[PATH_LEN], const char *dir, const char *name, struct error *err)
{
	if (snprintf(path, PATH_LEN, "%s/%s", dir, name) >= PATH_LEN)
		return error_set(err, -ENAMETOOLONG, REASON_CANNOT_OPEN,
		        "the path of the state folder is too long");
	return 0;
}

static int failed(struct error *err, const char *what, const char *path)
{
	int code = errno ? errno : EIO;

	return error_set(
	        err, -code, REASON_CANNOT_OPEN, "cannot %s %s: %s", what, path, strerror(code));
}

int approvers_load(const char *dir, struct approver_list *ret, struct error *err)
{
	char path[PATH_LEN], *text CLEANUP_FREE = NULL;
	size_t len = 0;
	ssize_t n = 1;
	int r = path_of(path, dir, "approvers.json", err);

	if (r < 0)
		return r;
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		ret->count = 0;
		return 0;
	}
	if (fd < 0)
		return failed(err, "open", path);
	text = malloc(FILE_MAX_LEN + 1);
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	while (n > 0 && len <= FILE_MAX_LEN) {
		n = read(fd, text + len, FILE_MAX_LEN + 1 - len);
		if (n < 0)
			return failed(err, "read", path);
		len += (size_t)n;
	}
	return len > FILE_MAX_LEN ? bad(err, "too large") : approvers_parse(text, len, ret, err);
}

static int write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = write(fd, text, len);
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

static int sync_folder(const char *dir)
{
	int fd CLEANUP_CLOSE = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

int approvers_store(const char *dir, const struct approver_list *list, struct error *err)
{
	char path[PATH_LEN], next[PATH_LEN], *text CLEANUP_FREE = format(list);
	int r = path_of(path, dir, "approvers.json", err);

	if (r == 0)
		r = path_of(next, dir, "approvers.json.new", err);
	if (r < 0)
		return r;
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	errno = 0;
	if (unlink(next) < 0 && errno != ENOENT)
		return failed(err, "remove", next);
	int fd CLEANUP_CLOSE =
	        open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write_all(fd, text) < 0)
		return failed(err, "write", next);
	if (rename(next, path) < 0 || sync_folder(dir) < 0)
		return failed(err, "replace", path);
	return 0;
}

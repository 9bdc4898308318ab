/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/http/private.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 64
#define FILE_MAX  ((off_t)2 * 1024 * 1024)

struct file {
	char name[HTTP_CAPTURE_MAX];
	char etag[36];
	struct MHD_Response *response;
};

struct http_static {
	struct file files[FILES_MAX];
	size_t count;
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
	        {".html", "text/html; charset=utf-8"},
	        {".js", "text/javascript; charset=utf-8"},
	        {".mjs", "text/javascript; charset=utf-8"},
	        {".css", "text/css; charset=utf-8"},
	        {".svg", "image/svg+xml"},
	        {".png", "image/png"},
	        {".txt", "text/plain; charset=utf-8"},
	        {".md", "text/plain; charset=utf-8"},
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static int read_all(int fd, uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* name is shorter than HTTP_CAPTURE_MAX. */
static int file_load(int fd, size_t len, const char *name, struct file *f)
{
	CLEANUP_FREE uint8_t *data = malloc(len + 1);
	uint8_t hash[crypto_hash_sha256_BYTES];

	int r = data ? read_all(fd, data, len) : -ENOMEM;
	if (r < 0)
		return r;
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return -ENOMEM;
	(void)crypto_hash_sha256(hash, data, len);
	memcpy(f->name, name, strlen(name) + 1);
	f->etag[0] = '"';
	hex_encode(hash, 16, f->etag + 1);
	(void)memcpy(f->etag + 33, "\"", 2);
	reply_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(name));
	reply_header(response, MHD_HTTP_HEADER_ETAG, f->etag);
	reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	reply_header(response, "Content-Security-Policy",
	        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	reply_header(response, "Referrer-Policy", "no-referrer");
	reply_header(response, "X-Content-Type-Options", "nosniff");
	f->response = response;
	return 0;
}

/* 0 also for what is no plain file of a usable name. */
static int entry_load(struct http_static *s, int dir, const char *name)
{
	struct stat st;
	CLEANUP_CLOSE int fd = -1;

	if (name[0] == '.' || strlen(name) >= HTTP_CAPTURE_MAX)
		return 0;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size > FILE_MAX || s->count == FILES_MAX)
		return -EFBIG;
	int r = file_load(fd, (size_t)st.st_size, name, &s->files[s->count]);
	if (r == 0)
		s->count++;
	return r;
}

int http_static_load(const char *directory, struct http_static **ret, struct error *err)
{
	DIR *dir = opendir(directory);

	if (!dir)
		return error_set(
		        err, -errno, REASON_CANNOT_OPEN, "%s: %s", directory, strerror(errno));
	struct http_static *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;
	for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
		r = entry_load(s, dirfd(dir), entry->d_name);
		if (r < 0)
			(void)error_set(err, r, REASON_CANNOT_OPEN, "%s/%s: %s", directory,
			        entry->d_name, strerror(-r));
	}
	(void)closedir(dir);
	if (r < 0) {
		http_static_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void http_static_free(struct http_static *s)
{
	for (size_t i = 0; s && i < s->count; i++)
		MHD_destroy_response(s->files[i].response);
	free(s);
}

void http_reply_static(struct http_request *r, const struct http_static *s, const char *name)
{
	const char *wanted = http_header(r, MHD_HTTP_HEADER_IF_NONE_MATCH);

	for (size_t i = 0; i < s->count; i++) {
		const struct file *f = &s->files[i];
		if (strcmp(f->name, name) != 0)
			continue;
		r->private->replied = true;
		if (wanted && strcmp(wanted, f->etag) == 0) {
			struct MHD_Response *same =
			        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
			if (same)
				reply_header(same, MHD_HTTP_HEADER_ETAG, f->etag);
			reply_queue(r, 304, NULL, same);
		} else if (MHD_queue_response(r->private->connection, 200, f->response) !=
		           MHD_YES) {
			r->private->replied = false;
		}
		return;
	}
	http_reply_error(r, 404, REASON_CANNOT_OPEN, "no such file");
}

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
#include <zlib.h>

#define FILES_MAX   128
#define FILE_MAX    ((off_t)2 * 1024 * 1024)
#define GZIP_WINDOW (15 + 16) /* with gzip's frame (zlib.h) */
#define GZIP_MEMORY 8

/* For as long as a browser likes: under an address that has the version, no other text comes. */
#define CACHE_KEPT  "max-age=31536000, immutable"
#define CACHE_ASKED "no-cache"

/* As it is, or compressed: another text to a cache, so another tag. */
struct form {
	uint8_t *data;
	size_t len;
	char etag[40];
	/* To be asked for each time, and to be kept; NULL: the file has no such form. */
	struct MHD_Response *asked, *kept;
};

struct file {
	char name[HTTP_CAPTURE_MAX];
	struct form plain, gzip;
};

struct http_static {
	char version[HTTP_STATIC_VERSION + 1];
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

static struct MHD_Response *response_make(
        const struct form *f, const char *type, const char *encoding, const char *cache)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(f->len, f->data, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return NULL;
	reply_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (encoding)
		reply_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, encoding);
	reply_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	reply_header(response, MHD_HTTP_HEADER_ETAG, f->etag);
	reply_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
	reply_fence(response, FENCE_PAGE);
	reply_header(response, "X-Content-Type-Options", "nosniff");
	return response;
}

/* Its data is there. encoding: NULL, or that of the data. */
static int form_make(struct form *f, const char *type, const char *encoding)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[33];

	(void)crypto_hash_sha256(hash, f->data, f->len);
	hex_encode(hash, 16, hex);
	(void)snprintf(f->etag, sizeof(f->etag), "\"%s\"", hex);
	f->asked = response_make(f, type, encoding, CACHE_ASKED);
	f->kept = response_make(f, type, encoding, CACHE_KEPT);
	return f->asked && f->kept ? 0 : -ENOMEM;
}

/* None when it would not be shorter. */
static int form_make_gzip(const struct form *plain, const char *type, struct form *f)
{
	z_stream z = {.next_in = plain->data, .avail_in = (uInt)plain->len};

	f->data = malloc(plain->len + 1);
	if (!f->data || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
	                        Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	z.next_out = f->data;
	z.avail_out = (uInt)plain->len;
	bool shorter = deflate(&z, Z_FINISH) == Z_STREAM_END;
	f->len = z.total_out;
	(void)deflateEnd(&z);
	return shorter ? form_make(f, type, "gzip") : 0;
}

/* name is shorter than HTTP_CAPTURE_MAX. */
static int file_load(int fd, size_t len, const char *name, struct file *f)
{
	f->plain.data = malloc(len + 1);
	f->plain.len = len;
	memcpy(f->name, name, strlen(name) + 1);
	return f->plain.data ? read_all(fd, f->plain.data, len) : -ENOMEM;
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
	s->count++; /* whatever is made of it is let go of with the others */
	return file_load(fd, (size_t)st.st_size, name, &s->files[s->count - 1]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* Of the names and the texts of all. */
static void version_make(struct http_static *s)
{
	crypto_hash_sha256_state state;
	uint8_t hash[crypto_hash_sha256_BYTES];

	qsort(s->files, s->count, sizeof(s->files[0]), by_name);
	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < s->count; i++) {
		const char *name = s->files[i].name;
		const struct form *f = &s->files[i].plain;
		uint64_t len = f->len;
		(void)crypto_hash_sha256_update(&state, (const uint8_t *)name, strlen(name) + 1);
		(void)crypto_hash_sha256_update(&state, (const uint8_t *)&len, sizeof(len));
		(void)crypto_hash_sha256_update(&state, f->data, f->len);
	}
	(void)crypto_hash_sha256_final(&state, hash);
	hex_encode(hash, HTTP_STATIC_VERSION / 2, s->version);
}

/* What stands for the version in a file that names others. */
static void version_put(const struct http_static *s, struct form *f)
{
	const size_t len = sizeof(HTTP_STATIC_MARK) - 1;
	uint8_t *at = f->data;

	_Static_assert(sizeof(HTTP_STATIC_MARK) - 1 == HTTP_STATIC_VERSION, "they are as long");
	while ((at = memmem(at, f->len - (size_t)(at - f->data), HTTP_STATIC_MARK, len))) {
		memcpy(at, s->version, len);
		at += len;
	}
}

static int forms_make(struct http_static *s)
{
	int r = 0;

	version_make(s);
	for (size_t i = 0; r == 0 && i < s->count; i++) {
		struct file *f = &s->files[i];
		version_put(s, &f->plain);
		r = form_make(&f->plain, type_of(f->name), NULL);
		if (r == 0)
			r = form_make_gzip(&f->plain, type_of(f->name), &f->gzip);
	}
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
	if (r == 0 && (r = forms_make(s)) < 0)
		(void)error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", directory, strerror(-r));
	if (r < 0) {
		http_static_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void form_free(struct form *f)
{
	if (f->asked)
		MHD_destroy_response(f->asked);
	if (f->kept)
		MHD_destroy_response(f->kept);
	free(f->data);
}

void http_static_free(struct http_static *s)
{
	for (size_t i = 0; s && i < s->count; i++) {
		form_free(&s->files[i].plain);
		form_free(&s->files[i].gzip);
	}
	free(s);
}

static void form_reply(struct http_request *r, const struct form *f, bool kept)
{
	const char *wanted = http_header(r, MHD_HTTP_HEADER_IF_NONE_MATCH);

	r->private->replied = true;
	if (wanted && strcmp(wanted, f->etag) == 0) {
		struct MHD_Response *same =
		        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		if (same)
			reply_header(same, MHD_HTTP_HEADER_ETAG, f->etag);
		reply_queue(r, 304, NULL, same);
	} else if (MHD_queue_response(r->private->connection, 200, kept ? f->kept : f->asked) !=
	           MHD_YES) {
		r->private->replied = false;
	}
}

void http_reply_static(
        struct http_request *r, const struct http_static *s, const char *version, const char *name)
{
	if (version && strcmp(version, s->version) != 0) {
		http_reply_error(r, 404, REASON_CANNOT_OPEN, "no such version");
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct file *f = &s->files[i];
		if (strcmp(f->name, name) != 0)
			continue;
		form_reply(
		        r, f->gzip.asked && http_accepts_gzip(r) ? &f->gzip : &f->plain, version);
		return;
	}
	http_reply_error(r, 404, REASON_CANNOT_OPEN, "no such file");
}

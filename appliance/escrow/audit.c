/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define HASH_TEXT    65
#define LINE_MAX_LEN 8192
/* Every line ends in this and 64 digits and "\"}\n": the hash covers what stands before it. */
#define HASH_MARK ",\"hash\":\""
#define TAIL_LEN  (sizeof(HASH_MARK) - 1 + 64 + 2)

static const char first_hash[HASH_TEXT] =
        "0000000000000000000000000000000000000000000000000000000000000000";

struct audit {
	int log, head;
	pthread_mutex_t lock;
};

struct chain {
	uint64_t count;
	char hash[HASH_TEXT];
};

static void hash_text(const char *text, size_t len, char out[HASH_TEXT])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)text, len);
	hex_encode(digest, sizeof(digest), out);
}

static int open_file(const char *dir, const char *name, int flags, struct error *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return error_set(
		        err, -ENAMETOOLONG, REASON_AUDIT_FAILED, "state folder name too long");
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, -errno, REASON_AUDIT_FAILED, "cannot open %s: %s", path,
		        strerror(errno));
	return fd;
}

int audit_open(const char *dir, struct audit **ret, struct error *err)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	pthread_mutex_init(&a->lock, NULL);
	a->head = -1;
	a->log = open_file(dir, "audit.log", O_RDWR | O_CREAT | O_APPEND, err);
	if (a->log >= 0)
		a->head = open_file(dir, "audit.head", O_RDWR | O_CREAT, err);
	if (a->log < 0 || a->head < 0) {
		int r = a->log < 0 ? a->log : a->head;
		audit_close(a);
		return r;
	}
	*ret = a;
	return 0;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	if (a->log >= 0)
		(void)close(a->log);
	if (a->head >= 0)
		(void)close(a->head);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* --- one line ------------------------------------------------------------------------------------
 */

/* Checks a line (with its newline) against the chain before it and moves the chain on. */
static int check_line(const char *line, size_t len, struct chain *chain, struct error *err)
{
	char hash[HASH_TEXT], *text CLEANUP_FREE = strndup(line, len);
	json_error_t problem;
	json_int_t n = 0;
	const char *prev = NULL;
	json_t *record;
	int r = -EBADMSG;

	if (!text || len < TAIL_LEN + 2 || line[len - 1] != '\n' ||
	        memcmp(line + len - 1 - TAIL_LEN, HASH_MARK, sizeof(HASH_MARK) - 1) != 0 ||
	        memcmp(line + len - 3, "\"}", 2) != 0)
		return error_set(err, -EBADMSG, REASON_AUDIT_FAILED,
		        "record %" PRIu64 ": not a whole record", chain->count + 1);
	hash_text(line, len - 1 - TAIL_LEN, hash);
	record = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	if (record && json_unpack(record, "{s:I,s:s}", "n", &n, "prev", &prev) == 0 &&
	        (uint64_t)n == chain->count + 1 && strcmp(prev, chain->hash) == 0 &&
	        memcmp(hash, line + len - 3 - 64, 64) == 0)
		r = 0;
	else
		(void)error_set(err, r, REASON_AUDIT_FAILED,
		        "record %" PRIu64 " was changed, or a record before it removed",
		        chain->count + 1);
	json_decref(record);
	if (r == 0) {
		chain->count++;
		memcpy(chain->hash, hash, sizeof(hash));
	}
	return r;
}

/* The chain's state from the last line of the log. */
static int last_line(int log, struct chain *ret, struct error *err)
{
	char tail[LINE_MAX_LEN];
	off_t end = lseek(log, 0, SEEK_END);

	*ret = (struct chain){0};
	memcpy(ret->hash, first_hash, sizeof(first_hash));
	if (end == 0)
		return 0;
	size_t want = end < (off_t)sizeof(tail) ? (size_t)end : sizeof(tail);
	if (end < 0 || pread(log, tail, want, end - (off_t)want) != (ssize_t)want ||
	        tail[want - 1] != '\n')
		return error_set(err, -EBADMSG, REASON_AUDIT_FAILED,
		        "audit.log does not end in a whole record");
	size_t start = want - 1;
	while (start > 0 && tail[start - 1] != '\n')
		start--;
	json_t *record = json_loadb(tail + start, want - start, 0, NULL);
	json_int_t n = 0;
	const char *prev = NULL, *hash = NULL;
	int r = record &&
	                        json_unpack(record, "{s:I,s:s,s:s}", "n", &n, "prev", &prev, "hash",
	                                &hash) == 0 &&
	                        strlen(prev) == 64 && strlen(hash) == 64 && n > 0
	                ? 0
	                : -EBADMSG;
	if (r == 0) {
		ret->count = (uint64_t)n - 1;
		memcpy(ret->hash, prev, HASH_TEXT);
		r = check_line(tail + start, want - start, ret, err);
	} else {
		(void)error_set(
		        err, r, REASON_AUDIT_FAILED, "audit.log does not end in a whole record");
	}
	json_decref(record);
	return r;
}

/* --- append --------------------------------------------------------------------------------------
 */

static char *make_line(
        const struct chain *before, const char *event, json_t *fields, struct chain *after)
{
	char when[ISO8601_TEXT], *line = NULL, *body CLEANUP_FREE = NULL;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	iso8601_format((int64_t)now.tv_sec * 1000000000, when);
	json_t *record = json_pack("{s:I,s:s,s:s,s:s}", "n", (json_int_t)before->count + 1, "time",
	        when, "event", event, "prev", before->hash);
	if (record && json_object_update_missing(record, fields) == 0)
		body = json_dumps(record, JSON_COMPACT);
	json_decref(record);
	if (!body || strlen(body) > LINE_MAX_LEN - TAIL_LEN - 2)
		return NULL;
	body[strlen(body) - 1] = 0; /* the closing brace comes after the hash */
	after->count = before->count + 1;
	hash_text(body, strlen(body), after->hash);
	if (asprintf(&line, "%s" HASH_MARK "%s\"}\n", body, after->hash) < 0)
		return NULL;
	return line;
}

static int write_head(int fd, const struct chain *chain)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%020" PRIu64 " %s\n", chain->count, chain->hash);

	return pwrite(fd, text, (size_t)len, 0) == len && fdatasync(fd) == 0 ? 0 : -EIO;
}

static int append_locked(struct audit *a, const char *event, json_t *fields, struct error *err)
{
	struct chain before, after;
	int r = last_line(a->log, &before, err);

	if (r < 0)
		return r;
	char *line CLEANUP_FREE = make_line(&before, event, fields, &after);
	if (!line)
		return error_set(err, -EMSGSIZE, REASON_AUDIT_FAILED, "audit record too large");
	off_t end = lseek(a->log, 0, SEEK_END);
	size_t len = strlen(line);
	if (end < 0 || write(a->log, line, len) != (ssize_t)len || fdatasync(a->log) < 0 ||
	        write_head(a->head, &after) < 0) {
		r = error_set(err, -EIO, REASON_AUDIT_FAILED, "cannot write the audit record: %s",
		        strerror(errno));
		/* Half a record would block every later one. */
		if (end >= 0 && ftruncate(a->log, end) < 0)
			error_prefix(err, "a torn record stays in audit.log");
	}
	return r;
}

int audit_append(struct audit *a, const char *event, json_t *fields, struct error *err)
{
	pthread_mutex_lock(&a->lock);
	int r = flock(a->log, LOCK_EX) < 0
	                ? error_set(err, -errno, REASON_AUDIT_FAILED, "cannot lock audit.log")
	                : append_locked(a, event, fields, err);
	(void)flock(a->log, LOCK_UN);
	pthread_mutex_unlock(&a->lock);
	return r;
}

/* --- reading -------------------------------------------------------------------------------------
 */

static int read_head(const char *dir, struct chain *ret, struct error *err)
{
	char text[128] = {0}, extra;
	int fd CLEANUP_CLOSE = open_file(dir, "audit.head", O_RDONLY, err);

	if (fd < 0)
		return fd;
	if (read(fd, text, sizeof(text) - 1) < 0 ||
	        sscanf(text, "%20" SCNu64 " %64[0-9a-f]%c", &ret->count, ret->hash, &extra) != 3 ||
	        extra != '\n')
		return error_set(err, -EBADMSG, REASON_AUDIT_FAILED, "audit.head is damaged");
	return 0;
}

static int verify_lines(FILE *log, const struct chain *head, struct chain *chain, struct error *err)
{
	char *line CLEANUP_FREE = NULL;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	while (r == 0 && (len = getline(&line, &size, log)) > 0) {
		r = check_line(line, (size_t)len, chain, err);
		if (r == 0 && chain->count == head->count && strcmp(chain->hash, head->hash) != 0)
			r = error_set(err, -EBADMSG, REASON_AUDIT_FAILED,
			        "record %" PRIu64 " is not the one audit.head remembers",
			        chain->count);
	}
	return r;
}

int audit_verify(const char *dir, uint64_t *ret_count, struct error *err)
{
	struct chain head = {0}, chain = {0};
	int r = read_head(dir, &head, err);
	int fd = r < 0 ? r : open_file(dir, "audit.log", O_RDONLY, err);
	FILE *log = fd < 0 ? NULL : fdopen(fd, "r");

	if (!log)
		return fd < 0 ? fd : -errno;
	memcpy(chain.hash, first_hash, sizeof(first_hash));
	r = verify_lines(log, &head, &chain, err);
	/* The head may be one behind after a power cut between the two writes, never ahead. */
	if (r == 0 && (chain.count < head.count || chain.count > head.count + 1))
		r = error_set(err, -EBADMSG, REASON_AUDIT_FAILED,
		        "audit.log holds %" PRIu64 " records, audit.head remembers %" PRIu64,
		        chain.count, head.count);
	if (r == 0)
		*ret_count = chain.count;
	(void)fclose(log);
	return r;
}

static void show_line(json_t *record, FILE *out)
{
	const char *key;
	json_t *value;

	fprintf(out, "%6" JSON_INTEGER_FORMAT "  %s  %-10s",
	        json_integer_value(json_object_get(record, "n")),
	        json_string_value(json_object_get(record, "time")),
	        json_string_value(json_object_get(record, "event")));
	json_object_foreach(record, key, value)
	{
		if (strcmp(key, "n") == 0 || strcmp(key, "time") == 0 ||
		        strcmp(key, "event") == 0 || strcmp(key, "prev") == 0 ||
		        strcmp(key, "hash") == 0)
			continue;
		char *text CLEANUP_FREE = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		fprintf(out, " %s=%s", key, text ? text : "?");
	}
	fputc('\n', out);
}

int audit_show(const char *dir, bool json, FILE *out, struct error *err)
{
	char *line CLEANUP_FREE = NULL;
	size_t size = 0;
	int fd = open_file(dir, "audit.log", O_RDONLY, err);
	FILE *log = fd < 0 ? NULL : fdopen(fd, "r");

	if (!log)
		return fd < 0 ? fd : -errno;
	while (getline(&line, &size, log) > 0) {
		json_t *record = json ? NULL : json_loads(line, 0, NULL);
		if (record)
			show_line(record, out);
		else
			fputs(line, out);
		json_decref(record);
	}
	(void)fclose(log);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/chain.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* Every line ends in this and 64 digits and "\"}\n": the hash covers what stands before it. */
#define HASH_MARK ",\"hash\":\""
#define MARK_LEN  (sizeof(HASH_MARK) - 1)
#define TAIL_LEN  (MARK_LEN + 64 + 3)

#define HEAD_FORMAT       "%020" PRIu64 " %s %020" PRIu64 "\n"
#define FIRST_HEAD_FORMAT "%020" PRIu64 " %s\n"
#define HEAD_LEN          (20 + 1 + 64 + 1 + 20 + 1)

void chain_begin(struct chain *ret)
{
	*ret = (struct chain){0};
	memset(ret->hash, '0', AUDIT_HASH - 1);
}

static void hash_text(const char *text, size_t len, char out[AUDIT_HASH])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const uint8_t *)text, len);
	hex_encode(digest, sizeof(digest), out);
}

int chain_add(struct chain *chain, const char *event, const char *body, int64_t now_ms,
        struct buffer *text)
{
	char when[ISO8601_TEXT], hash[AUDIT_HASH];
	size_t before = text->len;

	iso8601_format(now_ms * 1000000, when);
	int r = buffer_printf(text,
	        "{\"n\":%" PRIu64 ",\"time\":\"%s\",\"event\":\"%s\",\"prev\":\"%s\"%s%s",
	        chain->count + 1, when, event, chain->hash, *body ? "," : "", body);
	if (r == 0 && text->len - before > AUDIT_LINE_MAX - TAIL_LEN)
		r = -EMSGSIZE;
	if (r == 0) {
		hash_text((const char *)text->data + before, text->len - before, hash);
		r = buffer_printf(text, HASH_MARK "%s\"}\n", hash);
	}
	if (r < 0) {
		text->len = before;
		return r;
	}
	chain->count++;
	chain->end += text->len - before;
	memcpy(chain->hash, hash, sizeof(hash));
	return 0;
}

static bool is_line(const char *line, size_t len, char hash[AUDIT_HASH])
{
	if (len < TAIL_LEN + 2 || len > AUDIT_LINE_MAX ||
	        memcmp(line + len - TAIL_LEN, HASH_MARK, MARK_LEN) != 0 ||
	        memcmp(line + len - 3, "\"}\n", 3) != 0)
		return false;
	hash_text(line, len - TAIL_LEN, hash);
	return memcmp(hash, line + len - TAIL_LEN + MARK_LEN, 64) == 0;
}

enum chain_fault chain_check(struct chain *chain, const char *line, size_t len, json_t **ret_record)
{
	char hash[AUDIT_HASH];
	const char *prev = NULL, *event;
	json_int_t n = 0;
	json_t *record = is_line(line, len, hash)
	                         ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL)
	                         : NULL;

	*ret_record = NULL;
	chain->end += len;
	if (!record ||
	        json_unpack(record, "{s:I,s:s,s:s}", "n", &n, "prev", &prev, "event", &event) < 0 ||
	        n < 1) {
		json_decref(record);
		return CHAIN_NO_RECORD;
	}
	bool follows = (uint64_t)n == chain->count + 1 && strcmp(prev, chain->hash) == 0;
	chain->count = (uint64_t)n;
	memcpy(chain->hash, hash, sizeof(hash));
	*ret_record = record;
	return follows ? CHAIN_WHOLE : CHAIN_BROKEN;
}

int head_read(int fd, struct chain *ret)
{
	char text[HEAD_LEN + 2], again[HEAD_LEN + 2], hash[AUDIT_HASH];
	struct chain head = {.end = HEAD_END_UNKNOWN};
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ENODATA;
	text[n] = 0;
	int found =
	        sscanf(text, "%20" SCNu64 " %64[0-9a-f] %20" SCNu64, &head.count, hash, &head.end);
	if (found < 2)
		return -EBADMSG;
	memcpy(head.hash, hash, sizeof(hash));
	/* Byte for byte as it was written: nothing of it can be another way. */
	if (found == 3)
		(void)snprintf(again, sizeof(again), HEAD_FORMAT, head.count, head.hash, head.end);
	else
		(void)snprintf(again, sizeof(again), FIRST_HEAD_FORMAT, head.count, head.hash);
	if (strcmp(text, again) != 0)
		return -EBADMSG;
	*ret = head;
	return 0;
}

int head_write(int fd, const struct chain *chain)
{
	char text[HEAD_LEN + 1];
	int len = snprintf(text, sizeof(text), HEAD_FORMAT, chain->count, chain->hash, chain->end);

	errno = EIO; /* for a short write */
	return pwrite(fd, text, (size_t)len, 0) == len && fdatasync(fd) == 0 ? 0 : -errno;
}

int audit_file(const char *dir, const char *name, int flags, struct error *err)
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

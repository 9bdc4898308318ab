/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/saved/head.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* What may be looked back to: 8 MB, as unpacking by default needs for any level of ours. */
#define WINDOW_LOG_MAX 23
#define CHUNK          ((size_t)64 * 1024)

/* A tar header, and where in it what stands. */
#define HEADER        512
#define NAME_LEN      100
#define SIZE_AT       124
#define SIZE_LEN      12
#define CHECKSUM_AT   148
#define CHECKSUM_LEN  8
#define TYPE_AT       156
#define REGULAR       '0'
#define MANIFEST_NAME "manifest.json"

#define head_bad(err, ...) error_set(err, -EBADMSG, REASON_BUNDLE_BAD, __VA_ARGS__)

struct unpacker {
	int fd;
	off_t read; /* of the file */
	ZSTD_DCtx *zstd;
	ZSTD_inBuffer in;
	uint8_t chunk[CHUNK];
};

/* The next input. BUNDLE_BAD: the file ends, or has been read as far as a manifest may reach. */
static int chunk_read(struct unpacker *u, struct error *err)
{
	size_t left = SAVED_HEAD_MAX - (size_t)u->read;
	ssize_t n = pread(u->fd, u->chunk, left < CHUNK ? left : CHUNK, u->read);

	if (n < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN,
		        "the saved repair cannot be read: %s", strerror(errno));
	if (n == 0)
		return head_bad(err, "the saved repair ends before its manifest does");
	u->read += n;
	u->in = (ZSTD_inBuffer){u->chunk, (size_t)n, 0};
	return 0;
}

/* Exactly len bytes. */
static int unpack(struct unpacker *u, void *to, size_t len, struct error *err)
{
	ZSTD_outBuffer out = {to, len, 0};

	while (out.pos < out.size) {
		size_t before = out.pos;
		size_t r = ZSTD_decompressStream(u->zstd, &out, &u->in);
		if (ZSTD_isError(r))
			return head_bad(err, "no archive of a repair: %s", ZSTD_getErrorName(r));
		if (out.pos == before && u->in.pos == u->in.size) {
			int e = chunk_read(u, err);
			if (e < 0)
				return e;
		}
	}
	return 0;
}

/* Octal digits, ended by a blank or a NUL. */
static int octal(const char *at, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < len && at[i] >= '0' && at[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(at[i] - '0');
	if (i == 0 || (i < len && at[i] != ' ' && at[i] != '\0'))
		return -EINVAL;
	*ret = value;
	return 0;
}

/* The sum of all bytes, those of the sum itself as blanks. */
static bool checksum_fits(const char header[HEADER])
{
	uint64_t sum = 0, told;

	for (size_t i = 0; i < HEADER; i++)
		sum += i - CHECKSUM_AT < CHECKSUM_LEN ? ' ' : (unsigned char)header[i];
	return octal(header + CHECKSUM_AT, CHECKSUM_LEN, &told) == 0 && told == sum;
}

static int header_read(struct unpacker *u, size_t *ret_size, struct error *err)
{
	char header[HEADER];
	uint64_t size;

	int r = unpack(u, header, sizeof(header), err);
	if (r < 0)
		return r;
	if (!checksum_fits(header) || strnlen(header, NAME_LEN) != strlen(MANIFEST_NAME) ||
	        memcmp(header, MANIFEST_NAME, strlen(MANIFEST_NAME)) != 0 ||
	        header[TYPE_AT] != REGULAR || octal(header + SIZE_AT, SIZE_LEN, &size) < 0)
		return head_bad(err, "its first entry is not a manifest");
	if (size > SAVED_MANIFEST_MAX)
		return head_bad(err, "its manifest is over %zu MB", SAVED_MANIFEST_MAX >> 20);
	*ret_size = (size_t)size;
	return 0;
}

static int manifest_read(struct unpacker *u, char **ret_text, size_t *ret_len, struct error *err)
{
	size_t size;

	int r = header_read(u, &size, err);
	if (r < 0)
		return r;
	char *text = malloc(size + 1);
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for a manifest");
	r = unpack(u, text, size, err);
	if (r < 0) {
		free(text);
		return r;
	}
	text[size] = '\0';
	*ret_text = text;
	*ret_len = size;
	return 0;
}

int saved_manifest(int fd, char **ret_text, size_t *ret_len, struct error *err)
{
	struct unpacker *u = calloc(1, sizeof(*u));

	if (u) {
		u->fd = fd;
		u->zstd = ZSTD_createDCtx();
	}
	int r = -ENOMEM;
	if (!u || !u->zstd)
		(void)error_set(err, r, REASON_OUT_OF_MEMORY, "no memory to unpack a manifest");
	else if (ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		r = error_set(err, -EINVAL, REASON_INTERNAL, "zstd takes no limit");
	else
		r = manifest_read(u, ret_text, ret_len, err);
	if (u)
		(void)ZSTD_freeDCtx(u->zstd);
	free(u);
	return r;
}

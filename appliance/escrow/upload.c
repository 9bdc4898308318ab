/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/upload.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX ((NM_MAX_KEYS_UPLOAD + NM_KEYS_PART - 1) / NM_KEYS_PART)

struct upload {
	pthread_mutex_t lock;
	char import[KEYS_IMPORT_TEXT]; /* "": none */
	char over[KEYS_IMPORT_TEXT];   /* the last one that ended: a late part begins nothing */
	bool open;                     /* somebody works with content */
	int64_t touched;
	struct secret *bytes;
	size_t parts, missing;
	bool have[PARTS_MAX];
	struct upload_content content;
};

struct upload *upload_new(void)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (u)
		pthread_mutex_init(&u->lock, NULL);
	return u;
}

static void forget(struct upload *u)
{
	secret_free(u->bytes);
	u->bytes = NULL;
	memcpy(u->over, u->import, sizeof(u->over));
	u->import[0] = '\0';
	u->content = (struct upload_content){0};
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	forget(u);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static int gone(struct error *err)
{
	return error_set(err, -ENOENT, REASON_NOT_FOUND,
	        "escrow does not have these files any more: choose them again");
}

static int busy(struct error *err)
{
	return error_set(err, -EBUSY, REASON_NOT_NOW,
	        "another import is running: wait until it is done; one that nobody goes on with is "
	        "given up after some minutes");
}

/* --- parts ----------------------------------------------------------------------------------- */

static int begin(struct upload *u, const struct keys_order *o, struct error *err)
{
	u->bytes = secret_new(o->size);
	if (!u->bytes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "%zu kB cannot be kept in locked memory: import the file on the appliance, "
		        "with netmend keys import",
		        (o->size + 1023) / 1024);
	memcpy(u->import, o->import, sizeof(u->import));
	u->parts = u->missing = (o->size + NM_KEYS_PART - 1) / NM_KEYS_PART;
	memset(u->have, 0, sizeof(u->have));
	return 0;
}

/* Locked. */
static int admit(struct upload *u, const struct keys_order *o, struct error *err)
{
	if (strcmp(u->over, o->import) == 0)
		return gone(err);
	if (u->import[0] == '\0')
		return begin(u, o, err);
	if (u->open || strcmp(u->import, o->import) != 0)
		return busy(err);
	if (u->content.file_count > 0)
		return error_set(err, -EBUSY, REASON_NOT_NOW,
		        "these files are looked at already: store them, or begin anew");
	return u->bytes->len == o->size ? 0
	                                : error_set(err, -EBADMSG, REASON_VALUE_BAD,
	                                          "the parts of an import are of the same files");
}

int upload_part(struct upload *u, const struct keys_order *o, int64_t now, struct error *err)
{
	pthread_mutex_lock(&u->lock);
	int r = admit(u, o, err);
	if (r == 0) {
		memcpy(u->bytes->data + o->part * NM_KEYS_PART, o->bytes, o->len);
		u->missing -= !u->have[o->part];
		u->have[o->part] = true;
		u->touched = now;
	}
	pthread_mutex_unlock(&u->lock);
	return r;
}

/* --- working with all of them ---------------------------------------------------------------- */

static void sum(struct upload *u)
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, u->bytes->data, u->bytes->len);
	sodium_bin2hex(u->content.sha256, sizeof(u->content.sha256), digest, sizeof(digest));
	u->content.bytes = u->bytes;
}

static int can_open(const struct upload *u, const char *import, struct error *err)
{
	size_t first = 0;

	if (u->import[0] && u->open)
		return busy(err);
	if (strcmp(u->import, import) != 0)
		return gone(err);
	if (u->missing == 0)
		return 0;
	while (u->have[first])
		first++;
	return error_set(err, -EAGAIN, REASON_VALUE_BAD,
	        "%zu of %zu parts did not come, part %zu is the first of them: choose the files "
	        "again",
	        u->missing, u->parts, first + 1);
}

int upload_open(
        struct upload *u, const char *import, struct upload_content **ret, struct error *err)
{
	pthread_mutex_lock(&u->lock);
	int r = can_open(u, import, err);
	if (r == 0)
		u->open = true;
	pthread_mutex_unlock(&u->lock);
	if (r < 0)
		return r;
	/* It is ours now, and 20 MB take their time. */
	if (!u->content.bytes)
		sum(u);
	*ret = &u->content;
	return 0;
}

void upload_close(struct upload *u, bool done, int64_t now)
{
	pthread_mutex_lock(&u->lock);
	u->open = false;
	u->touched = now;
	if (done)
		forget(u);
	pthread_mutex_unlock(&u->lock);
}

int upload_drop(struct upload *u, const char *import, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&u->lock);
	if (strcmp(u->import, import) == 0) {
		if (u->open)
			r = busy(err);
		else
			forget(u);
	} else {
		memcpy(u->over, import, strlen(import) + 1); /* overtook its parts */
	}
	pthread_mutex_unlock(&u->lock);
	return r;
}

void upload_tick(struct upload *u, int64_t now)
{
	pthread_mutex_lock(&u->lock);
	int64_t patience = u->content.file_count > 0 ? NM_KEYS_LOOK_SECONDS : NM_KEYS_PART_SECONDS;
	if (u->import[0] && !u->open && now - u->touched > patience * 1000)
		forget(u);
	pthread_mutex_unlock(&u->lock);
}

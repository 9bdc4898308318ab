/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* As much memory may be locked as this user is ever allowed. */
static void raise_lock_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_MEMLOCK, &limit); /* what is too little shows in secret_new() */
}

int secrets_init(void)
{
	const struct rlimit none = {0, 0};

	raise_lock_limit();
	if (sodium_init() < 0)
		return -EIO;
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

struct secret *secret_new(size_t len)
{
	struct secret *s = sodium_malloc(sizeof(*s));
	if (!s)
		return NULL;
	s->len = len;
	s->data = sodium_malloc(len);
	/* It locks the pages too, but keeps to itself when it could not. */
	if (!s->data || sodium_mlock(s->data, len) != 0) {
		sodium_free(s->data);
		sodium_free(s);
		return NULL;
	}
	memset(s->data, 0, len);
	return s;
}

struct secret *secret_copy(const void *data, size_t len)
{
	struct secret *s = secret_new(len);
	if (s)
		memcpy(s->data, data, len);
	return s;
}

void secret_free(struct secret *s)
{
	if (!s)
		return;
	sodium_free(s->data);
	sodium_free(s);
}

void secret_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}

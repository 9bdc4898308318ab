/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Active Directory as a source of recovery passwords. */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t ldap_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_source(void *source)
{
	struct ldap_source *s = source;

	while (s->idle) {
		struct ldap_link *link = s->idle;
		s->idle = link->next;
		ldap_link_close(link);
	}
	ldap_free_options(s);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->login_lock);
	free(s);
}

static int open_source(const struct source_options *o, void **ret, struct error *err)
{
	struct ldap_source *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	/* Nobody's ldap.conf or .ldaprc has a say, above all not about certificates. */
	if (setenv("LDAPNOINIT", "1", 1) < 0) {
		free(s);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	}
	s->ca_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->login_lock, NULL);
	int r = ldap_take_options(s, o, err);
	if (r < 0) {
		close_source(s);
		return r;
	}
	*ret = s;
	return 0;
}

const struct source_ops source_ldap = {.type = "ldap",
        .workers = 4,
        .open = open_source,
        .close = close_source,
        .lookup = ldap_lookup,
        .check = ldap_check,
        .pull = ldap_pull};

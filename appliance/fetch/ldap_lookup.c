/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a protector's GUID to the passwords of its records. */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEADLINE_MS (NM_SOURCE_SECONDS * 1000 - 500)

struct lookup {
	const struct source_question *question;
	struct source_answer *answer;
	int64_t deadline;
	size_t found, unreadable;
	char seen[200]; /* the first record without a password */
	/* Of a global catalogue, which knows where records are and not what is in them. */
	size_t dn_count;
	struct ldap_record records[NM_MAX_CANDIDATES];
	const char *reading; /* the DN among them that is being read */
};

static void take_password(struct lookup *l, LDAP *ld, LDAPMessage *entry, const char *dn)
{
	struct source_answer *a = l->answer;
	struct secret *password = ldap_read_password(ld, entry);

	if (!password) {
		if (l->unreadable++ == 0)
			text_clean(l->seen, sizeof(l->seen), dn);
		return;
	}
	if (a->count == NM_MAX_CANDIDATES) {
		secret_free(password);
		return;
	}
	struct source_candidate *c = &a->candidates[a->count++];
	c->password = password;
	text_clean(c->origin, sizeof(c->origin), dn);
}

static int search(struct ldap_link *link, const char *base, int scope, const char *filter,
        char **attributes, int64_t deadline, LDAPMessage **ret)
{
	struct timeval step = ldap_step(link, deadline, LDAP_STEP_MS);
	int rc = ldap_search_ext_s(link->ld, base, scope, filter, attributes, 0, NULL, NULL, &step,
	        LDAP_FOUND_MAX, ret);

	return rc == LDAP_SIZELIMIT_EXCEEDED ? LDAP_SUCCESS : rc; /* those that came are enough */
}

static int ask_by_guid(struct ldap_source *s, struct ldap_link *link, void *context)
{
	char filter[LDAP_FILTER_SIZE];
	struct lookup *l = context;
	const struct ldap_controller *c = &s->controllers[link->controller];
	struct ldap_hit hits[NM_MAX_CANDIDATES];
	LDAPMessage *result = NULL;

	ldap_guid_filter(&l->question->protector, filter);
	int rc = search(link, ldap_base(s, c), LDAP_SCOPE_SUBTREE, filter,
	        c->catalog ? ldap_wanted + 1 : ldap_wanted, l->deadline, &result);
	size_t count = rc == LDAP_SUCCESS ? ldap_rank(link->ld, result, l->question, hits,
	                                            NM_MAX_CANDIDATES, &l->found)
	                                  : 0;
	for (size_t i = 0; i < count; i++) {
		struct ldap_record *r = &l->records[i];
		ldap_read_record(link->ld, hits[i].entry, r);
		if (!c->catalog)
			take_password(l, link->ld, hits[i].entry, r->dn);
	}
	l->dn_count = c->catalog ? count : 0;
	ldap_msgfree(result);
	return rc;
}

static int ask_for_password(struct ldap_source *s, struct ldap_link *link, void *context)
{
	struct lookup *l = context;
	LDAPMessage *result = NULL;
	int rc = search(link, l->reading, LDAP_SCOPE_BASE, "(objectClass=" LDAP_CLASS ")",
	        ldap_wanted, l->deadline, &result);
	LDAPMessage *entry = rc == LDAP_SUCCESS ? ldap_first_entry(link->ld, result) : NULL;

	(void)s;
	if (entry)
		take_password(l, link->ld, entry, l->reading);
	ldap_msgfree(result);
	return rc;
}

/* The catalogue's records, each read where its domain is. */
static int read_passwords(struct ldap_source *s, struct lookup *l, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < l->dn_count; i++) {
		struct ldap_want want = {.domain = l->records[i].domain, .deadline = l->deadline};
		struct error failed = {0};
		int rc = 0;
		l->reading = l->records[i].dn;
		if (ldap_with(s, &want, ask_for_password, l, &rc, &failed) < 0) {
			*err = failed;
			r = failed.code;
		}
	}
	return r;
}

static enum reason nothing_found(struct ldap_source *s, struct lookup *l, struct error *err)
{
	pthread_mutex_lock(&s->lock);
	enum ldap_view view = s->view;
	pthread_mutex_unlock(&s->lock);
	if (view == LDAP_VIEW_UNKNOWN) {
		int r = ldap_look(s, l->deadline, err);
		if (r < 0)
			return err->reason;
		pthread_mutex_lock(&s->lock);
		view = s->view;
		pthread_mutex_unlock(&s->lock);
	}
	if (view == LDAP_VIEW_NOTHING)
		return REASON_SOURCE_NO_RIGHTS;
	(void)snprintf(l->answer->text, sizeof(l->answer->text), "no record of this GUID");
	return REASON_KEY_NOT_FOUND;
}

static enum reason judge(struct ldap_source *s, struct lookup *l, struct error *err)
{
	char *text = l->answer->text;
	size_t size = sizeof(l->answer->text);

	if (l->answer->count > 0) {
		if (l->found > NM_MAX_CANDIDATES)
			(void)snprintf(text, size, "%zu records carry this GUID: %d are tried",
			        l->found, NM_MAX_CANDIDATES);
		return REASON_OK;
	}
	if (l->unreadable > 0) {
		(void)snprintf(text, size,
		        "%s is there, but our account may not read " LDAP_PASSWORD
		        ": it lacks control access",
		        l->seen);
		return REASON_KEY_NOT_READABLE;
	}
	if (err->code < 0)
		return err->reason;
	return nothing_found(s, l, err);
}

enum reason ldap_lookup(void *source, const struct source_question *q, struct source_answer *ret)
{
	struct ldap_source *s = source;
	struct lookup l = {.question = q, .answer = ret, .deadline = ldap_now() + DEADLINE_MS};
	struct ldap_want want = {.catalog = s->has_catalog, .domain = "", .deadline = l.deadline};
	struct error err = {0};
	int rc = LDAP_SUCCESS;
	int r = ldap_with(s, &want, ask_by_guid, &l, &rc, &err);

	if (r == 0 && rc != LDAP_SUCCESS && rc != LDAP_NO_SUCH_OBJECT)
		r = error_set(&err, -EIO, REASON_SOURCE_FAILED, "the search failed: %s",
		        ldap_err2string(rc));
	if (r == 0 && l.dn_count > 0)
		(void)read_passwords(s, &l, &err); /* others may be readable */
	enum reason reason = r < 0 ? err.reason : judge(s, &l, &err);
	if (reason == REASON_SOURCE_NO_RIGHTS)
		(void)snprintf(
		        ret->text, sizeof(ret->text), "our account sees no recovery record at all");
	else if (err.code < 0 && !ret->text[0])
		text_clean(ret->text, sizeof(ret->text), err.text);
	return reason;
}

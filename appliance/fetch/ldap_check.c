/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The self-test: every controller is tried, and a few records are looked at. A directory does not
 * say that it hides something, so this is what tells "no such key" from "no right to see any".
 */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHECK_MS 30000

struct sample {
	size_t records, readable, odd; /* odd: the name says another GUID than the attribute */
};

static int take_sample(
        struct ldap_source *s, struct ldap_link *link, int64_t deadline, struct sample *ret)
{
	const struct ldap_controller *c = &s->controllers[link->controller];
	struct timeval step = ldap_step(link, deadline, LDAP_STEP_MS);
	LDAPMessage *result = NULL;
	int rc = ldap_search_ext_s(link->ld, ldap_base(s, c), LDAP_SCOPE_SUBTREE,
	        "(objectClass=" LDAP_CLASS ")", ldap_wanted, 0, NULL, NULL, &step, LDAP_SAMPLE,
	        &result);

	if (rc == LDAP_SIZELIMIT_EXCEEDED || rc == LDAP_NO_SUCH_OBJECT)
		rc = LDAP_SUCCESS;
	for (LDAPMessage *e = rc == LDAP_SUCCESS ? ldap_first_entry(link->ld, result) : NULL; e;
	        e = ldap_next_entry(link->ld, e)) {
		struct ldap_record r;
		ldap_read_record(link->ld, e, &r);
		ret->records++;
		ret->readable += ldap_has_password(link->ld, e);
		ret->odd += r.has_guid && r.has_named && !guid_equal(&r.guid, &r.named);
	}
	ldap_msgfree(result);
	return rc;
}

static void keep_view(struct ldap_source *s, const struct sample *sample)
{
	pthread_mutex_lock(&s->lock);
	s->view = sample->records == 0    ? LDAP_VIEW_NOTHING
	          : sample->readable == 0 ? LDAP_VIEW_NO_PASSWORDS
	                                  : LDAP_VIEW_ALL;
	pthread_mutex_unlock(&s->lock);
}

struct look {
	struct sample sample;
	int64_t deadline;
};

static int ask_for_sample(struct ldap_source *s, struct ldap_link *link, void *context)
{
	struct look *look = context;

	return take_sample(s, link, look->deadline, &look->sample);
}

int ldap_look(struct ldap_source *s, int64_t deadline, struct error *err)
{
	struct ldap_want want = {.catalog = s->has_catalog, .domain = "", .deadline = deadline};
	struct look look = {.deadline = deadline};
	int rc = 0;
	int r = ldap_with(s, &want, ask_for_sample, &look, &rc, err);

	if (r == 0 && rc != LDAP_SUCCESS)
		return error_set(err, -EIO, REASON_SOURCE_FAILED,
		        "the self-test's search failed: %s", ldap_err2string(rc));
	if (r == 0)
		keep_view(s, &look.sample);
	return r;
}

/* --- every controller ---------------------------------------------------------------------------
 */

struct check {
	size_t good;
	struct sample
	        sample; /* of one controller each domain; of the catalogues when there are some */
	size_t domain_count;
	const char *domains[LDAP_CONTROLLERS_MAX]; /* looked into */
	const char *bare;                          /* the first of them that shows nothing */
	struct error first;                        /* of the first controller that failed */
	size_t failed;
};

static bool looked_into(const struct check *k, const char *domain)
{
	for (size_t i = 0; i < k->domain_count; i++)
		if (strcmp(k->domains[i], domain) == 0)
			return true;
	return false;
}

static int check_one(struct ldap_source *s, size_t i, struct check *k, int64_t deadline)
{
	struct ldap_controller *c = &s->controllers[i];
	struct error err = {0};
	struct ldap_link *link = ldap_try(s, i, deadline, &err);
	int rc = LDAP_SUCCESS;

	if (link && !c->catalog && !looked_into(k, c->domain)) {
		size_t before = k->sample.records;
		rc = take_sample(s, link, deadline, &k->sample);
		if (rc == LDAP_SUCCESS)
			k->domains[k->domain_count++] = c->domain;
		if (rc == LDAP_SUCCESS && k->sample.records == before && !k->bare)
			k->bare = c->domain;
	}
	if (link && rc != LDAP_SUCCESS)
		(void)ldap_failed(&err, c, link->ld, rc);
	if (link)
		ldap_give_back(s, link, rc == LDAP_SUCCESS);
	if (err.code == 0) {
		k->good++;
		return 0;
	}
	if (k->failed++ == 0)
		k->first = err;
	return err.reason == REASON_SOURCE_LOGIN ? -EACCES : 0;
}

static enum reason in_words(const struct check *k, size_t controllers, char *text, size_t size)
{
	const struct sample *p = &k->sample;
	char how[220];
	enum reason reason = REASON_OK;

	if (k->domain_count == 0) { /* a catalogue alone has no passwords */
		text_clean(text, size, k->first.text);
		return k->first.reason;
	}
	if (p->records == 0) {
		reason = REASON_SOURCE_NO_RIGHTS;
		(void)snprintf(how, sizeof(how),
		        "no recovery record is shown to us: none is there, or our account has no "
		        "right "
		        "to see them");
	} else if (p->readable == 0) {
		reason = REASON_KEY_NOT_READABLE;
		(void)snprintf(how, sizeof(how),
		        "records are shown to us, but not their passwords: our account lacks "
		        "control "
		        "access");
	} else {
		(void)snprintf(how, sizeof(how), "records and passwords are shown to us%s%s%s%.60s",
		        p->readable < p->records ? ", but not every password" : "",
		        p->odd ? "; some records' names and GUIDs differ" : "",
		        k->bare ? "; nothing of " : "", k->bare ? k->bare : "");
	}
	(void)snprintf(text, size, "%zu of %zu controllers answer; %s%s%.140s", k->good,
	        controllers, how, k->failed ? "; " : "", k->failed ? k->first.text : "");
	return reason;
}

enum reason ldap_check(void *source, char *text, size_t size)
{
	struct ldap_source *s = source;
	struct check k = {0};
	char raw[640];

	for (size_t i = 0; i < s->controller_count; i++)
		if (check_one(s, i, &k, ldap_now() + CHECK_MS) < 0)
			break; /* the same login would be refused by the next, and counted */
	enum reason reason = in_words(&k, s->controller_count, raw, sizeof(raw));
	if (k.good > 0 && k.domain_count > 0)
		keep_view(s, &k.sample);
	text_clean(text, size, raw);
	return reason;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every record of every domain, a page at a time. */
#include "appliance/fetch/ldap_internal.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>

#define PAGE    500 /* Active Directory gives 1000 at most */
#define PAGE_MS 30000

struct pull {
	struct ldap_source *source;
	int (*each)(void *context, const struct source_record *r);
	void *context;
	size_t given, unreadable;
	int stopped; /* what each() said */
};

static int give(struct pull *p, LDAP *ld, LDAPMessage *entry)
{
	struct ldap_record r;

	ldap_read_record(ld, entry, &r);
	CLEANUP_SECRET struct secret *password = ldap_read_password(ld, entry);
	if (!password || !r.has_guid) {
		p->unreadable++;
		return 0;
	}
	struct source_record record = {.protector = r.guid,
	        .password = (const char *)password->data,
	        .host = r.host,
	        .changed = r.created};
	p->given++;
	p->stopped = p->each(p->context, &record);
	return p->stopped;
}

/* One page; *cookie says where the next one begins, empty after the last. */
static int pull_page(
        struct pull *p, struct ldap_link *link, const char *base, struct berval *cookie)
{
	struct timeval limit = ldap_step(link, INT64_MAX, PAGE_MS);
	LDAP *ld = link->ld;
	LDAPControl *control = NULL, **answered = NULL;
	LDAPMessage *result = NULL;
	int rc = ldap_create_page_control(ld, PAGE, cookie, 1, &control);

	ber_memfree(cookie->bv_val);
	*cookie = (struct berval){0};
	if (rc != LDAP_SUCCESS)
		return rc;
	LDAPControl *controls[] = {control, NULL};
	rc = ldap_search_ext_s(ld, base, LDAP_SCOPE_SUBTREE, "(objectClass=" LDAP_CLASS ")",
	        ldap_wanted, 0, controls, NULL, &limit, LDAP_NO_LIMIT, &result);
	for (LDAPMessage *e = rc == LDAP_SUCCESS ? ldap_first_entry(ld, result) : NULL;
	        e && p->stopped == 0; e = ldap_next_entry(ld, e))
		(void)give(p, ld, e);
	if (rc == LDAP_SUCCESS)
		rc = ldap_parse_result(ld, result, NULL, NULL, NULL, NULL, &answered, 0);
	LDAPControl *page = rc == LDAP_SUCCESS
	                            ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, answered, NULL)
	                            : NULL;
	ber_int_t estimate = 0;
	if (page)
		rc = ldap_parse_pageresponse_control(ld, page, &estimate, cookie);
	ldap_controls_free(answered);
	ldap_msgfree(result);
	ldap_control_free(control);
	return rc;
}

static int pull_domain(struct pull *p, size_t controller, struct ldap_link *link, struct error *err)
{
	const struct ldap_controller *c = &p->source->controllers[controller];
	struct berval cookie = {0};
	int rc;

	do
		rc = pull_page(p, link, ldap_base(p->source, c), &cookie);
	while (rc == LDAP_SUCCESS && p->stopped == 0 && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	if (p->stopped != 0)
		return error_set(err, -EINTR, REASON_SOURCE_FAILED, "ended by the one who asked");
	return rc == LDAP_SUCCESS ? 0 : ldap_failed(err, c, link->ld, rc);
}

static bool done_already(const struct ldap_source *s, const bool *done, const char *domain)
{
	for (size_t i = 0; i < s->controller_count; i++)
		if (done[i] && strcmp(s->controllers[i].domain, domain) == 0)
			return true;
	return false;
}

static int verdict(const struct pull *p, struct error *err)
{
	if (p->unreadable > 0)
		log_warning("%zu recovery records without a password we may read", p->unreadable);
	if (p->given > 0)
		return 0;
	if (p->unreadable > 0)
		return error_set(err, -EACCES, REASON_KEY_NOT_READABLE,
		        "%zu records, and no password of them may be read by our account",
		        p->unreadable);
	return error_set(err, -ENOENT, REASON_SOURCE_NO_RIGHTS,
	        "no recovery record is shown to us: none is there, or our account has no right to "
	        "see them");
}

/* One domain is enough for a lookup, but not for a snapshot: what is missing would look as if it
 * had been deleted. A controller that never answered may be one more of a domain that was read. */
static int check_whole(const struct ldap_source *s, const bool *done, const struct error *failed,
        struct error *err)
{
	bool any = false;

	for (size_t i = 0; i < s->controller_count; i++)
		any = any || done[i];
	for (size_t i = 0; i < s->controller_count; i++) {
		const struct ldap_controller *c = &s->controllers[i];
		if (failed[i].code == 0 || done_already(s, done, c->domain))
			continue;
		if (any && !c->domain[0]) {
			log_warning("%s was not read; the records of its domain may be missing: %s",
			        c->uri, failed[i].text);
			continue;
		}
		return error_set(err, failed[i].code, failed[i].reason,
		        "the records of %s are missing: %.200s",
		        c->domain[0] ? c->domain : "the directory", failed[i].text);
	}
	return 0;
}

int ldap_pull(void *source, int (*each)(void *context, const struct source_record *r),
        void *context, struct error *err)
{
	struct ldap_source *s = source;
	struct pull p = {.source = s, .each = each, .context = context};
	bool done[LDAP_CONTROLLERS_MAX] = {0};
	struct error failed[LDAP_CONTROLLERS_MAX] = {0};

	for (size_t i = 0; i < s->controller_count; i++) {
		const struct ldap_controller *c = &s->controllers[i];
		if (c->catalog || (c->domain[0] && done_already(s, done, c->domain)))
			continue;
		struct ldap_link *link = ldap_try(s, i, ldap_now() + LDAP_REST_MS, &failed[i]);
		if (link && !done_already(s, done, c->domain))
			done[i] = pull_domain(&p, i, link, &failed[i]) == 0;
		if (link)
			ldap_give_back(s, link, failed[i].code == 0);
		if (p.stopped != 0 || failed[i].reason == REASON_SOURCE_LOGIN) {
			*err = failed[i];
			return failed[i].code;
		}
	}
	int r = check_whole(s, done, failed, err);
	return r < 0 ? r : verdict(&p, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to one controller: TLS, login, and which domain it serves. */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void ldap_said(LDAP *ld, char *text, size_t size)
{
	char *message = NULL;

	if (!ld || ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &message) != LDAP_OPT_SUCCESS)
		message = NULL;
	text_clean(text, size, message ? message : "");
	ldap_memfree(message);
}

/* The new context comes last: it takes in what was set before. */
static bool set_tls(LDAP *ld, const struct ldap_source *s, bool verify)
{
	const int require = verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
	const int oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;

	return ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &require) == 0 &&
	       ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, s->ca_path) == 0 &&
	       ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) == 0 &&
	       ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) == 0;
}

int ldap_reach(const struct ldap_source *s, const struct ldap_controller *c, bool verify,
        int64_t deadline, struct ldap_link **ret)
{
	struct ldap_link *link = ldap_link_new(c->uri, deadline);

	*ret = link;
	if (!link || ((c->tls || s->starttls) && !set_tls(link->ld, s, verify)))
		return LDAP_LOCAL_ERROR;
	int rc = ldap_connect(link->ld);
	if (rc == LDAP_SUCCESS && s->starttls && !c->tls)
		rc = ldap_start_tls_s(link->ld, NULL, NULL);
	return rc;
}

static int unreachable(const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld,
        int rc, int64_t begun, int64_t deadline, struct error *err)
{
	char said[160];

	if (rc == LDAP_LOCAL_ERROR || rc == LDAP_NO_MEMORY || rc == LDAP_PARAM_ERROR)
		return error_set(err, -EIO, REASON_SOURCE_FAILED,
		        "%s: cannot set up a connection: %s", c->host, ldap_err2string(rc));
	/* libldap says the same of a server that is not there and of one it does not trust. Who is
	 * silent is the former: time is short. */
	if ((c->tls || s->starttls) && ldap_now() < begun + LDAP_STEP_MS / 2 &&
	        ldap_blame_certificate(s, c, deadline, err))
		return err->code;
	ldap_said(ld, said, sizeof(said));
	return error_set(err, -ECONNREFUSED, REASON_SOURCE_UNREACHABLE,
	        "%s does not answer: %s%s%s", c->uri, ldap_err2string(rc), said[0] ? ": " : "",
	        said);
}

/* Text of an attribute of the server's own entry. */
static bool root_text(LDAP *ld, LDAPMessage *entry, const char *attribute, char *out, size_t size)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	bool found = values && values[0];

	if (found) {
		char raw[512];
		(void)snprintf(raw, sizeof(raw), "%.*s", (int)values[0]->bv_len, values[0]->bv_val);
		text_clean(out, size, raw);
	}
	ldap_value_free_len(values);
	return found;
}

/* Active Directory has one domain for its default; any other server: the first tree it has. */
static int learn_domain(
        struct ldap_source *s, struct ldap_controller *c, struct ldap_link *link, int64_t deadline)
{
	static char domain_name[] = "defaultNamingContext", tree_name[] = "namingContexts";
	char *attributes[] = {domain_name, tree_name, NULL};
	struct timeval step = ldap_step(link, deadline, LDAP_STEP_MS);
	LDAPMessage *result = NULL;
	char base[sizeof(c->base)] = "", domain[sizeof(c->domain)];
	int rc = ldap_search_ext_s(link->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0,
	        NULL, NULL, &step, 1, &result);
	LDAPMessage *entry = rc == LDAP_SUCCESS ? ldap_first_entry(link->ld, result) : NULL;

	if (entry && !root_text(link->ld, entry, attributes[0], base, sizeof(base)))
		(void)root_text(link->ld, entry, attributes[1], base, sizeof(base));
	ldap_msgfree(result);
	if (rc != LDAP_SUCCESS)
		return rc;
	ldap_domain_of(base, domain, sizeof(domain));
	pthread_mutex_lock(&s->lock);
	memcpy(c->base, base, sizeof(base));
	memcpy(c->domain, domain, sizeof(domain));
	pthread_mutex_unlock(&s->lock);
	return rc;
}

struct ldap_link *ldap_open_link(
        struct ldap_source *s, size_t controller, int64_t deadline, struct error *err)
{
	struct ldap_controller *c = &s->controllers[controller];
	int64_t begun = ldap_now();
	struct ldap_link *link = NULL;
	int rc = ldap_reach(s, c, true, deadline, &link);
	int r = rc == LDAP_SUCCESS
	                ? ldap_login(s, c, link, deadline, err)
	                : unreachable(s, c, link ? link->ld : NULL, rc, begun, deadline, err);

	if (r == 0) {
		rc = learn_domain(s, c, link, deadline);
		if (rc != LDAP_SUCCESS)
			r = ldap_failed(err, c, link->ld, rc);
	}
	if (r == 0) {
		link->controller = controller;
		return link;
	}
	ldap_link_close(link);
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "%s", what);
}

static int add_url(
        struct ldap_source *s, const char *text, size_t len, bool catalog, struct error *err)
{
	struct ldap_controller *c = &s->controllers[s->controller_count];
	LDAPURLDesc *parts = NULL;
	int r = 0;

	if (s->controller_count == LDAP_CONTROLLERS_MAX)
		return bad(err, "url and gc: at most 16 controllers");
	c->uri = strndup(text, len);
	if (!c->uri)
		return no_memory(err);
	s->controller_count++;
	c->catalog = catalog;
	if (ldap_url_parse(c->uri, &parts) != LDAP_URL_SUCCESS)
		return error_set(err, -EINVAL, REASON_USAGE, "%s: %s is no LDAP URL",
		        catalog ? "gc" : "url", c->uri);
	c->tls = strcmp(parts->lud_scheme, "ldaps") == 0;
	if ((!c->tls && strcmp(parts->lud_scheme, "ldap") != 0) || !parts->lud_host ||
	        !parts->lud_host[0] || (parts->lud_dn && parts->lud_dn[0]))
		r = error_set(err, -EINVAL, REASON_USAGE,
		        "%s: %s is not of the form ldaps://HOST or ldap://HOST, with :PORT if "
		        "need be",
		        catalog ? "gc" : "url", c->uri);
	else
		text_clean(c->host, sizeof(c->host), parts->lud_host);
	ldap_free_urldesc(parts);
	return r;
}

static int add_urls(struct ldap_source *s, const char *list, bool catalog, struct error *err)
{
	static const char blanks[] = " \t";
	int r = 0;

	for (list += strspn(list, blanks); r == 0 && *list; list += strspn(list, blanks)) {
		size_t len = strcspn(list, blanks);
		r = add_url(s, list, len, catalog, err);
		list += len;
	}
	return r;
}

/* The certificates as a file that has no name: libldap takes several only from a file, and the
 * process has given up files by the time it connects. */
static int take_authorities(struct ldap_source *s, const char *pem, struct error *err)
{
	if (!pem) {
		(void)snprintf(s->ca_path, sizeof(s->ca_path), "%s", SYSTEM_AUTHORITIES);
		return 0;
	}
	if (!strstr(pem, "-----BEGIN CERTIFICATE-----"))
		return bad(err, "ca: no certificate in PEM form");
	s->ca_fd = memfd_create("ca", MFD_CLOEXEC);
	size_t len = strlen(pem), done = 0;
	while (s->ca_fd >= 0 && done < len) {
		ssize_t n = write(s->ca_fd, pem + done, len - done);
		if (n <= 0)
			return no_memory(err);
		done += (size_t)n;
	}
	if (s->ca_fd < 0)
		return no_memory(err);
	(void)snprintf(s->ca_path, sizeof(s->ca_path), "/proc/self/fd/%d", s->ca_fd);
	return 0;
}

static int take_login(struct ldap_source *s, const struct source_options *o, struct error *err)
{
	const char *bind = source_option(o, "bind"), *user = source_option(o, "user");
	const char *password = source_option(o, "password"), *keytab = source_option(o, "keytab");

	if (bind && strcmp(bind, "simple") != 0 && strcmp(bind, "gssapi") != 0)
		return bad(err, "bind: simple or gssapi");
	s->gssapi = bind && strcmp(bind, "gssapi") == 0;
	s->user = user ? strdup(user) : NULL;
	if (user && !s->user)
		return no_memory(err);
	if (s->gssapi) {
		if (!keytab || password)
			return bad(err, "bind = gssapi needs keytab, and no password-file");
		s->keytab = strdup(keytab);
		return s->keytab && asprintf(&s->ccache, "MEMORY:netmend-%s", o->name) >= 0
		               ? 0
		               : no_memory(err);
	}
	/* An empty password would be an anonymous login, which servers grant and show nothing. */
	if (!user || !user[0] || !password || !password[0] || keytab)
		return bad(err, "bind = simple needs user and password-file, and no keytab");
	s->password = secret_copy(password, strlen(password) + 1);
	return s->password ? 0 : no_memory(err);
}

static int check_keys(const struct source_options *o, struct error *err)
{
	static const char *const known[] = {
	        "url", "gc", "starttls", "bind", "user", "password", "keytab", "base", "ca"};

	for (size_t i = 0; i < o->count; i++) {
		bool found = false;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found = found || strcmp(o->options[i].key, known[k]) == 0;
		if (!found)
			return error_set(err, -EINVAL, REASON_USAGE, "%s: no such key for ldap",
			        o->options[i].key);
	}
	return 0;
}

/* A password never goes out in the clear. Kerberos encrypts by itself. */
static int check_encrypted(const struct ldap_source *s, struct error *err)
{
	for (size_t i = 0; i < s->controller_count; i++)
		if (!s->controllers[i].tls && !s->starttls && !s->gssapi)
			return error_set(err, -EINVAL, REASON_USAGE,
			        "%s is not encrypted: use ldaps://, starttls = yes or bind = "
			        "gssapi",
			        s->controllers[i].uri);
	return 0;
}

int ldap_take_options(struct ldap_source *s, const struct source_options *o, struct error *err)
{
	const char *url = source_option(o, "url"), *gc = source_option(o, "gc");
	const char *starttls = source_option(o, "starttls"), *base = source_option(o, "base");
	int r = check_keys(o, err);

	if (r < 0)
		return r;
	if (starttls && strcmp(starttls, "yes") != 0 && strcmp(starttls, "no") != 0)
		return bad(err, "starttls: yes or no");
	s->starttls = starttls && strcmp(starttls, "yes") == 0;
	s->base = base && base[0] ? strdup(base) : NULL;
	if (base && base[0] && !s->base)
		return no_memory(err);
	r = add_urls(s, url ? url : "", false, err);
	if (r == 0 && s->controller_count == 0)
		return bad(err, "url: a controller is needed");
	size_t controllers = s->controller_count;
	if (r == 0 && gc)
		r = add_urls(s, gc, true, err);
	s->has_catalog = s->controller_count > controllers;
	if (r == 0)
		r = take_authorities(s, source_option(o, "ca"), err);
	if (r == 0)
		r = take_login(s, o, err);
	return r < 0 ? r : check_encrypted(s, err);
}

void ldap_free_options(struct ldap_source *s)
{
	for (size_t i = 0; i < s->controller_count; i++)
		free(s->controllers[i].uri);
	free(s->user);
	free(s->base);
	free(s->keytab);
	free(s->ccache);
	secret_free(s->password);
	if (s->ca_fd >= 0)
		(void)close(s->ca_fd);
}

const char *ldap_base(const struct ldap_source *s, const struct ldap_controller *c)
{
	if (s->base)
		return s->base;
	return c->catalog ? "" : c->base;
}

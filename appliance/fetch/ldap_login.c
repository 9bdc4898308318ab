/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in, and not having the account locked by it: directories count refusals. */
#include "appliance/fetch/ldap_internal.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* What Active Directory means: it says it by a number of Windows' in a text. */
static const char *refusal_in_words(const char *said)
{
	static const struct {
		const char *mark, *words;
	} known[] = {{"data 525,", "there is no such user"},
	        {"data 52e,", "wrong password or user"}, {"data 530,", "not at this time of day"},
	        {"data 531,", "not from this machine"}, {"data 532,", "the password has expired"},
	        {"data 533,", "the account is disabled"}, {"data 701,", "the account has expired"},
	        {"data 773,", "the password must be changed first"},
	        {"data 775,", "the account is locked"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(said, known[i].mark))
			return known[i].words;
	return said;
}

static int login_failed(const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld,
        int rc, struct error *err)
{
	char said[200];

	ldap_said(ld, said, sizeof(said));
	switch (rc) {
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_INSUFFICIENT_ACCESS:
		return error_set(err, -EACCES, REASON_SOURCE_LOGIN, "%s refuses the login: %s",
		        c->host, said[0] ? refusal_in_words(said) : ldap_err2string(rc));
	case LDAP_STRONG_AUTH_REQUIRED:
	case LDAP_CONFIDENTIALITY_REQUIRED:
		return error_set(err, -EACCES, REASON_SOURCE_LOGIN,
		        s->gssapi ? "%s does not take Kerberos inside TLS: use ldap://, where "
		                    "Kerberos encrypts by itself"
		                  : "%s wants an encrypted connection: use ldaps:// or starttls = "
		                    "yes",
		        c->host);
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_TIMEOUT:
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return error_set(err, -ECONNREFUSED, REASON_SOURCE_UNREACHABLE,
		        "%s does not answer the login: %s", c->host, ldap_err2string(rc));
	default:
		return error_set(err, -EIO, REASON_SOURCE_FAILED, "%s: login: %s%s%s", c->host,
		        ldap_err2string(rc), said[0] ? ": " : "", said);
	}
}

static int try_login(
        const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld, struct error *err)
{
	struct berval password = {
	        .bv_len = s->password->len - 1, .bv_val = (char *)s->password->data};
	int rc = ldap_sasl_bind_s(ld, s->user, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);

	return rc == LDAP_SUCCESS ? 0 : login_failed(s, c, ld, rc, err);
}

static int try_kerberos(
        const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld, struct error *err)
{
	struct error why = {0};
	int rc = ldap_bind_gssapi(s, c, ld, &why);

	if (rc == LDAP_SUCCESS)
		return 0;
	if (why.code == 0)
		return login_failed(s, c, ld, rc, err);
	*err = why;
	return why.code;
}

int ldap_login_rests(struct ldap_source *s, struct error *err)
{
	int r = 0;

	pthread_mutex_lock(&s->lock);
	if (s->login_rest_until > ldap_now())
		r = error_set(err, -EACCES, REASON_SOURCE_LOGIN, "%s", s->login_text);
	pthread_mutex_unlock(&s->lock);
	return r;
}

static bool is_proven(struct ldap_source *s)
{
	pthread_mutex_lock(&s->lock);
	bool proven = s->login_proven;
	pthread_mutex_unlock(&s->lock);
	return proven;
}

static void note_login(struct ldap_source *s, int r, const struct error *err)
{
	bool refused = r < 0 && err->reason == REASON_SOURCE_LOGIN;

	pthread_mutex_lock(&s->lock);
	if (r == 0) {
		s->login_proven = true;
		s->login_rest_until = 0;
	} else if (refused) {
		s->login_proven = false;
		s->login_rest_until = ldap_now() + LDAP_LOGIN_REST_MS;
		memcpy(s->login_text, err->text, sizeof(s->login_text));
	}
	pthread_mutex_unlock(&s->lock);
}

/* Alone until the password is known to be right: else each worker would have it refused once. */
static int first_login(struct ldap_source *s, const struct ldap_controller *c,
        struct ldap_link *link, int64_t deadline, struct error *err)
{
	const struct timespec until = {
	        .tv_sec = deadline / 1000, .tv_nsec = (deadline % 1000) * 1000000};

	if (pthread_mutex_clocklock(&s->login_lock, CLOCK_MONOTONIC, &until) != 0)
		return error_set(err, -EAGAIN, REASON_SOURCE_UNREACHABLE,
		        "%s does not answer the login", c->host);
	int r = ldap_login_rests(s, err);
	if (r == 0) {
		(void)ldap_step(link, deadline, LDAP_STEP_MS);
		r = try_login(s, c, link->ld, err);
		note_login(s, r, err);
	}
	pthread_mutex_unlock(&s->login_lock);
	return r;
}

int ldap_login(struct ldap_source *s, const struct ldap_controller *c, struct ldap_link *link,
        int64_t deadline, struct error *err)
{
	(void)ldap_step(link, deadline, LDAP_STEP_MS);
	if (s->gssapi)
		return try_kerberos(s, c, link->ld, err);
	if (!is_proven(s))
		return first_login(s, c, link, deadline, err);
	int r = try_login(s, c, link->ld, err);
	note_login(s, r, err);
	return r;
}

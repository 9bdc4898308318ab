/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shared by ldap*.c alone: Active Directory, and whatever speaks LDAP and keeps recovery passwords
 * in its way (msFVE-RecoveryInformation below a computer).
 */
#ifndef FETCH_LDAP_INTERNAL_H
#define FETCH_LDAP_INTERNAL_H

#include "appliance/fetch/source.h"

#include <gssapi/gssapi.h>
#include <ldap.h>
#include <pthread.h>

#define LDAP_CONTROLLERS_MAX 16
#define LDAP_STEP_MS         3000  /* to connect, to log in, one search */
#define LDAP_REST_MS         15000 /* a controller that failed is left alone so long */
#define LDAP_LOGIN_REST_MS \
	600000 /* a login refused is not tried again so long: accounts get locked */
#define LDAP_FAREWELL_MS 200
#define LDAP_IDLE_MS     120000
#define LDAP_IDLE_MAX    8
#define LDAP_FOUND_MAX   1000 /* records of one GUID that are looked at */
#define LDAP_SAMPLE      20   /* records a self-test looks at */

#define LDAP_CLASS    "msFVE-RecoveryInformation"
#define LDAP_GUID     "msFVE-RecoveryGuid"
#define LDAP_PASSWORD "msFVE-RecoveryPassword"
#define LDAP_CREATED  "whenCreated"

/* One server of the list in url or gc. */
struct ldap_controller {
	char *uri;
	char host[256];
	bool tls;     /* ldaps:// */
	bool catalog; /* of gc */
	/* The source's lock guards what follows. */
	bool down;
	int64_t rest_until; /* down: monotonic ms; whoever finds it over tries again */
	enum reason why;    /* down */
	char text[320];
	char domain[256]; /* "lab.test", as the server says; "" until it was asked */
	char base[512];   /* its domain as a DN, as it spells it */
};

struct ldap_link {
	struct ldap_link *next;
	LDAP *ld;
	struct ldap_conncb on_connect;
	int64_t deadline; /* monotonic ms: when what is under way fails */
	size_t controller;
	bool used; /* it has answered before: when it fails now, it may just have been closed */
	int64_t idle_since;
};

/* What the self-test saw of the records, and lookups rely on when they find nothing. */
enum ldap_view { LDAP_VIEW_UNKNOWN, LDAP_VIEW_NOTHING, LDAP_VIEW_NO_PASSWORDS, LDAP_VIEW_ALL };

struct ldap_source {
	size_t controller_count;
	struct ldap_controller controllers[LDAP_CONTROLLERS_MAX]; /* url in order, then gc */
	bool starttls, gssapi, has_catalog;
	char *user, *base; /* NULL: not given */
	struct secret *password;
	int ca_fd; /* -1: the system's authorities */
	char ca_path[64];
	char *keytab, *ccache;

	pthread_mutex_t lock;
	struct ldap_link *idle;
	size_t idle_count;
	pthread_mutex_t login_lock; /* of a login that may be refused: one try at a time */
	bool login_proven;          /* it was accepted, and not refused since */
	int64_t login_rest_until;   /* monotonic ms; 0: the login was not refused */
	char login_text[320];
	enum ldap_view view;
};

int64_t ldap_now(void); /* monotonic ms */

/* ldap_options.c: fills s; err: REASON_USAGE. */
int ldap_take_options(struct ldap_source *s, const struct source_options *o, struct error *err);
void ldap_free_options(struct ldap_source *s);
/* Where records are looked for: what is configured, else all of a catalogue or the controller's own
 * domain. */
const char *ldap_base(const struct ldap_source *s, const struct ldap_controller *c);

/* ldap_link.c: a handle that is not connected yet; NULL without memory. */
struct ldap_link *ldap_link_new(const char *uri, int64_t deadline);
void ldap_link_close(struct ldap_link *link);
/* Time for one step, at most limit_ms, within the deadline; the link's clock is set to it. */
struct timeval ldap_step(struct ldap_link *link, int64_t deadline, int64_t limit_ms);

/* ldap_connect.c: a connection to that controller, logged in, or NULL with err, which says which
 * controller. Its domain is known then. */
struct ldap_link *ldap_open_link(
        struct ldap_source *s, size_t controller, int64_t deadline, struct error *err);
/* Connects, with TLS as configured, and no more; verify false takes any certificate. An LDAP result
 * code; *ret is to be closed whatever it is, and may be NULL. */
int ldap_reach(const struct ldap_source *s, const struct ldap_controller *c, bool verify,
        int64_t deadline, struct ldap_link **ret);
/* What the server or the library said last, clean. */
void ldap_said(LDAP *ld, char *text, size_t size);

/* ldap_certificate.c: whether it is the certificate that keeps us from that controller. If so, err
 * is set and it is true. */
bool ldap_blame_certificate(const struct ldap_source *s, const struct ldap_controller *c,
        int64_t deadline, struct error *err);

/* ldap_login.c: 0 or err: SOURCE_LOGIN, and then nobody tries the password again for a while. */
int ldap_login(struct ldap_source *s, const struct ldap_controller *c, struct ldap_link *link,
        int64_t deadline, struct error *err);
/* -EACCES with err during that while. */
int ldap_login_rests(struct ldap_source *s, struct error *err);

/* ldap_gssapi.c: binds with a ticket of the source's keytab. LDAP result code, err says more. */
int ldap_bind_gssapi(
        const struct ldap_source *s, const struct ldap_controller *c, LDAP *ld, struct error *err);

/* ldap_choose.c: runs ask() on a link to the first controller that works: of gc or of url, and of
 * that domain when it is not "". ask() gives an LDAP result code; with one that says that the
 * server is gone or busy the next controller is tried. 0 with ask()'s code in *ret_rc, or err. */
struct ldap_want {
	bool catalog;
	const char *domain;
	int64_t deadline;
};
int ldap_with(struct ldap_source *s, const struct ldap_want *want,
        int (*ask)(struct ldap_source *s, struct ldap_link *link, void *context), void *context,
        int *ret_rc, struct error *err);
/* The self-test's: one controller, by a new link. NULL with err. */
struct ldap_link *ldap_try(
        struct ldap_source *s, size_t controller, int64_t deadline, struct error *err);
void ldap_give_back(struct ldap_source *s, struct ldap_link *link, bool good);
/* An error from an LDAP result code that no controller can help. */
int ldap_failed(struct error *err, const struct ldap_controller *c, LDAP *ld, int rc);

/* ldap_record.c: what is in one entry. Texts are clean. */
struct ldap_record {
	char dn[1024];
	char host[NM_MAX_NAME];  /* of the computer it is below of */
	char domain[256];        /* the DC parts, joined by dots, lower case */
	struct guid guid, named; /* of the attribute, of its own name */
	bool has_guid, has_named;
	int64_t created; /* ms since 1970; 0: not known */
};
/* What of a record is asked for, for libldap. The first is the password: a catalogue has none. */
extern char *ldap_wanted[];
/* The part of it that is in a DN; ret is zeroed before. */
void ldap_read_name(const char *dn, struct ldap_record *ret);
void ldap_read_record(LDAP *ld, LDAPMessage *entry, struct ldap_record *ret);
/* "DC=lab,DC=test" or a DN below it to "lab.test"; "" when it has no DC. */
void ldap_domain_of(const char *dn, char *out, size_t size);
/* The password attribute with its NUL; NULL when it is not shown, too long or there is no memory.
 */
struct secret *ldap_read_password(LDAP *ld, LDAPMessage *entry);
bool ldap_has_password(LDAP *ld, LDAPMessage *entry);
#define LDAP_FILTER_SIZE 256
void ldap_guid_filter(const struct guid *g, char out[LDAP_FILTER_SIZE]);
/* "pc01.lab.test" is PC01; a computer's name is cut after 15 characters. */
bool ldap_same_host(const char *machine, const char *computer);

/* ldap_rank.c: the entries of a result, those worth trying first: see there. */
struct ldap_hit {
	LDAPMessage *entry;
	bool same_host, named_so;
	int64_t created;
};
/* At most max into hits. *ret_all: how many there were. */
size_t ldap_rank(LDAP *ld, LDAPMessage *result, const struct source_question *q,
        struct ldap_hit *hits, size_t max, size_t *ret_all);

/* ldap_check.c: looks at a few records and keeps in s->view what it saw. 0 or err. */
int ldap_look(struct ldap_source *s, int64_t deadline, struct error *err);

enum reason ldap_lookup(void *source, const struct source_question *q, struct source_answer *ret);
enum reason ldap_check(void *source, char *text, size_t size);
int ldap_pull(void *source, int (*each)(void *context, const struct source_record *r),
        void *context, struct error *err);

#endif

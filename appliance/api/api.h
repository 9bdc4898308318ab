/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of include/netmend/README.md, server side. Nothing here keeps state that a restart
 * would lose but who is waiting. */
#ifndef API_API_H
#define API_API_H

#include "appliance/api/addresses.h"
#include "appliance/api/escrow_client.h"
#include "appliance/api/kept.h"
#include "appliance/api/box_limits.h"
#include "appliance/api/rate.h"
#include "appliance/api/self.h"
#include "appliance/boot/medium.h"
#include "appliance/fleet/fleet.h"
#include "appliance/fleet/sync.h"
#include "appliance/http/http.h"
#include "appliance/people/hasher.h"

/* What http_wake() wakes; the low bits are an id. */
#define WAKE_SESSION  ((uint64_t)1 << 56)
#define WAKE_SYNC     ((uint64_t)2 << 56)
#define WAKE_FEED     ((uint64_t)3 << 56)
#define WAKE_BOX      ((uint64_t)4 << 56)
#define WAKE_HASH     ((uint64_t)5 << 56)
#define WAKE_SNAPSHOT ((uint64_t)6 << 56)
#define WAKE_POWER    ((uint64_t)8 << 56)
#define WAKE_WORK     ((uint64_t)7 << 56) /* nobody does: what goes on by itself, in slices */

struct caller;
struct campaigns_told;
struct exchange;
struct feed;
struct feed_news;
struct release;
struct snapshots;
struct web_power;
#define API_RELEASE_BUCKETS 1024

/* Failed logins of the present minute: some are written down, the rest are summed up. */
struct login_failures {
	int64_t begun; /* by http_clock() */
	unsigned told, untold;
};

/* What serve says of the host's clock. */
enum api_clock { API_CLOCK_UNKNOWN, API_CLOCK_SYNCHRONISED, API_CLOCK_UNSYNCHRONISED };

struct web_api {
	struct fleet *fleet;              /* borrowed, as all pointers of the first block */
	struct http_server *http, *https; /* set once they run */
	struct sync *sync;
	struct escrow_client *escrow;
	struct web_power *power;
	const char *bundles; /* directory */
	const char *recipe;  /* INI text */
	const char *recipe_name;
	const char *url; /* "https://ADDRESS[:PORT]" */
	const struct medium *medium;
	const char *medium_url;
	struct hasher *hasher;
	bool wallboard; /* open to all */
	bool dry_run;   /* no machine is repaired */

	struct addresses scrapers; /* who may see GET /metrics without an account */
	struct self self;

	struct kept progress, board, wire;

	char twin[2 * PLACE_TEXT + 4]; /* another appliance with our id; "": none */
	bool dhcp_ok;
	char dhcp_text[160];
	enum api_clock clock;
	unsigned appliance_changes; /* counts changes of what the appliance object shows */
	unsigned requests_changes;  /* and of the list of requests */
	unsigned feeds;             /* pages connected */
	struct feed *feed;          /* the list of them */
	bool feed_due;              /* a machine changed since the pages were woken */
	int64_t feed_woken;
	unsigned feed_round;         /* grows when pages are told anew */
	struct feed_news *news;      /* what most pages are told this time; NULL: nothing yet */
	struct snapshots *snapshots; /* NULL: nobody has asked yet */
	struct campaigns_told *campaigns;              /* NULL: not looked at yet */
	struct release *releases[API_RELEASE_BUCKETS]; /* sessions waiting for their key */
	struct exchange *exchanges;                    /* boxes that escrow has */
	unsigned exchange_count;
	int64_t tickets; /* given to them so far */
	struct box_limits boxes;
	struct rate first_contacts; /* by address */
	struct rate login_addresses, login_names;
	struct login_failures failures;
	unsigned pass_checks; /* grows when whoever is connected has to be asked for again */
};

/* The fixer's calls. */
void web_api_first_contact(struct http_request *r, struct web_api *a);
void web_api_session_open(struct http_request *r, struct web_api *a);
void web_api_release(struct http_request *r, struct web_api *a);
void web_api_events(struct http_request *r, struct web_api *a);
bool web_api_journal_admit(struct http_request *r, struct web_api *a);
void web_api_journal_put(struct http_request *r, struct web_api *a);
void web_api_journal_get(struct http_request *r, struct web_api *a);
void web_api_result(struct http_request *r, struct web_api *a);

/* The page's calls. */
void web_api_snapshot(struct http_request *r, struct web_api *a);
void web_api_machine(struct http_request *r, struct web_api *a);
void web_api_machine_csv(struct http_request *r, struct web_api *a);
void web_api_bundle(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_sectors(struct http_request *r, struct web_api *a);
void web_api_feed(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_requests(struct http_request *r, struct web_api *a);
void web_api_decide(struct http_request *r, struct web_api *a);
void web_api_enter(struct http_request *r, struct web_api *a);
void web_api_keys_import(struct http_request *r, struct web_api *a, const struct caller *who);

void web_api_appliances(struct http_request *r, struct web_api *a);
/* How far the fleet is; what was heard on the wire. Both kept for a moment, for all pages. */
void web_api_progress(struct http_request *r, struct web_api *a);
void web_api_wire(struct http_request *r, struct web_api *a);
void web_api_appliances_csv(struct http_request *r, struct web_api *a);
/* For Prometheus. */
void web_api_metrics(struct http_request *r, struct web_api *a);
/* People: each has to know who calls. */
void web_api_me(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_login(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_logout(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_own_password(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_setup(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_people(struct http_request *r, struct web_api *a);
void web_api_people_csv(struct http_request *r, struct web_api *a);
void web_api_person_add(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_person_change(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_person_remove(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_tokens(struct http_request *r, struct web_api *a);
void web_api_tokens_csv(struct http_request *r, struct web_api *a);
void web_api_token_add(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_token_remove(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_actions(struct http_request *r, struct web_api *a);
void web_api_actions_csv(struct http_request *r, struct web_api *a);
void web_api_wallboard(struct http_request *r, struct web_api *a);

/* A password was computed. */
void web_api_hashed(struct web_api *a);
/* Accounts may have changed: whoever is connected is asked for again. */
void web_api_passes_changed(struct web_api *a);

/* Machines and inventory. */
void web_api_machines(struct http_request *r, struct web_api *a);
void web_api_machines_csv(struct http_request *r, struct web_api *a);
void web_api_machines_act(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_machine_loader(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_machines_add(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_inventory_import(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_inventory(struct http_request *r, struct web_api *a);
void web_api_inventory_csv(struct http_request *r, struct web_api *a);
void web_api_inventory_remove(struct http_request *r, struct web_api *a, const struct caller *who);

/* Power, by management controllers. */
void web_api_power(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_power_stop(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_power_list(struct http_request *r, struct web_api *a);
void web_api_power_csv(struct http_request *r, struct web_api *a);
void web_api_power_status(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_console(struct http_request *r, struct web_api *a, const struct caller *who);
void web_api_power_looked(void *context, int64_t ticket); /* context: the struct web_api */

/* The appliance object changed (dnsmasq, escrow); the list of requests did. */
void web_api_appliance_changed(struct web_api *a);
void web_api_requests_changed(struct web_api *a);
/* Wakes the pages when something changed, but not more often than they can draw. Returns the ms
 * until something has to be done: 0, http_run() for those woken; -1, nothing until something
 * changes. */
int web_api_feed_run(struct web_api *a, int64_t now);
/* Once a second. */
void web_api_tick(struct web_api *a, int64_t now);
void web_api_free(struct web_api *a);

/* What the escrow client tells (escrow_client.h). */
void web_api_released(struct web_api *a, int64_t session, const struct escrow_release *answer);
void web_api_boxed(struct web_api *a, int64_t ticket, json_t *answer);
void web_api_news(struct web_api *a, const char *session);

#endif

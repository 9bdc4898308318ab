/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web process as one object; for the files of web/ only. */
#ifndef WEB_PROCESS_H
#define WEB_PROCESS_H

#include "appliance/api/power.h"
#include "appliance/fleet/wire.h"
#include "appliance/store/appliances.h"
#include "appliance/web/loop.h"
#include "appliance/web/probe.h"
#include "appliance/web/routes.h"
#include "appliance/web/web.h"
#include "fixer/windows/recipe.h"

struct web {
	const struct web_options *options;
	struct loop *loop;
	struct fleet fleet;
	struct sync sync;
	struct wire wire;
	struct routes_context routes;
	struct http_server *http, *https;
	struct escrow_client *escrow;
	struct probes *probes;
	struct web_power *power;
	struct hasher *hasher;
	struct recipe recipe;
	char recipe_shown[96]; /* its name, and its version when it is not the first */
	char *recipe_text, *cert, *key;
	struct loop_source signals, control, http_source, https_source, hashed;
	int64_t ticked;
	int64_t told_at; /* when the store was told last that this appliance is there */
	struct twin {    /* somebody else who does so with our id */
		char beat[BEAT_TEXT];
		int strange;                  /* foreign beats in a row */
		char who[2 * PLACE_TEXT + 4]; /* "": nobody */
		int64_t seen;
	} twin;
	/* What is tried again each second has failed, and the log says so. */
	bool answers_failed, timers_failed, campaigns_failed, wire_failed, settling_failed;
	bool stop;
};

/* Loads the files, opens the store, takes the ports. On failure err says why; process_end() is due
 * in any case. */
int process_start(struct web *w, const struct web_options *options, struct error *err);
/* What has threads, once the walls are up, which it then stands behind. */
int process_start_threads(struct web *w, struct error *err);
void process_end(struct web *w);

/* What others tell (told.c): callbacks of the loop, of fleet, sync and the escrow client. context
 * is the struct web. */
void told_machines_changed(void *context);
void told_escrow_changed(void *context);
void told_requests_changed(void *context);
void told_released(void *context, int64_t session, const struct escrow_release *answer);
void told_boxed(void *context, int64_t ticket, json_t *answer);
void told_powered(void *context, int64_t ticket, const struct escrow_power *answer);
void told_bmcs_known(void *context, json_t *known);
void told_news(void *context, const char *session);
int told_sync_send(void *context, uint32_t id);
void told_control(void *context, uint32_t events);
void told_hashed(void *context, uint32_t events);
void told_signal(void *context, uint32_t events);

#endif

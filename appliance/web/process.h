/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web process as one object; for the files of web/ only. */
#ifndef WEB_PROCESS_H
#define WEB_PROCESS_H

#include "appliance/store/store.h"
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
	struct routes_context routes;
	struct http_server *http, *https;
	struct escrow_client *escrow;
	struct probes *probes;
	struct recipe recipe;
	char recipe_shown[96]; /* its name, and its version when it is not the first */
	char *recipe_text, *cert, *key;
	struct loop_source signals, control, http_source, https_source;
	int64_t ticked;
	bool stop;
};

/* Loads the files, opens the store, takes the ports. On failure err says why; process_end() is due
 * in any case. */
int process_start(struct web *w, const struct web_options *options, struct error *err);
void process_end(struct web *w);

/* What others tell (told.c): callbacks of the loop, of fleet, sync and the escrow client. context
 * is the struct web. */
void told_machines_changed(void *context);
void told_escrow_changed(void *context);
void told_escrow_answer(void *context, int64_t session, json_t *answer);
int told_sync_send(void *context, uint32_t id);
void told_control(void *context, uint32_t events);
void told_signal(void *context, uint32_t events);

#endif

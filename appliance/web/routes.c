/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/routes.h"
#include "appliance/api/campaigns.h"
#include "appliance/api/gate.h"
#include "appliance/web/openapi.h"

#include <stdio.h>
#include <string.h>

#define HANDLER(name, function, part)                           \
	static void name(struct http_request *r, void *context) \
	{                                                       \
		struct routes_context *c = context;             \
		function(r, &c->part);                          \
	}

HANDLER(boot_entry_handler, boot_entry, boot)
HANDLER(boot_script_handler, boot_script, boot)
HANDLER(boot_kernel_handler, boot_kernel, boot)
HANDLER(boot_initrd_handler, boot_initrd, boot)
HANDLER(boot_medium_handler, boot_medium, boot)
HANDLER(first_contact_handler, web_api_first_contact, api)
HANDLER(boot_program_handler, boot_program, boot)
HANDLER(boot_ipxe_shim_handler, boot_ipxe_shim, boot)
HANDLER(boot_kernel_shim_handler, boot_kernel_shim, boot)
HANDLER(session_open_handler, web_api_session_open, api)
HANDLER(release_handler, web_api_release, api)
HANDLER(events_handler, web_api_events, api)
HANDLER(journal_put_handler, web_api_journal_put, api)
HANDLER(journal_get_handler, web_api_journal_get, api)
HANDLER(result_handler, web_api_result, api)

/* The page's calls, each with the right it takes: LOOK() for those that need not know who calls,
 * ACT() for those that do. */
#define LOOK(name, right, function)                             \
	static void name(struct http_request *r, void *context) \
	{                                                       \
		struct routes_context *c = context;             \
		struct caller who;                              \
		if (gate_admit(r, &c->api, right, &who))        \
			function(r, &c->api);                   \
	}
#define ACT(name, right, function)                              \
	static void name(struct http_request *r, void *context) \
	{                                                       \
		struct routes_context *c = context;             \
		struct caller who;                              \
		if (gate_admit(r, &c->api, right, &who))        \
			function(r, &c->api, &who);             \
	}

LOOK(snapshot_handler, RIGHT_VIEW, web_api_snapshot)
LOOK(machine_handler, RIGHT_VIEW, web_api_machine)
LOOK(machine_csv_handler, RIGHT_VIEW, web_api_machine_csv)
LOOK(appliances_handler, RIGHT_VIEW, web_api_appliances)
LOOK(progress_handler, RIGHT_VIEW, web_api_progress)
LOOK(wire_handler, RIGHT_VIEW, web_api_wire)
LOOK(appliances_csv_handler, RIGHT_VIEW, web_api_appliances_csv)
LOOK(machines_handler, RIGHT_VIEW, web_api_machines)
LOOK(machines_csv_handler, RIGHT_VIEW, web_api_machines_csv)
ACT(bundle_handler, RIGHT_OPERATE, web_api_bundle)
LOOK(sectors_handler, RIGHT_VIEW, web_api_sectors)
ACT(machines_act_handler, RIGHT_OPERATE, web_api_machines_act)
ACT(power_handler, RIGHT_OPERATE, web_api_power)
ACT(power_stop_handler, RIGHT_OPERATE, web_api_power_stop)
LOOK(power_list_handler, RIGHT_VIEW, web_api_power_list)
LOOK(power_csv_handler, RIGHT_VIEW, web_api_power_csv)
ACT(power_status_handler, RIGHT_OPERATE, web_api_power_status)
ACT(console_handler, RIGHT_OPERATE, web_api_console)
ACT(machine_loader_handler, RIGHT_OPERATE, web_api_machine_loader)
ACT(machines_add_handler, RIGHT_OPERATE, web_api_machines_add)
ACT(feed_handler, RIGHT_VIEW, web_api_feed)
ACT(inventory_import_handler, RIGHT_OPERATE, web_api_inventory_import)
LOOK(inventory_handler, RIGHT_VIEW, web_api_inventory)
LOOK(inventory_csv_handler, RIGHT_VIEW, web_api_inventory_csv)
ACT(inventory_remove_handler, RIGHT_OPERATE, web_api_inventory_remove)
LOOK(requests_handler, RIGHT_VIEW, web_api_requests)
LOOK(decide_handler, RIGHT_APPROVE, web_api_decide)
LOOK(enter_handler, RIGHT_APPROVE, web_api_enter)
ACT(keys_import_handler, RIGHT_APPROVE, web_api_keys_import)
LOOK(campaigns_handler, RIGHT_VIEW, web_api_campaigns)
LOOK(campaigns_csv_handler, RIGHT_VIEW, web_api_campaigns_csv)
LOOK(campaign_handler, RIGHT_VIEW, web_api_campaign)
LOOK(campaign_report_handler, RIGHT_VIEW, web_api_campaign_report)
LOOK(campaign_report_json_handler, RIGHT_VIEW, web_api_campaign_report_json)
LOOK(campaign_report_csv_handler, RIGHT_VIEW, web_api_campaign_report_csv)
LOOK(campaign_preview_handler, RIGHT_OPERATE, web_api_campaign_preview)
ACT(campaign_create_handler, RIGHT_OPERATE, web_api_campaign_create)
ACT(campaign_change_handler, RIGHT_OPERATE, web_api_campaign_change)
ACT(campaign_act_handler, RIGHT_OPERATE, web_api_campaign_act)
ACT(campaign_delete_handler, RIGHT_OPERATE, web_api_campaign_delete)

static void metrics_handler(struct http_request *r, void *context)
{
	struct routes_context *c = context;
	struct caller who;

	if (addresses_have(&c->api.scrapers, r->address) ||
	        gate_admit(r, &c->api, RIGHT_VIEW, &who))
		web_api_metrics(r, &c->api);
}
ACT(me_handler, RIGHT_OPEN, web_api_me)
ACT(login_handler, RIGHT_OPEN, web_api_login)
ACT(logout_handler, RIGHT_VIEW, web_api_logout)
ACT(own_password_handler, RIGHT_VIEW, web_api_own_password)
ACT(setup_handler, RIGHT_OPEN, web_api_setup)
LOOK(people_handler, RIGHT_ADMIN, web_api_people)
LOOK(people_csv_handler, RIGHT_ADMIN, web_api_people_csv)
ACT(person_add_handler, RIGHT_ADMIN, web_api_person_add)
ACT(person_change_handler, RIGHT_ADMIN, web_api_person_change)
ACT(person_remove_handler, RIGHT_ADMIN, web_api_person_remove)
LOOK(tokens_handler, RIGHT_ADMIN, web_api_tokens)
LOOK(tokens_csv_handler, RIGHT_ADMIN, web_api_tokens_csv)
ACT(token_add_handler, RIGHT_ADMIN, web_api_token_add)
ACT(token_remove_handler, RIGHT_ADMIN, web_api_token_remove)
LOOK(actions_handler, RIGHT_VIEW, web_api_actions)
LOOK(actions_csv_handler, RIGHT_VIEW, web_api_actions_csv)
LOOK(wallboard_handler, RIGHT_WALL, web_api_wallboard)

static bool journal_admit(struct http_request *r, void *context)
{
	struct routes_context *c = context;

	return web_api_journal_admit(r, &c->api);
}

/* Nobody else makes us hold so much. */
static bool operator_admit(struct http_request *r, void *context)
{
	struct routes_context *c = context;

	return gate_allows(r, &c->api, RIGHT_OPERATE);
}

/* No redirect: a boot loader that strays here must not follow one. */
static void http_root_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;
	char text[200];

	(void)snprintf(text, sizeof(text), "netmend: the status page is at %s/\n", c->url);
	http_reply_text(r, 200, "text/plain; charset=utf-8", text);
}

/* Open to all: it holds no secret, and who writes a client has no account yet. */
static void openapi_handler(struct http_request *r, void *context)
{
	char *text = openapi_text();

	(void)context;
	if (text)
		http_reply_memory(r, 200, "application/json", text, strlen(text));
	else
		http_reply_error(r, 503, REASON_OUT_OF_MEMORY, "no memory");
}

static void page_root_handler(struct http_request *r, void *context)
{
	struct routes_context *c = context;
	bool signed_in = gate_allows(r, &c->api, RIGHT_VIEW);

	http_reply_static(r, c->page, NULL, signed_in ? "fleet.html" : "index.html");
}

static void page_file_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;

	http_reply_static(r, c->page, NULL, r->capture[0]);
}

static void page_version_handler(struct http_request *r, void *context)
{
	const struct routes_context *c = context;

	http_reply_static(r, c->page, r->capture[0], r->capture[1]);
}

#define GET(pattern, handler)                               \
	{                                                   \
		"GET", pattern, BODY_NONE, 0, NULL, handler \
	}
#define POST(pattern, max, handler)                              \
	{                                                        \
		"POST", pattern, BODY_MEMORY, max, NULL, handler \
	}
#define DELETE(pattern, handler)                               \
	{                                                      \
		"DELETE", pattern, BODY_NONE, 0, NULL, handler \
	}
/* A plan and the object around it. */
#define PLAN_BODY (NM_MAX_PLAN + 64)
/* A few names and a password. */
#define PERSON_BODY 4096
/* A box in base64 and the object around it. */
#define BOX_BODY  (NM_MAX_BOX / 3 * 4 + 64)
#define KEYS_BODY (NM_MAX_KEYS_BOX / 3 * 4 + 64)

/* The numbers of every machine there may be. */
#define ACT_BODY (2 * 1024 * 1024)

const struct http_route routes_http[] = {
        GET("/", http_root_handler),
        GET("/boot.ipxe", boot_entry_handler),
        GET("/boot/ipxe", boot_script_handler),
        GET("/boot/vmlinuz", boot_kernel_handler),
        GET("/boot/initrd.img", boot_initrd_handler),
        GET(MEDIUM_PATH, boot_medium_handler),
        GET("/boot/x64/snponly.efi", boot_program_handler),
        GET("/boot/x64/snponly-shim.efi", boot_ipxe_shim_handler),
        GET("/boot/x64/shimx64.efi", boot_kernel_shim_handler),
};
const size_t routes_http_count = sizeof(routes_http) / sizeof(routes_http[0]);

const struct http_route routes_https[] = {
        POST(WIRE_PATH_BOOT, NM_MAX_FIRST_CONTACT, first_contact_handler),
        POST(WIRE_PATH_SESSIONS, NM_MAX_REQUEST_BODY, session_open_handler),
        GET(WIRE_PATH_SESSIONS "/{}/release", release_handler),
        POST(WIRE_PATH_SESSIONS "/{}/events", NM_MAX_REQUEST_BODY, events_handler),
        {"PUT", WIRE_PATH_SESSIONS "/{}/journal", BODY_FILE, NM_MAX_BUNDLE, journal_admit,
                journal_put_handler},
        GET(WIRE_PATH_SESSIONS "/{}/journal", journal_get_handler),
        POST(WIRE_PATH_SESSIONS "/{}/result", NM_MAX_REQUEST_BODY, result_handler),
        GET("/api/v1/snapshot", snapshot_handler),
        GET("/api/v1/machines", machines_handler),
        GET("/api/v1/machines.csv", machines_csv_handler),
        POST("/api/v1/machines", NM_MAX_REQUEST_BODY, machines_add_handler),
        {"POST", "/api/v1/inventory", BODY_MEMORY, NM_MAX_INVENTORY, operator_admit,
                inventory_import_handler},
        GET("/api/v1/inventory", inventory_handler),
        GET("/api/v1/inventory.csv", inventory_csv_handler),
        {"DELETE", "/api/v1/inventory/{}", BODY_NONE, 0, NULL, inventory_remove_handler},
        {"POST", "/api/v1/machines/act", BODY_MEMORY, ACT_BODY, operator_admit,
                machines_act_handler},
        GET("/api/v1/machines/{}", machine_handler),
        POST("/api/v1/machines/{}/loader", PERSON_BODY, machine_loader_handler),
        POST("/api/v1/machines/{}/power-status", PERSON_BODY, power_status_handler),
        POST("/api/v1/machines/{}/console", PERSON_BODY, console_handler),
        {"POST", "/api/v1/power", BODY_MEMORY, ACT_BODY, operator_admit, power_handler},
        {"POST", "/api/v1/power/stop", BODY_MEMORY, ACT_BODY, operator_admit, power_stop_handler},
        GET("/api/v1/power", power_list_handler),
        GET("/api/v1/power.csv", power_csv_handler),
        GET("/api/v1/machines/{}/timeline.csv", machine_csv_handler),
        GET("/api/v1/machines/{}/bundles/{}", bundle_handler),
        GET("/api/v1/machines/{}/bundles/{}/sectors", sectors_handler),
        GET("/api/v1/events", feed_handler),
        GET("/api/v1/release", requests_handler),
        POST("/api/v1/release/decide", BOX_BODY, decide_handler),
        POST("/api/v1/release/enter", BOX_BODY, enter_handler),
        POST("/api/v1/keys/import", KEYS_BODY, keys_import_handler),
        GET("/api/v1/appliances", appliances_handler),
        GET("/api/v1/progress", progress_handler),
        GET("/api/v1/wire", wire_handler),
        GET("/api/v1/appliances.csv", appliances_csv_handler),
        GET("/metrics", metrics_handler),
        GET("/api/v1/openapi.json", openapi_handler),
        GET("/api/v1/campaigns", campaigns_handler),
        GET("/api/v1/campaigns.csv", campaigns_csv_handler),
        POST("/api/v1/campaigns", PLAN_BODY, campaign_create_handler),
        POST("/api/v1/campaigns/preview", PLAN_BODY, campaign_preview_handler),
        GET("/api/v1/campaigns/{}", campaign_handler),
        POST("/api/v1/campaigns/{}", PLAN_BODY, campaign_change_handler),
        DELETE("/api/v1/campaigns/{}", campaign_delete_handler),
        POST("/api/v1/campaigns/{}/act", NM_MAX_REQUEST_BODY, campaign_act_handler),
        GET("/api/v1/campaigns/{}/report", campaign_report_handler),
        GET("/api/v1/campaigns/{}/report.json", campaign_report_json_handler),
        GET("/api/v1/campaigns/{}/report.csv", campaign_report_csv_handler),
        GET("/api/v1/me", me_handler),
        POST("/api/v1/login", PERSON_BODY, login_handler),
        POST("/api/v1/logout", PERSON_BODY, logout_handler),
        POST("/api/v1/me/password", PERSON_BODY, own_password_handler),
        POST("/api/v1/setup", PERSON_BODY, setup_handler),
        GET("/api/v1/people", people_handler),
        GET("/api/v1/people.csv", people_csv_handler),
        POST("/api/v1/people", PERSON_BODY, person_add_handler),
        POST("/api/v1/people/{}", PERSON_BODY, person_change_handler),
        DELETE("/api/v1/people/{}", person_remove_handler),
        GET("/api/v1/tokens", tokens_handler),
        GET("/api/v1/tokens.csv", tokens_csv_handler),
        POST("/api/v1/tokens", PERSON_BODY, token_add_handler),
        DELETE("/api/v1/tokens/{}", token_remove_handler),
        GET("/api/v1/actions", actions_handler),
        GET("/api/v1/actions.csv", actions_csv_handler),
        GET("/api/v1/wallboard", wallboard_handler),
        GET("/", page_root_handler),
        GET("/setup", page_root_handler), /* the set-up link: what is behind its # the page reads */
        GET("/page/{}", page_file_handler),
        GET("/page/{}/{}", page_version_handler),
};
const size_t routes_https_count = sizeof(routes_https) / sizeof(routes_https[0]);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redfish (DMTF DSP0266): login, who it is, and the machine's power. */
#include "appliance/power/redfish_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT          "/redfish/v1/"
#define LOGOUT_MS     5000
#define SESSIONS_PATH "/redfish/v1/SessionService/Sessions"

/* ---- login ---- */

static void log_out(struct redfish *b, int64_t deadline)
{
	const struct redfish_request q = {.method = "DELETE", .path = b->session};
	int64_t end = power_clock() + LOGOUT_MS;
	struct error ignored = {0};

	if (b->session[0])
		(void)redfish_ask(b, &q, deadline < end ? deadline : end, NULL, NULL, &ignored);
	b->session[0] = '\0';
}

/* The service's own session: password and all in one POST. 1: it has none, and Basic is used. */
static int log_in(struct redfish *b, const char *sessions, int64_t deadline, struct error *err)
{
	const struct power_target *t = b->target;
	json_t *body = json_pack(
	        "{s:s, s:s}", "UserName", t->user, "Password", (const char *)t->password->data);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	const struct bmc_call call = {.method = "POST",
	        .path = sessions,
	        .body = text,
	        .without_login = true,
	        .max = NM_MAX_BMC_ANSWER,
	        .deadline = deadline};
	struct bmc_answer a = {0};

	json_decref(body);
	if (!text)
		return error_set(err, -EINVAL, REASON_POWER_LOGIN,
		        "%s: user or password are no UTF-8", t->address);
	int r = bmc_https_call(b->https, &call, &a, err);
	free(text);
	if (r < 0)
		return r;
	if (a.status == 401 || a.status == 400 || a.status == 403)
		r = error_set(err, -EACCES, REASON_POWER_LOGIN,
		        "%s: Redfish user or password refused (user \"%s\")", t->address, t->user);
	else if (a.status >= 200 && a.status < 300 && a.token[0]) {
		json_t *said = json_loadb(a.body, a.len, JSON_REJECT_DUPLICATES, NULL);
		json_t *at = json_pack("{s:s}", "to", a.location);
		(void)snprintf(b->token, sizeof(b->token), "%s", a.token);
		/* Where it is: the header, or the session's own name. */
		if (redfish_link(at, "to", b->session) < 0)
			(void)redfish_link(said, "@odata.id", b->session);
		json_decref(at);
		json_decref(said);
	} else
		r = 1;
	bmc_answer_clear(&a);
	return r;
}

/* ---- finding the machine ---- */

/* The only member of a collection: which of several is meant nobody can tell. 0, 1: none. */
static int only_member(struct redfish *b, const char *path, const char *what, int64_t deadline,
        char ret[REDFISH_PATH], struct error *err)
{
	json_t *list = NULL;
	int r = redfish_get(b, path, deadline, &list, NULL, err);

	if (r < 0)
		return r;
	const json_t *members = json_object_get(list, "Members");
	size_t count = json_array_size(members);
	if (count > 1)
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: there are %zu %s behind this controller: give the address of the "
		        "machine's own one",
		        b->target->address, count, what);
	else if (count == 0)
		r = 1;
	else if (redfish_link(json_array_get(members, 0), "@odata.id", ret) < 0)
		r = redfish_bad(b, "its list of systems makes no sense", err);
	json_decref(list);
	return r;
}

static int find_machine(struct redfish *b, const json_t *root, int64_t deadline, struct error *err)
{
	char path[REDFISH_PATH];
	json_t *system = NULL;

	if (redfish_child(root, "Systems", path) < 0)
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: its Redfish service knows no systems", b->target->address);
	int r = only_member(b, path, "systems", deadline, b->system, err);
	if (r == 1)
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: its Redfish service has no system", b->target->address);
	/* Without the one manager there are no media and no version, and everything else. */
	struct error ignored = {0};
	if (r == 0 && redfish_child(root, "Managers", path) == 0 &&
	        only_member(b, path, "managers", deadline, b->manager, &ignored) != 0)
		b->manager[0] = '\0';
	if (r == 0)
		r = redfish_get(b, b->system, deadline, &system, NULL, err);
	if (r == 0) {
		const char *vendor = redfish_text(root, "Vendor");
		quirks_of(vendor[0] ? vendor : redfish_text(system, "Manufacturer"),
		        redfish_text(system, "Model"), &b->quirks);
		text_clean(b->service_vendor, sizeof(b->service_vendor), vendor);
	}
	json_decref(system);
	return r;
}

/* The root is open to everybody: that it is there at all is known before anything is sent to it. */
static int start(struct redfish *b, int64_t deadline, struct error *err)
{
	char sessions[REDFISH_PATH] = SESSIONS_PATH;
	json_t *root = NULL;
	struct bmc_answer a = {0};
	const struct bmc_call call = {.method = "GET",
	        .path = ROOT,
	        .without_login = true,
	        .max = NM_MAX_BMC_ANSWER,
	        .deadline = deadline};

	int r = bmc_https_call(b->https, &call, &a, err);
	if (r < 0)
		return r;
	root = a.status == 200 ? json_loadb(a.body, a.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bmc_answer_clear(&a);
	if (!json_object_get(root, "RedfishVersion") && !json_object_get(root, "Systems"))
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: what answers there is no Redfish service", b->target->address);
	if (r == 0) {
		(void)redfish_child(json_object_get(root, "Links"), "Sessions", sessions);
		r = log_in(b, sessions, deadline, err);
	}
	if (r >= 0)
		r = find_machine(b, root, deadline, err);
	json_decref(root);
	return r;
}

static void redfish_close(void *bmc, int64_t deadline)
{
	struct redfish *b = bmc;

	if (!b)
		return;
	log_out(b, deadline);
	bmc_https_free(b->https);
	secret_wipe(b, sizeof(*b));
	free(b);
}

static int redfish_open(
        const struct power_target *t, int64_t deadline, void **ret, struct error *err)
{
	struct redfish *b = calloc(1, sizeof(*b));

	if (!b)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	b->target = t;
	int r = bmc_https_new(
	        t, true, t->port ? t->port : power_redfish.port, HTTPS_LOGIN_BASIC, &b->https);
	if (r == -EINVAL)
		r = error_set(err, r, REASON_POWER_UNREACHABLE,
		        "\"%s\" is neither a host's name nor an IP address", t->address);
	else if (r < 0)
		r = error_set(err, r, REASON_OUT_OF_MEMORY, "no memory");
	if (r == 0)
		r = start(b, deadline, err);
	if (r < 0) {
		redfish_close(b, deadline);
		return r;
	}
	*ret = b;
	return 0;
}

/* ---- who it is ---- */

static int redfish_identify(
        void *bmc, int64_t deadline, struct power_identity *ret, struct error *err)
{
	struct redfish *b = bmc;
	json_t *system = NULL, *manager = NULL;
	struct error ignored = {0};
	int r = redfish_get(b, b->system, deadline, &system, NULL, err);

	*ret = (struct power_identity){0};
	if (r < 0)
		return r;
	if (b->manager[0])
		(void)redfish_get(b, b->manager, deadline, &manager, NULL, &ignored);
	const char *maker = redfish_text(system, "Manufacturer");
	text_clean(ret->vendor, sizeof(ret->vendor), maker[0] ? maker : b->service_vendor);
	text_clean(ret->product, sizeof(ret->product), redfish_text(system, "Model"));
	text_clean(ret->firmware, sizeof(ret->firmware), redfish_text(manager, "FirmwareVersion"));
	text_clean(ret->uuid, sizeof(ret->uuid), redfish_text(system, "UUID"));
	text_clean(ret->serial, sizeof(ret->serial), redfish_text(system, "SerialNumber"));
	(void)snprintf(ret->pin, sizeof(ret->pin), "%s", bmc_https_pin(b->https));
	json_decref(manager);
	json_decref(system);
	return 0;
}

/* ---- power ---- */

/* "PoweringOn" and the like are on their way. */
static enum power_state state_of(const json_t *system)
{
	const char *text = redfish_text(system, "PowerState");

	if (strcmp(text, "On") == 0)
		return POWER_ON;
	return strcmp(text, "Off") == 0 ? POWER_OFF : POWER_UNKNOWN;
}

static int redfish_status(void *bmc, int64_t deadline, enum power_state *ret, struct error *err)
{
	struct redfish *b = bmc;
	json_t *system = NULL;
	int r = redfish_get(b, b->system, deadline, &system, NULL, err);

	if (r == 0)
		*ret = state_of(system);
	json_decref(system);
	return r;
}

/* What the service calls it; NULL: it cannot. */
static const char *reset_type(const json_t *action, enum power_act act, enum power_state is)
{
	static const char *const names[][3] = {[POWER_ACT_ON] = {"On", "ForceOn", NULL},
	        [POWER_ACT_OFF] = {"ForceOff", NULL, NULL},
	        [POWER_ACT_CYCLE] = {"PowerCycle", "ForceRestart", NULL}};
	static const json_t *const unlisted = NULL;

	if (act == POWER_ACT_CYCLE && is == POWER_OFF)
		act = POWER_ACT_ON;
	/* Few have PowerCycle: where there is no list it is not tried. */
	if (act == POWER_ACT_CYCLE &&
	        json_object_get(action, "ResetType@Redfish.AllowableValues") == unlisted)
		return "ForceRestart";
	for (size_t i = 0; i < 3 && names[act][i]; i++)
		if (redfish_allows(action, "ResetType", names[act][i]))
			return names[act][i];
	return NULL;
}

static int redfish_control(void *bmc, int64_t deadline, enum power_act act, struct error *err)
{
	struct redfish *b = bmc;
	char path[REDFISH_PATH];
	json_t *system = NULL;
	int r = redfish_get(b, b->system, deadline, &system, NULL, err);

	if (r < 0)
		return r;
	const json_t *action =
	        json_object_get(json_object_get(system, "Actions"), "#ComputerSystem.Reset");
	const char *type = reset_type(action, act, state_of(system));
	if (!type || redfish_link(action, "target", path) < 0)
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: it cannot switch this machine's power so", b->target->address);
	const struct redfish_request q = {.method = "POST",
	        .path = path,
	        .body = r == 0 ? json_pack("{s:s}", "ResetType", type) : NULL,
	        .act = true};
	if (r == 0)
		r = redfish_ask(b, &q, deadline, NULL, NULL, err);
	json_decref(system);
	return r;
}

const struct power_ops power_redfish = {
        .type = "redfish",
        .port = 443,
        .open = redfish_open,
        .close = redfish_close,
        .identify = redfish_identify,
        .status = redfish_status,
        .boot_set = redfish_boot_set,
        .boot_get = redfish_boot_get,
        .control = redfish_control,
        .insert = redfish_insert,
        .eject = redfish_eject,
};

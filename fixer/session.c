/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/session.h"
#include "fixer/base/log.h"
#include "fixer/base/screen.h"
#include "fixer/link/clock.h"
#include "fixer/machine/sysfs.h"
#include "fixer/session_internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The appliance (or what stands in its place) does not want this session. Where a new boot gives
 * new parameters or a later answer, the machine comes back by itself. */
static int refused(struct session *s, const struct error *err)
{
	session_show_reason(s, err->reason, err->text);
	switch (err->reason) {
	case REASON_TOKEN_INVALID:
	case REASON_TOKEN_USED:
	case REASON_TOKEN_EXPIRED:
	case REASON_TOKEN_OTHER_ADDRESS:
	case REASON_PIN_MISMATCH:
	case REASON_HELD:
	case REASON_NOT_IN_SCOPE:
	case REASON_SERVED_TOO_OFTEN:
		(void)sleep(s->env->refused_wait);
		return SESSION_REBOOT;
	default:
		return SESSION_HOLD;
	}
}

static int read_parameters(struct session *s, struct error *err)
{
	char text[4096] = "";
	int n = sysfs_bytes("", s->env->cmdline, text, sizeof(text) - 1);

	if (n < 0)
		return error_set(err, n, REASON_BAD_BOOT_PARAMETERS, "cannot read %s: %s",
		        s->env->cmdline, strerror(-n));
	n = bootparams_parse(text, &s->params, err);
	if (n == 0 && !bootparams_whole(&s->params))
		return error_set(err, -EINVAL, REASON_BAD_BOOT_PARAMETERS,
		        "%s: no address, or no appliance", s->env->cmdline);
	return n;
}

static void show_machine(const struct session *s)
{
	char line[3 * NM_MAX_NAME + 64];
	const char *name = s->open.machine[0] ? s->open.machine : s->machine.product;

	int n = snprintf(
	        line, sizeof(line), "%s  %s  %s", name, s->machine.serial, s->params.address);
	if (s->open.attempt > 1)
		(void)snprintf(line + n, sizeof(line) - (size_t)n, "  attempt %u", s->open.attempt);
	screen_machine(line);
}

static int make_key_pair(struct session *s, struct error *err)
{
	_Static_assert(sizeof(s->public_key) == crypto_box_PUBLICKEYBYTES, "X25519");

	s->private_key = secret_new(crypto_box_SECRETKEYBYTES);
	if (!s->private_key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for a key");
	(void)crypto_box_keypair(s->public_key, s->private_key->data);
	return 0;
}

/* What was found, and each disk and volume that cannot be worked on. */
static void tell_inventory(struct session *s)
{
	char text[NM_MAX_EVENT_TEXT], name[64];

	(void)snprintf(
	        text, sizeof(text), "%zu disks, %zu volumes", s->disk_count, s->volume_count);
	session_tell(s, "running", "inventory", REASON_OK, text,
	        json_pack("{s:I, s:I}", "disks", (json_int_t)s->disk_count, "volumes",
	                (json_int_t)s->volume_count));
	if (s->controllers.reason != REASON_NO_DISK)
		session_tell(s, "running", "inventory", s->controllers.reason, s->controllers.text,
		        NULL);
	if (s->controllers.network[0]) {
		(void)snprintf(text, sizeof(text), "network cards without driver: %s",
		        s->controllers.network);
		session_tell(s, "running", "inventory", REASON_NO_NIC, text, NULL);
	}
	for (size_t i = 0; i < s->disk_count; i++) {
		const struct session_disk *d = &s->disks[i];
		if (d->reason != REASON_OK)
			session_tell(s, "running", "inventory", d->reason, d->text, NULL);
		else if (d->info.usb)
			session_tell(s, "running", "inventory", REASON_OK,
			        "one of the disks is on a USB port", NULL);
	}
	for (size_t i = 0; i < s->volume_count; i++) {
		const struct session_volume *v = &s->volumes[i];
		if (v->reason == REASON_OK)
			continue;
		session_volume_name(s, v, name);
		(void)snprintf(text, sizeof(text), "%s: %s", name, v->text);
		session_tell(s, "running", "inventory", v->reason, text, NULL);
	}
}

static int open_session(struct session *s, struct error *err)
{
	session_show(s, "ASKING THE APPLIANCE", s->params.url);
	json_t *body = session_request(s);
	if (!body)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the request");
	int r = api_session_open(s->api, body, &s->open, err);
	json_decref(body);
	if (r < 0)
		return r;
	s->timing.session = uptime_ms();
	show_machine(s);
	return 0;
}

/* Everything until the disks are as they shall be. A failure is kept for the result. */
static void work(struct session *s)
{
	if (recipe_parse(s->open.recipe, strlen(s->open.recipe), &s->recipe, &s->failure) < 0)
		return;
	if (session_complete_pending(s, &s->failure) < 0)
		return;
	session_release(s);
	session_repair(s);
}

/* The reasons that leave this boot nothing more to do: the appliance answers them with `reboot`. */
static bool goes_back(enum reason reason)
{
	return strcmp(reason_severity(reason), "ok") == 0 || reason == REASON_OUTSIDE_WINDOW ||
	       reason == REASON_OTHER_CONTENT;
}

/* Windows next, when there is nothing against it; otherwise the boot order stays as it is. */
static enum bootnext prepare_boot(struct session *s, enum reason reason)
{
	struct error err = {0};

	if (!goes_back(reason))
		return BOOTNEXT_NOT_NEEDED;
	bool repaired = repair_is_done(reason) || reason == REASON_COMPLETED_PENDING;
	enum bootnext b = bootnext_to_windows(s->env->sys, &err);
	session_tell(s, repaired ? "repaired" : "running", "bootnext", REASON_OK,
	        b == BOOTNEXT_FAILED ? err.text : bootnext_name(b), NULL);
	return b;
}

static int report(struct session *s)
{
	static const int exits[] = {
	        [NEXT_REBOOT] = SESSION_REBOOT,
	        [NEXT_HOLD] = SESSION_HOLD,
	        [NEXT_AGAIN] = SESSION_AGAIN,
	};
	const char *text;
	char crash[NM_MAX_EVENT_TEXT];
	struct api_next next;
	struct error err = {0};

	enum reason reason = session_verdict(s, &text);
	enum bootnext boot_next = prepare_boot(s, reason);
	session_show_reason(s, reason, text);
	session_evidence_words(s, crash, sizeof(crash));
	if (crash[0])
		screen_line("%s", crash);
	if (s->safe_mode > SAFE_MODE_NONE) {
		screen_line("Windows is set to start in safe mode (%s). In that Windows:",
		        safe_mode_name(s->safe_mode));
		screen_line("%s", SAFE_MODE_END);
	}
	/* From here on the appliance hears the result and nothing after it. */
	heartbeat_stop(s->heartbeat);
	s->heartbeat = NULL;
	api_events_flush(s->api);
	json_t *body = session_result(s, reason, text, boot_next);
	int r = body ? api_result(s->api, body, &next, &err)
	             : error_set(&err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the result");
	json_decref(body);
	if (r < 0)
		return refused(s, &err);
	if (next.text[0])
		screen_line("%s", next.text);
	return exits[next.step];
}

static int run(struct session *s)
{
	struct error err = {0};
	bool go_on;

	s->timing.init = uptime_ms();
	machine_identity_read(s->env->sys, &s->machine);
	show_machine(s); /* also above a refusal of the parameters */
	if (read_parameters(s, &err) < 0)
		return refused(s, &err);
	show_machine(s);
	if (heartbeat_start(s->params.url, s->params.pin, &s->heartbeat, &err) < 0)
		log_warning("no heartbeat: %s", err.text); /* the repair is worth more */
	s->hooks = session_hooks(s);
	if (api_new(s->params.url, s->params.pin, &s->hooks, &s->api, &err) < 0)
		return refused(s, &err);
	if (session_first_contact(s, &go_on, &err) < 0)
		return refused(s, &err);
	if (!go_on)
		return SESSION_REBOOT;
	session_show(s, "LOOKING AT THE DISKS", "");
	session_inventory(s);
	tell_inventory(s);
	if (make_key_pair(s, &err) < 0 || open_session(s, &err) < 0)
		return refused(s, &err);
	api_events_flush(s->api);
	work(s);
	session_safe_mode(s);
	session_evidence(s);
	return report(s);
}

int session_run_env(const struct session_env *env)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		screen_reason(REASON_OUT_OF_MEMORY, "no memory for a session");
		return SESSION_HOLD;
	}
	s->env = env;
	int code = run(s);
	heartbeat_stop(s->heartbeat);
	api_free(s->api);
	api_session_clear(&s->open);
	session_inventory_clear(s);
	secret_free(s->private_key);
	secret_wipe(s->params.token, sizeof(s->params.token));
	free(s);
	return code;
}

int session_run(void)
{
	const struct session_env machine = {
	        /* init's has what DHCP added. */
	        .cmdline = access(BOOTPARAMS_FOUND, F_OK) == 0 ? BOOTPARAMS_FOUND : "/proc/cmdline",
	        .boot_id = "/proc/sys/kernel/random/boot_id",
	        .sys = "/sys",
	        .dev = "/dev",
	        .refused_wait = 20,
	};
	screen_open();
	return session_run_env(&machine);
}

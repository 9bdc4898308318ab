/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which boot program a machine's firmware gets, as a person says. */
#include "appliance/fleet/loader.h"
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/operator.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *title;
} loaders[] = {[MACHINE_LOADER_AUTO] = {"auto", "what the appliance gives all"},
        [MACHINE_LOADER_IPXE] = {"ipxe", "iPXE"},
        [MACHINE_LOADER_SHIM] = {"shim", "shim"}};
#define LOADERS (sizeof(loaders) / sizeof(loaders[0]))

const char *loader_name(enum machine_loader loader)
{
	return (size_t)loader < LOADERS ? loaders[loader].name : loaders[0].name;
}

const char *loader_title(enum machine_loader loader)
{
	return (size_t)loader < LOADERS ? loaders[loader].title : loaders[0].title;
}

int fleet_loader_parse(const char *name)
{
	for (size_t i = 0; i < LOADERS; i++)
		if (strcmp(name, loaders[i].name) == 0)
			return (int)i;
	return -1;
}

json_t *loader_object(enum machine_loader first, const struct machine *m)
{
	char model[MODEL_TEXT];

	machine_model(m, model);
	return json_pack("{s:s, s:s, s:s, s:s, s:i}", "chosen", loader_name(m->loader),
	        "model_name", model, "model", loader_name(m->model_loader), "effective",
	        loader_name(loader_effective(first, m)), "flips", m->flips);
}

static int record(struct store *s, const struct actor *by, int64_t now, const char *kind,
        const char *object, enum machine_loader loader)
{
	struct store_action action = {.at = now, .actor = *by, .verb = "loader"};

	(void)snprintf(action.kind, sizeof(action.kind), "%s", kind);
	text_clean(action.object, sizeof(action.object), object);
	(void)snprintf(action.text, sizeof(action.text), "%s", loader_name(loader));
	return store_action_add(s, &action);
}

static int choose(
        struct store *s, const struct actor *by, int64_t machine, enum machine_loader loader)
{
	struct machine m;
	char text[NM_MAX_EVENT_TEXT + 1], name[NM_MAX_NAME + 1];
	int64_t now = fleet_clock();
	int r = store_machine_get(s, machine, &m);

	if (r < 0)
		return r;
	m.loader = loader;
	loader_forget(&m);
	(void)snprintf(text, sizeof(text), "boots by %s%s%s%s", loader_title(loader),
	        by->name[0] ? " (" : "", by->name, by->name[0] ? ")" : "");
	if (m.reason == REASON_LOADER_FAILED) {
		r = change_state(s, &m, now, STATE_seen, REASON_OK, "operator", text);
	} else {
		r = store_machine_save(s, &m);
		if (r == 0)
			r = change_note(s, &m, now, m.reason, "operator", text);
	}
	fleet_machine_name(&m, name);
	return r < 0 ? r : record(s, by, now, "machine", name, loader);
}

int fleet_choose_loader(
        struct store *s, const struct actor *by, int64_t machine, enum machine_loader loader)
{
	int r = store_begin(s, true);

	return r < 0 ? r : change_end(s, choose(s, by, machine, loader));
}

/* As machine_model() has them. */
static int model_normalise(const char *text, char ret[MODEL_TEXT])
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0 || len >= MODEL_TEXT)
		return -EINVAL;
	memcpy(ret, text, len);
	ret[len] = 0;
	for (const char *p = ret; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return -EINVAL;
	return 0;
}

int fleet_choose_model_loader(struct store *s, const struct actor *by, const char *model,
        enum machine_loader loader, int64_t *ret_known)
{
	char name[MODEL_TEXT];
	int64_t known = 0;
	int r = model_normalise(model, name);

	if (r == 0)
		r = store_begin(s, true);
	if (r < 0)
		return r;
	r = store_model_set(s, name, loader);
	if (r == 0)
		r = record(s, by, fleet_clock(), "model", name, loader);
	if (r == 0)
		r = store_model_count(s, name, &known);
	r = change_end(s, r);
	if (r == 0)
		*ret_known = known;
	return r;
}

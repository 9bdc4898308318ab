/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/resolve.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>

struct resolver {
	struct kmod_ctx *kmod;
	struct module_set set;
	unsigned group;
	struct error *err;
};

static int add_module(struct resolver *r, struct kmod_module *mod, unsigned *ret_index);

static int add_need(struct resolver *r, unsigned index, struct kmod_module *needed)
{
	unsigned need;

	if (!kmod_module_get_path(needed))
		return 0; /* built in */
	int e = add_module(r, needed, &need);
	if (e < 0 || need == index)
		return e;
	struct module *m = &r->set.modules[index];
	for (unsigned i = 0; i < m->need_count; i++)
		if (m->needs[i] == need)
			return 0;
	unsigned *needs = realloc(m->needs, (m->need_count + 1) * sizeof(*needs));
	if (!needs)
		return -ENOMEM;
	m->needs = needs;
	needs[m->need_count++] = need;
	return 0;
}

static int add_needs(struct resolver *r, unsigned index, struct kmod_list *list)
{
	struct kmod_list *item;
	int e = 0;

	kmod_list_foreach(item, list)
	{
		struct kmod_module *needed = kmod_module_get_module(item);
		if (e == 0)
			e = add_need(r, index, needed);
		kmod_module_unref(needed);
	}
	return e;
}

/* text: "pre: a b post: c". What comes after ("post:") only ever adds features no driver of ours
 * needs; a name the kernel does not have is as good as absent, since the dependency is soft. */
static int add_soft_needs(struct resolver *r, unsigned index, const char *text)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy, *word;
	bool before = false;
	int e = copy ? 0 : -ENOMEM;

	while (e == 0 && (word = strsep(&rest, " "))) {
		size_t len = strlen(word);
		struct kmod_list *found = NULL;
		if (len > 0 && word[len - 1] == ':')
			before = strcmp(word, "pre:") == 0;
		else if (len > 0 && before &&
		         kmod_module_new_from_lookup(r->kmod, word, &found) >= 0)
			e = add_needs(r, index, found);
		kmod_module_unref_list(found);
	}
	return e;
}

static int add_alias(struct module *m, const char *pattern)
{
	if (!strchr(pattern, ':'))
		return 0; /* names for modprobe, not for devices */
	char **aliases = realloc(m->aliases, (m->alias_count + 1) * sizeof(*aliases));
	if (!aliases)
		return -ENOMEM;
	m->aliases = aliases;
	aliases[m->alias_count] = strdup(pattern);
	if (!aliases[m->alias_count])
		return -ENOMEM;
	m->alias_count++;
	return 0;
}

static int add_info(struct resolver *r, unsigned index, struct kmod_module *mod)
{
	struct kmod_list *info = NULL, *item;
	int e = kmod_module_get_info(mod, &info);

	if (e < 0)
		return e;
	e = 0;
	kmod_list_foreach(item, info)
	{
		const char *key = kmod_module_info_get_key(item);
		const char *value = kmod_module_info_get_value(item);
		if (e == 0 && strcmp(key, "alias") == 0)
			e = add_alias(&r->set.modules[index], value);
		if (e == 0 && strcmp(key, "softdep") == 0)
			e = add_soft_needs(r, index, value);
	}
	kmod_module_info_free_list(info);
	return e;
}

static int append_module(struct resolver *r, struct kmod_module *mod)
{
	struct module_set *set = &r->set;
	struct module *modules = realloc(set->modules, (set->count + 1) * sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	set->modules = modules;
	struct module m = {.name = strdup(kmod_module_get_name(mod)),
	        .path = strdup(kmod_module_get_path(mod)),
	        .group = r->group};
	modules[set->count++] = m;
	return m.name && m.path ? 0 : -ENOMEM;
}

/* Adds mod, which is not built in, with all it needs. */
static int add_module(struct resolver *r, struct kmod_module *mod, unsigned *ret_index)
{
	for (unsigned i = 0; i < r->set.count; i++)
		if (strcmp(r->set.modules[i].name, kmod_module_get_name(mod)) == 0) {
			*ret_index = i;
			return 0;
		}
	unsigned index = r->set.count;
	int e = append_module(r, mod);
	if (e < 0)
		return e;
	struct kmod_list *needs = kmod_module_get_dependencies(mod);
	e = add_needs(r, index, needs);
	kmod_module_unref_list(needs);
	if (e == 0)
		e = add_info(r, index, mod);
	if (e == 0)
		*ret_index = index;
	return e;
}

static int add_listed(struct resolver *r, const struct list_item *item)
{
	struct kmod_list *found = NULL;
	unsigned index;
	int e = kmod_module_new_from_lookup(r->kmod, item->name, &found);

	if (e < 0 || !found) {
		kmod_module_unref_list(found);
		return error_set(r->err, -ENOENT, REASON_USAGE,
		        "line %u: this kernel has no module %s", item->line, item->name);
	}
	struct kmod_module *mod = kmod_module_get_module(found);
	r->group = item->group;
	if (strcmp(kmod_module_get_name(mod), item->name) != 0)
		e = error_set(r->err, -ENOENT, REASON_USAGE, "line %u: %s is an alias: write %s",
		        item->line, item->name, kmod_module_get_name(mod));
	else if (kmod_module_get_path(mod))
		e = add_module(r, mod, &index);
	else
		e = 0;
	kmod_module_unref(mod);
	kmod_module_unref_list(found);
	return e;
}

int module_set_resolve(const char *directory, const struct module_list *list,
        struct module_set *ret, struct error *err)
{
	const char *const no_config[] = {NULL};
	struct resolver r = {.kmod = kmod_new(directory, no_config), .err = err};
	int e = 0;

	if (!r.kmod)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "libkmod does not start");
	if (kmod_load_resources(r.kmod) < 0)
		e = error_set(err, -ENOENT, REASON_CANNOT_OPEN,
		        "%.200s holds no kernel's modules: give --kernel-modules "
		        "/lib/modules/VERSION",
		        directory);
	for (size_t i = 0; i < list->item_count && e == 0; i++)
		if (!list->items[i].is_firmware && !list->items[i].left_out)
			e = add_listed(&r, &list->items[i]);
	kmod_unref(r.kmod);
	if (e < 0) {
		if (err && err->code == 0)
			error_set(err, e, REASON_INTERNAL, "%.200s: %s", directory, strerror(-e));
		module_set_free(&r.set);
		return e;
	}
	*ret = r.set;
	return 0;
}

void module_set_free(struct module_set *set)
{
	for (unsigned i = 0; i < set->count; i++) {
		struct module *m = &set->modules[i];
		for (unsigned j = 0; j < m->alias_count; j++)
			free(m->aliases[j]);
		free(m->aliases);
		free(m->needs);
		free(m->name);
		free(m->path);
	}
	free(set->modules);
	*set = (struct module_set){0};
}

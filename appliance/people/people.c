/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/people/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int people_name(const char *text, char ret[PLACE_TEXT])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._@-";
	char name[PLACE_TEXT];
	size_t len = strlen(text);

	if (len == 0 || len >= sizeof(name))
		return -EINVAL;
	for (size_t i = 0; i <= len; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	if (name[strspn(name, letters)] != 0)
		return -EINVAL;
	memcpy(ret, name, len + 1);
	return 0;
}

void people_appliance(struct actor *ret)
{
	*ret = (struct actor){.name = "appliance", .role = "appliance", .via = "appliance"};
}

int people_end(struct store *s, int r, const struct actor *actor, int64_t now, const char *verb,
        const char *kind, const char *object, const char *text)
{
	struct store_action action = {.at = now, .actor = *actor};

	(void)snprintf(action.verb, sizeof(action.verb), "%s", verb);
	(void)snprintf(action.kind, sizeof(action.kind), "%s", kind);
	(void)snprintf(action.object, sizeof(action.object), "%s", object);
	(void)snprintf(action.text, sizeof(action.text), "%s", text);
	if (r == 0)
		r = store_action_add(s, &action);
	if (r == 0)
		return store_commit(s);
	store_rollback(s);
	return r;
}

int people_add(struct store *s, const struct actor *actor, int64_t now, const char *name,
        enum role role, const char *hash, int64_t *ret_id)
{
	struct person p = {.role = role, .created = now};
	int64_t count, id = 0;

	(void)snprintf(p.name, sizeof(p.name), "%s", name);
	(void)snprintf(p.password, sizeof(p.password), "%s", hash);
	(void)snprintf(p.created_by, sizeof(p.created_by), "%s", actor->name);
	int r = store_begin(s, true);
	if (r < 0)
		return r;
	r = store_people_count(s, &count);
	if (r == 0 && count >= NM_MAX_PEOPLE)
		r = -ENOSPC;
	if (r == 0)
		r = store_person_add(s, &p, &id);
	/* The link is for the first account alone. */
	if (r == 0)
		r = store_setup_clear(s);
	r = people_end(s, r, actor, now, "account-add", "person", name, role_name(role));
	if (r == 0)
		*ret_id = id;
	return r;
}

/* Somebody must be left who can let the others in. */
static int admin_left(struct store *s)
{
	int64_t admins;
	int r = store_admin_count(s, &admins);

	return r < 0 ? r : admins > 0 ? 0 : -EPERM;
}

static void tell_change(
        const struct person *before, const struct person *after, bool password, char ret[120])
{
	(void)snprintf(ret, 120, "%s%s%s%s%s", password ? "new password; " : "",
	        before->role != after->role ? "role " : "",
	        before->role != after->role ? role_name(after->role) : "",
	        before->role != after->role ? "; " : "",
	        before->disabled == after->disabled ? ""
	        : after->disabled                   ? "disabled; "
	                                            : "enabled; ");
	size_t len = strlen(ret);
	ret[len > 2 ? len - 2 : 0] = 0;
}

int people_change(struct store *s, const struct actor *actor, int64_t now, int64_t id,
        const struct people_change *change)
{
	struct person before, p;
	char text[120] = "";
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_person_get(s, id, &p);
	if (r < 0) {
		store_rollback(s);
		return r;
	}
	before = p;
	if (change->role >= 0)
		p.role = (enum role)change->role;
	if (change->disabled >= 0)
		p.disabled = change->disabled != 0;
	if (change->hash)
		(void)snprintf(p.password, sizeof(p.password), "%s", change->hash);
	tell_change(&before, &p, change->hash != NULL, text);
	r = store_person_save(s, &p);
	if (r == 0)
		r = store_logins_end(s, id, NULL);
	if (r == 0 && before.role == ROLE_ADMIN && !before.disabled)
		r = admin_left(s);
	return people_end(s, r, actor, now, "account-change", "person", p.name, text);
}

int people_remove(struct store *s, const struct actor *actor, int64_t now, int64_t id)
{
	struct person p = {0};
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_person_get(s, id, &p);
	if (r == 0)
		r = store_person_remove(s, id);
	if (r == 0 && p.role == ROLE_ADMIN && !p.disabled)
		r = admin_left(s);
	return people_end(s, r, actor, now, "account-remove", "person", p.name, "");
}

int people_own_password(struct store *s, const struct actor *actor, int64_t now, int64_t id,
        const char *known, const char *hash, const uint8_t login[PASS_HASH])
{
	struct person p;
	int r = store_begin(s, true);

	if (r < 0)
		return r;
	r = store_person_get(s, id, &p);
	if (r == 0 && (p.disabled || strcmp(p.password, known) != 0))
		r = -ESTALE;
	if (r == 0) {
		(void)snprintf(p.password, sizeof(p.password), "%s", hash);
		r = store_person_save(s, &p);
	}
	if (r == 0)
		r = store_logins_end(s, id, login);
	return people_end(
	        s, r, actor, now, "password", "person", actor->name, "changed the own password");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtual media, by Redfish: an ISO that the BMC reads from a URL and shows as a CD. */
#include "appliance/power/redfish_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 16

/* Of a collection below the system, else (iDRAC before 10, iLO) below the manager. */
static int collection(struct redfish *b, int64_t deadline, json_t **ret, struct error *err)
{
	const char *const owners[] = {b->system, b->manager};
	char path[REDFISH_PATH];

	for (size_t i = 0; i < 2; i++) {
		json_t *owner = NULL;
		if (!owners[i][0])
			continue;
		int r = redfish_get(b, owners[i], deadline, &owner, NULL, err);
		bool has = r == 0 && redfish_child(owner, "VirtualMedia", path) == 0;
		json_decref(owner);
		if (r < 0)
			return r;
		if (has)
			return redfish_get(b, path, deadline, ret, NULL, err);
	}
	return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
	        "%s: it has no virtual media (they may need a licence)", b->target->address);
}

static bool is_cd(const json_t *member)
{
	const json_t *types = json_object_get(member, "MediaTypes"), *one;
	size_t i;

	json_array_foreach(types, i, one)
	{
		const char *type = json_string_value(one);
		if (type && (strcmp(type, "CD") == 0 || strcmp(type, "DVD") == 0))
			return true;
	}
	return json_array_size(types) == 0 && strcasestr(redfish_text(member, "Id"), "cd");
}

/* The first CD drive, and where it is. */
static int drive_of(struct redfish *b, int64_t deadline, char path[REDFISH_PATH], json_t **ret,
        struct error *err)
{
	json_t *list = NULL, *member = NULL;
	int r = collection(b, deadline, &list, err);
	bool found = false;

	const json_t *members = json_object_get(list, "Members");
	size_t count = json_array_size(members);
	for (size_t i = 0; r == 0 && !found && i < count && i < MEMBERS_MAX; i++) {
		if (redfish_link(json_array_get(members, i), "@odata.id", path) < 0)
			continue;
		r = redfish_get(b, path, deadline, &member, NULL, err);
		found = r == 0 && is_cd(member);
		if (!found) {
			json_decref(member);
			member = NULL;
		}
	}
	json_decref(list);
	if (r == 0 && !found)
		r = error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: none of its virtual media is a CD", b->target->address);
	*ret = member;
	return r;
}

static bool is_inserted(const json_t *member)
{
	return json_is_true(json_object_get(member, "Inserted")) ||
	       redfish_text(member, "Image")[0];
}

/* What one service needs another refuses (sushy tries four, in this order). */
static json_t *insert_body(int form, const char *url)
{
	const char *protocol = strncmp(url, "https:", 6) == 0 ? "HTTPS" : "HTTP";

	switch (form) {
	case 0:
		return json_pack(
		        "{s:s, s:b, s:b}", "Image", url, "Inserted", 1, "WriteProtected", 1);
	case 1:
		return json_pack("{s:s}", "Image", url);
	case 2:
		return json_pack("{s:s, s:s, s:s}", "Image", url, "TransferMethod", "Stream",
		        "TransferProtocolType", protocol);
	default:
		return json_pack("{s:s, s:s, s:s, s:s, s:s}", "Image", url, "TransferMethod",
		        "Stream", "TransferProtocolType", protocol, "UserName", "none", "Password",
		        "none");
	}
}

#define FORMS 4

static int act_on(struct redfish *b, const json_t *member, const char *action, json_t *body,
        int64_t deadline, struct error *err)
{
	char path[REDFISH_PATH];
	const json_t *actions = json_object_get(member, "Actions");

	if (redfish_link(json_object_get(actions, action), "target", path) < 0) {
		json_decref(body);
		return error_set(err, -EOPNOTSUPP, REASON_POWER_UNSUPPORTED,
		        "%s: its virtual media cannot be changed from outside", b->target->address);
	}
	const struct redfish_request q = {
	        .method = "POST", .path = path, .body = body, .act = true};
	return redfish_ask(b, &q, deadline, NULL, NULL, err);
}

static int put_in(struct redfish *b, const char *path, const json_t *member, const char *url,
        int64_t deadline, struct error *err)
{
	int r = -EINVAL;

	if (b->quirks.patch_media) {
		const struct redfish_request q = {
		        .method = "PATCH", .path = path, .body = insert_body(0, url)};
		return redfish_ask(b, &q, deadline, NULL, NULL, err);
	}
	for (int form = b->quirks.bare_insert ? 1 : 0; r == -EINVAL && form < FORMS; form++)
		r = act_on(b, member, "#VirtualMedia.InsertMedia", insert_body(form, url), deadline,
		        err);
	return r;
}

int redfish_insert(void *bmc, int64_t deadline, const char *url, struct error *err)
{
	struct redfish *b = bmc;
	char path[REDFISH_PATH];
	json_t *member = NULL;
	int r = drive_of(b, deadline, path, &member, err);

	if (r == 0 && is_inserted(member) && strcmp(redfish_text(member, "Image"), url) != 0)
		r = error_set(err, -EBUSY, REASON_POWER_REFUSED,
		        "%s: another image is inserted (%.100s): eject it first, somebody may be "
		        "using it",
		        b->target->address, redfish_text(member, "Image"));
	else if (r == 0 && !is_inserted(member))
		r = put_in(b, path, member, url, deadline, err);
	json_decref(member);
	member = NULL;
	if (r == 0)
		r = redfish_get(b, path, deadline, &member, NULL, err);
	if (r == 0 && !is_inserted(member))
		r = error_set(err, -EIO, REASON_POWER_REFUSED,
		        "%s: it took the image and does not have it: can it reach %.150s?",
		        b->target->address, url);
	json_decref(member);
	return r;
}

int redfish_eject(void *bmc, int64_t deadline, struct error *err)
{
	struct redfish *b = bmc;
	char path[REDFISH_PATH];
	json_t *member = NULL;
	int r = drive_of(b, deadline, path, &member, err);

	if (r == 0 && is_inserted(member)) {
		const struct redfish_request q = {.method = "PATCH",
		        .path = path,
		        .body = b->quirks.patch_media
		                        ? json_pack("{s:n, s:b}", "Image", "Inserted", 0)
		                        : NULL};
		/* iLO wants the empty object. */
		r = b->quirks.patch_media ? redfish_ask(b, &q, deadline, NULL, NULL, err)
		                          : act_on(b, member, "#VirtualMedia.EjectMedia",
		                                    json_object(), deadline, err);
	}
	json_decref(member);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Saved repairs: their bytes, for whoever may have them; what they say was changed on a disk. */
#include "appliance/api/call.h"
#include "appliance/api/gate.h"
#include "appliance/fleet/operator.h"
#include "appliance/saved/saved.h"
#include "appliance/saved/sectors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static void bundle_free(void *state)
{
	saved_free(state);
}

int call_bundle_open(
        struct http_request *r, const struct web_api *a, const struct store_bundle *bundle)
{
	struct saved *saved = r->state;
	int e = 0;

	if (!saved) {
		e = saved_open(a->fleet->store, a->bundles, bundle, &saved);
		if (e < 0)
			return e;
		r->state = saved;
		r->state_free = bundle_free;
	}
	e = saved_go_on(saved);
	if (e > 0) {
		call_go_on(r);
		return -EAGAIN;
	}
	if (e < 0)
		return e;
	int fd = fcntl(saved_fd(saved), F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* The one the path names, opened: a descriptor; -EAGAIN: not yet; else it has its reply. */
static int bundle_asked(struct http_request *r, const struct web_api *a, struct machine *ret,
        struct store_bundle *ret_bundle)
{
	char *end;
	long long id = strtoll(r->capture[0], &end, 10);

	int e = *end || id <= 0
	                ? -ENOENT
	                : fleet_bundle_find(a->fleet->store, id, r->capture[1], ret, ret_bundle);
	if (e == -ENOENT) {
		http_reply_error(r, 404, REASON_NOT_FOUND, "no saved repair of that machine");
		return e;
	}
	int fd = e < 0 ? e : call_bundle_open(r, a, ret_bundle);
	if (fd == -ENOENT)
		http_reply_error(r, 404, REASON_CANNOT_OPEN,
		        "its bytes are not on this appliance; the one that took them may have "
		        "them");
	else if (fd < 0 && fd != -EAGAIN)
		call_failed(r, "bundle", fd);
	return fd;
}

/* "PC-0001-0123456789ab.tar.zst" */
static void file_name(
        const struct machine *m, const struct store_bundle *bundle, char ret[HTTP_FILE_NAME_MAX])
{
	char name[NM_MAX_NAME + 1];

	fleet_machine_name(m, name);
	(void)snprintf(ret, HTTP_FILE_NAME_MAX, "%.64s-%.12s.tar.zst", name, bundle->sha256);
}

void web_api_bundle(struct http_request *r, struct web_api *a, const struct caller *who)
{
	struct store_bundle bundle;
	struct machine m;
	char name[HTTP_FILE_NAME_MAX];
	int fd = bundle_asked(r, a, &m, &bundle);

	if (fd < 0)
		return;
	/* Who only asks how large it is takes nothing away. */
	int e = r->head ? 0 : fleet_bundle_taken(a->fleet->store, &who->actor, m.id, bundle.sha256);
	if (e < 0) {
		(void)close(fd);
		call_failed(r, "bundle", e);
		return;
	}
	file_name(&m, &bundle, name);
	http_set_download(r, name);
	http_reply_file(r, "application/octet-stream", fd);
}

void web_api_sectors(struct http_request *r, struct web_api *a)
{
	struct store_bundle bundle;
	struct machine m;
	struct error err = {0};
	CLEANUP_CLOSE int fd = bundle_asked(r, a, &m, &bundle);

	if (fd < 0)
		return;
	json_t *told = sectors_of(&bundle, fd, &err);
	if (told)
		http_reply_json(r, 200, told);
	else
		http_reply_error(
		        r, err.reason == REASON_BUNDLE_BAD ? 409 : 503, err.reason, "%s", err.text);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "appliance/saved/saved.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool web_api_journal_admit(struct http_request *r, struct web_api *a)
{
	struct store_session session;

	if (store_session_get(a->fleet->store, r->capture[0], &session) < 0)
		return false;
	bool open = !session.replaced && !session.finished;
	store_session_free(&session);
	return open;
}

/* Gives the received bytes their name, on stable storage. They were hashed on the way in: a file of
 * that name is that content. */
static int bundle_keep(const struct web_api *a, const struct http_request *r)
{
	char name[SAVED_NAME], self[40];
	CLEANUP_CLOSE int dir = open(a->bundles, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	saved_name(r->file_sha256, name);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", r->file);
	if (fsync(r->file) < 0)
		return -errno;
	if (linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}

/* How often it is brought anew when parts of it have gone meanwhile. */
#define BRING_MAX 3

struct bringing {
	int64_t part;
	unsigned again;
};

/* Into the store a part a call, so that others have their turn in between: 1, there is more. By its
 * hash it is the same whoever brings it; that this machine saved it is said when all of it is
 * there. */
static int journal_bring(struct web_api *a, struct http_request *r)
{
	struct store *s = a->fleet->store;
	struct bringing *b = r->state;

	if (!b)
		r->state = b = calloc(1, sizeof(*b));
	int e = b ? store_begin(s, false) : -ENOMEM;
	if (e < 0)
		return e;
	int more = store_bundle_put_part(s, r->file_sha256, b->part, r->file);
	if (more < 0) {
		store_rollback(s);
		return more;
	}
	b->part += more;
	e = store_commit(s);
	return e < 0 ? e : more;
}

/* 0 or what the store could not do, 1 when there is more to do; *ret_disk: what the disk could not
 * do; *ret_turn: why the line lets nobody write. */
static int journal_keep(struct web_api *a, struct http_request *r,
        const struct store_session *session, enum reason *ret_turn, int *ret_disk)
{
	int e = fleet_bundle_turn(a->fleet, session, ret_turn);

	if (e < 0 || *ret_turn != REASON_OK)
		return e;
	*ret_disk = r->file_error;
	if (*ret_disk == 0 && r->file < 0)
		*ret_disk = -EIO;
	if (*ret_disk == 0 && !store_keeps_bundles(a->fleet->store))
		*ret_disk = bundle_keep(a, r);
	if (*ret_disk < 0)
		return 0;
	if (store_keeps_bundles(a->fleet->store))
		e = journal_bring(a, r);
	if (e != 0)
		return e;
	e = fleet_bundle(a->fleet, session, r->file_sha256, (int64_t)r->file_size, -1, ret_turn);
	struct bringing *b = r->state;
	if (e == -EAGAIN && b && b->again < BRING_MAX) {
		b->again++;
		b->part = 0;
		return 1;
	}
	return e == -EACCES ? 0 : e;
}

static void reply_kept(struct http_request *r, const struct web_api *a, enum reason turn, int disk)
{
	if (turn != REASON_OK) {
		http_reply_error(r, 403, turn, "nothing was written: %s", reason_title(turn));
		return;
	}
	if (disk < 0) {
		log_error("bundle from %s: %s: %s", r->address, a->bundles, strerror(-disk));
		http_reply_error(
		        r, 507, REASON_JOURNAL_REFUSED, "cannot be stored: %s", strerror(-disk));
		return;
	}
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:I}", "v", NETMEND_WIRE_VERSION, "sha256", r->file_sha256,
	                "size", (json_int_t)r->file_size));
}

void web_api_journal_put(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	enum reason turn = REASON_OK;
	int disk = 0;

	if (!call_session(r, a, &session))
		return;
	if (session.finished || (r->file >= 0 && r->file_size == 0)) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR,
		        session.finished ? "journal: this session has its result"
		                         : "journal: empty");
		store_session_free(&session);
		return;
	}
	if (call_dropped(r)) {
		store_session_free(&session);
		return;
	}
	int e = journal_keep(a, r, &session, &turn, &disk);
	store_session_free(&session);
	/* What the store could not do is asked for again. */
	if (e > 0)
		call_go_on(r);
	else if (e < 0)
		call_failed(r, "journal", e);
	else
		reply_kept(r, a, turn, disk);
}

void web_api_journal_get(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	struct store_bundle bundle;

	if (!call_session(r, a, &session))
		return;
	int e = store_bundle_pending(a->fleet->store, session.machine, &bundle);
	store_session_free(&session);
	if (e == -ENOENT) {
		http_reply_error(
		        r, 404, REASON_CANNOT_OPEN, "no repair of this machine is pending");
		return;
	}
	if (e < 0) {
		call_failed(r, "journal", e);
		return;
	}
	int fd = call_bundle_open(r, a, &bundle);
	if (fd == -EAGAIN)
		return;
	if (fd < 0 && fd != -ENOENT) {
		call_failed(r, "journal", fd);
		return;
	}
	if (fd < 0) {
		log_error("bundle %s of machine %lld is nowhere", bundle.sha256,
		        (long long)session.machine);
		http_reply_error(
		        r, 404, REASON_CANNOT_OPEN, "the saved repair is missing on the appliance");
		return;
	}
	http_reply_file(r, "application/octet-stream", fd);
}

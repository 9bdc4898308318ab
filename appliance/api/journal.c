/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/call.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "netmend/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void bundle_name(const char *sha256, char ret[80])
{
	(void)snprintf(ret, 80, "%s.tar.zst", sha256);
}

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
	char name[80], self[40];
	CLEANUP_CLOSE int dir = open(a->bundles, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	bundle_name(r->file_sha256, name);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", r->file);
	if (fsync(r->file) < 0)
		return -errno;
	if (linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}

void web_api_journal_put(struct http_request *r, struct web_api *a)
{
	struct store_session session;

	if (!call_session(r, a, &session))
		return;
	int e = r->file_error;
	if (session.finished || (r->file >= 0 && r->file_size == 0)) {
		http_reply_error(r, 400, REASON_PROTOCOL_ERROR,
		        session.finished ? "journal: this session has its result"
		                         : "journal: empty");
		store_session_free(&session);
		return;
	}
	if (e == 0)
		e = r->file >= 0 ? bundle_keep(a, r) : -EIO;
	if (e == 0)
		e = fleet_bundle(a->fleet, &session, r->file_sha256, (int64_t)r->file_size);
	store_session_free(&session);
	if (e < 0) {
		log_error("bundle from %s: %s: %s", r->address, a->bundles, strerror(-e));
		http_reply_error(
		        r, 507, REASON_JOURNAL_REFUSED, "cannot be stored: %s", strerror(-e));
		return;
	}
	http_reply_json(r, 200,
	        json_pack("{s:i, s:s, s:I}", "v", NETMEND_WIRE_VERSION, "sha256", r->file_sha256,
	                "size", (json_int_t)r->file_size));
}

void web_api_journal_get(struct http_request *r, struct web_api *a)
{
	struct store_session session;
	struct store_bundle bundle;
	char name[80], path[512];

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
	bundle_name(bundle.sha256, name);
	(void)snprintf(path, sizeof(path), "%s/%s", a->bundles, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_error("%s: %s", path, strerror(errno));
		http_reply_error(
		        r, 404, REASON_CANNOT_OPEN, "the saved repair is missing on the appliance");
		return;
	}
	http_reply_file(r, "application/octet-stream", fd);
}

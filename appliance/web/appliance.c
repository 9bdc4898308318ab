/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/web/appliance.h"
#include "appliance/store/appliances.h"
#include "appliance/web/process.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "fixer/base/text.h"
#include "netmend/version.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SEEN_MS      5000
#define TWIN_BEATS   2
#define TWIN_GONE_MS 60000

static int id_read(const char *path, char ret[APPLIANCE_ID])
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[APPLIANCE_ID + 1] = "";
	uint8_t bytes[APPLIANCE_ID / 2];

	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[strcspn(text, "\n")] = '\0';
	if (hex_decode(text, bytes, sizeof(bytes)) < 0)
		return -EBADMSG;
	hex_encode(bytes, sizeof(bytes), ret);
	return 0;
}

static int id_make(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	uint8_t bytes[APPLIANCE_ID / 2];
	char line[APPLIANCE_ID + 1];

	if (fd < 0)
		return -errno;
	randombytes_buf(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), line);
	line[APPLIANCE_ID - 1] = '\n';
	if (write(fd, line, APPLIANCE_ID) != APPLIANCE_ID || fsync(fd) < 0) {
		(void)unlink(path);
		return -EIO;
	}
	return 0;
}

int appliance_id(const char *path, char ret[APPLIANCE_ID], struct error *err)
{
	int r = id_read(path, ret);

	if (r == -ENOENT) {
		r = id_make(path);
		if (r == 0)
			r = id_read(path, ret);
	}
	if (r == -EBADMSG)
		return error_set(err, r, REASON_CANNOT_OPEN,
		        "%s: not the id of an appliance; without the file a new one is made", path);
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r)) : 0;
}

/* One foreign beat may be a store that was put back to an earlier day, or a beat of ours whose
 * answer was lost: a twin is who beats again and again. */
static void twin_judge(
        struct web *w, bool other, const char *name, const char *address, int64_t now)
{
	struct twin *t = &w->twin;
	bool before = t->who[0] != '\0';

	t->strange = other ? t->strange + 1 : 0;
	if (t->strange >= TWIN_BEATS) {
		(void)snprintf(t->who, sizeof(t->who), "%s (%s)", name, address);
		t->seen = now;
	} else if (t->who[0] && now - t->seen >= TWIN_GONE_MS) {
		t->who[0] = '\0';
		t->seen = 0;
	}
	if (before == (t->who[0] != '\0'))
		return;
	if (before)
		log_info("no other appliance uses our id %s any more", w->fleet.appliance);
	else
		log_error("another appliance uses our id %s: %s. Is one a copy of the other? On "
		          "one of the two delete %s and restart netmend there",
		        w->fleet.appliance, t->who, w->options->appliance);
	(void)snprintf(w->routes.api.twin, sizeof(w->routes.api.twin), "%s", t->who);
	web_api_appliance_changed(&w->routes.api);
}

void appliance_tick(struct web *w)
{
	struct store_appliance_row self = {.started = w->fleet.started, .seen = w->fleet.clock()};
	char name[PLACE_TEXT], address[PLACE_TEXT];
	bool other;

	if (!w->fleet.appliance[0] || self.seen - w->told_at < SEEN_MS)
		return;
	w->told_at = self.seen;
	(void)snprintf(self.id, sizeof(self.id), "%s", w->fleet.appliance);
	(void)snprintf(self.address, sizeof(self.address), "%s", w->options->address);
	(void)snprintf(self.version, sizeof(self.version), "%s", NETMEND_VERSION);
	if (gethostname(self.name, sizeof(self.name) - 1) < 0)
		(void)snprintf(self.name, sizeof(self.name), "%s", self.address);
	(void)snprintf(self.twin, sizeof(self.twin), "%s", w->twin.who);
	self.twin_seen = w->twin.seen;
	/* When not, the store has logged why, and the next time is soon. */
	if (store_appliance_beat(w->fleet.store, &self, w->twin.beat, &other, name, address) == 0)
		twin_judge(w, other, name, address, self.seen);
}

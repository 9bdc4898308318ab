/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/copy.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define MARK       "netmend-audit "
#define PART_MAX   800 /* bytes of a record in one line: the line stays below 1,000 */
#define RETRY_SECS 10

struct copy {
	struct sockaddr_un address;
	int fd;
	bool connected, told;
	time_t tried;
};

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void tell(struct copy *c)
{
	if (!c->told)
		log_warning("audit records are not copied to the system's log: %s (%s)",
		        c->address.sun_path, strerror(errno));
	c->told = true;
}

/* The log's daemon may start later than we, or start again. */
static bool connect_log(struct copy *c)
{
	time_t now = seconds();

	if (c->connected)
		return true;
	if (c->tried != 0 && now < c->tried + RETRY_SECS)
		return false;
	c->tried = now;
	c->connected =
	        connect(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address)) == 0;
	if (c->connected && c->told)
		log_info("audit records are copied to the system's log again");
	if (c->connected)
		c->told = false;
	else
		tell(c);
	return c->connected;
}

struct copy *copy_open(const char *path)
{
	struct copy *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->address.sun_family = AF_UNIX;
	(void)snprintf(c->address.sun_path, sizeof(c->address.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	(void)connect_log(c);
	return c;
}

void copy_close(struct copy *c)
{
	if (!c)
		return;
	(void)close(c->fd);
	free(c);
}

static bool send_line(struct copy *c, const char *text)
{
	char line[1024], when[32];
	time_t now = time(NULL);
	struct tm local;

	(void)strftime(when, sizeof(when), "%b %e %H:%M:%S", localtime_r(&now, &local));
	int len = snprintf(line, sizeof(line), "<%d>%s netmend-escrow[%d]: %s",
	        LOG_AUTHPRIV | LOG_NOTICE, when, (int)getpid(), text);
	if (!connect_log(c))
		return false;
	if (send(c->fd, line, (size_t)len, MSG_NOSIGNAL) == len)
		return true;
	c->connected = false;
	tell(c);
	return false;
}

static bool send_record(struct copy *c, const char *record, size_t len)
{
	static const char hash_name[] = "\"hash\":\"";
	size_t parts = (len + PART_MAX - 1) / PART_MAX;
	char text[PART_MAX + 160];
	uint64_t n = 0;

	/* Our own line: begins with its number, ends in its hash. */
	if (sscanf(record, "{\"n\":%20" SCNu64, &n) != 1 || len < sizeof(hash_name) + 66)
		return true;
	const char *hash = record + len - 2 - (AUDIT_HASH - 1);
	for (size_t i = 0; i < parts; i++) {
		size_t at = i * PART_MAX, piece = len - at < PART_MAX ? len - at : PART_MAX;
		(void)snprintf(text, sizeof(text), MARK "%" PRIu64 " %zu/%zu %.64s %.*s", n, i + 1,
		        parts, hash, (int)piece, record + at);
		if (!send_line(c, text))
			return false;
	}
	return true;
}

size_t copy_send(struct copy *c, const char *lines, size_t len)
{
	const char *at = lines, *end = lines + len, *line_end;

	while (at < end && (line_end = memchr(at, '\n', (size_t)(end - at))) &&
	        send_record(c, at, (size_t)(line_end - at)))
		at = line_end + 1;
	return (size_t)(at - lines);
}

bool copy_find(const char *line, uint64_t *ret_n, char ret_hash[AUDIT_HASH])
{
	const char *at = strstr(line, MARK);
	char hash[AUDIT_HASH];
	unsigned part, parts;
	uint64_t n;

	if (!at ||
	        sscanf(at, MARK "%20" SCNu64 " %9u/%9u %64[0-9a-f] ", &n, &part, &parts, hash) !=
	                4 ||
	        strlen(hash) != AUDIT_HASH - 1)
		return false;
	*ret_n = n;
	memcpy(ret_hash, hash, AUDIT_HASH);
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/answers.h"

#include "appliance/supervisor/loaders.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOSTS     "dnsmasq/hosts"
#define MAC_CHARS 17
#define LIST_MAX  ((size_t)8 * 1024 * 1024)

/* What a name says: a MAC, "52-54-00-12-34-56" as web spells it, and which loader it gets. */
static bool name_read(const char *name, char ret[MAC_CHARS + 1], const char **ret_loader)
{
	if (strnlen(name, MAC_CHARS) != MAC_CHARS)
		return false;
	*ret_loader = name + MAC_CHARS;
	if (**ret_loader && strcmp(*ret_loader, ".ipxe") != 0 && strcmp(*ret_loader, ".shim") != 0)
		return false;
	for (size_t i = 0; i < MAC_CHARS; i++) {
		bool between = i % 3 == 2;
		if (between ? name[i] != '-' : !strchr("0123456789abcdef", name[i]))
			return false;
		ret[i] = between ? ':' : name[i];
	}
	ret[MAC_CHARS] = '\0';
	return true;
}

/* One that gets the other loader has an address of its own behind it, in a network that is
 * nobody's: for dnsmasq it is known in another network, "known-othernet", without a set: of its
 * own. usual: the loader whose choice is none, NULL when there is only one. */
static int list_add(struct buffer *out, const struct config *config, const char *usual,
        const char *mac, const char *loader)
{
	char line[48];
	bool other = loader[0] && usual && strcmp(loader, usual) != 0;
	unsigned number = (unsigned)(out->len / (MAC_CHARS + 1)) + 1; /* no two have the same */

	if (loader[0] && !other && config->scope == SCOPE_ALL)
		return 0; /* on this list are those that are not answered */
	int n = other ? snprintf(line, sizeof(line), "%s,240.%u.%u.%u\n", mac, number >> 16 & 255,
	                        number >> 8 & 255, number & 255)
	              : snprintf(line, sizeof(line), "%s\n", mac);
	return buffer_append(out, line, (size_t)n);
}

static int list_read(DIR *dir, const struct config *config, struct buffer *out)
{
	char mac[MAC_CHARS + 1];
	const char *loader;
	size_t strange = 0;
	int r = 0;
	const char *usual = !loaders_have_shim(config)             ? NULL
	                    : loaders_first(config) == LOADER_SHIM ? ".shim"
	                                                           : ".ipxe";

	errno = 0;
	for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
		if (name_read(entry->d_name, mac, &loader))
			r = list_add(out, config, usual, mac, loader);
		else if (entry->d_name[0] != '.')
			strange++;
	}
	if (strange)
		log_warning("the answer list has %zu files that are not named after a MAC: ignored",
		        strange);
	return r < 0 ? r : -errno;
}

/* Not flushed: after a loss of power it is written anew before anybody reads it. */
static int list_write(const char *path, const struct buffer *list)
{
	char temporary[STATE_PATH_MAX + 8];

	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	(void)unlink(temporary); /* of a life that was cut off */
	CLEANUP_CLOSE int fd =
	        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < list->len;) {
		ssize_t n = write(fd, list->data + at, list->len - at);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	/* The umask does not decide whether dnsmasq, another user, can read it. */
	if (fchmod(fd, 0644) < 0 || rename(temporary, path) < 0)
		return -errno;
	return 0;
}

int answers_write(const struct config *config, struct error *err)
{
	char hosts[STATE_PATH_MAX], path[STATE_PATH_MAX];
	struct buffer list;

	state_path(hosts, config->state, HOSTS);
	state_path(path, config->state, DNSMASQ_ANSWERS);
	int fd = open(hosts, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", hosts, strerror(-r));
	}
	buffer_init(&list, LIST_MAX);
	int r = list_read(dir, config, &list);
	(void)closedir(dir);
	if (r == 0)
		r = list_write(path, &list);
	buffer_free(&list);
	return r < 0 ? error_set(err, r, REASON_CANNOT_OPEN, "%s: %s", path, strerror(-r)) : 0;
}

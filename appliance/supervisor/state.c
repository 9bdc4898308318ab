/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/state.h"

#include "appliance/supervisor/dnsmasq.h"
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/web/page.h"
#include "fixer/base/cleanup.h"
#include "netmend/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE   "serve.lock"
#define PROGRAM_MAX (16 * 1024 * 1024)

void state_path(char out[STATE_PATH_MAX], const char *dir, const char *name)
{
	snprintf(out, STATE_PATH_MAX, "%s%s%s", dir, name[0] ? "/" : "", name);
}

static int failed(struct error *err, const char *what, const char *path)
{
	int r = -errno;

	return error_set(err, r, REASON_CANNOT_OPEN, "%s %s: %s", what, path, strerror(-r));
}

/* Through a descriptor, so that a link planted in a directory of another user is not followed. */
static int make_directory(const char *path, uid_t uid, gid_t gid, mode_t mode, struct error *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return failed(err, "cannot make", path);
	int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(err, "cannot open", path);
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return failed(err, "cannot set owner and mode of", path);
	return 0;
}

int state_prepare(const struct config *config, struct error *err)
{
	uid_t web = config->web.uid, escrow = config->escrow.uid;
	gid_t web_group = config->web.gid, escrow_group = config->escrow.gid;
	uid_t dnsmasq;
	gid_t dnsmasq_group;

	dnsmasq_account(&dnsmasq, &dnsmasq_group);
	const struct {
		const char *base;
		const char *name;
		uid_t uid;
		gid_t gid;
		mode_t mode;
	} table[] = {
	        {config->state, "", 0, 0, 0755},
	        {config->state, "web", web, web_group, 0700},
	        {config->state, STATE_BUNDLES, web, web_group, 0700},
	        {config->state, "tls", 0, web_group, 0750},
	        {config->state, "dnsmasq", 0, 0, 0755},
	        {config->state, "dnsmasq/hosts", web, web_group, 0755},
	        {config->state, "dnsmasq/leases", dnsmasq, dnsmasq_group, 0755},
	        {config->state, STATE_MEDIA, 0, 0, 0755},
	        {config->state, "tftp", 0, 0, 0755},
	        {config->state, "tftp/x64", 0, 0, 0755},
	        {config->state, "tftp/grub", 0, 0, 0755},
	        {config->state, "tftp/boot", 0, 0, 0755},
	        {config->state, "escrow", escrow, escrow_group, 0700},
	        {config->runtime, "", 0, 0, 0755},
	        {config->runtime, "fetch", 0, config->fetch.gid, 0750},
	        {config->runtime, "page", 0, 0, 0755},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char path[STATE_PATH_MAX];
		state_path(path, table[i].base, table[i].name);
		int r = make_directory(path, table[i].uid, table[i].gid, table[i].mode, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int state_write_file(
        const char *path, const void *data, size_t len, mode_t mode, gid_t gid, struct error *err)
{
	char temporary[STATE_PATH_MAX + 8];

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	(void)unlink(temporary); /* of an earlier start that was cut off */
	int CLEANUP_CLOSE fd =
	        open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(err, "cannot make", temporary);
	int r = write_all(fd, data, len);
	if (r < 0)
		return error_set(
		        err, r, REASON_CANNOT_OPEN, "cannot write %s: %s", temporary, strerror(-r));
	if (fchown(fd, 0, gid) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
	        rename(temporary, path) < 0)
		return failed(err, "cannot write", path);
	return 0;
}

int state_read_file(const char *path, size_t max, struct buffer *ret, struct error *err)
{
	char block[16384];
	int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return failed(err, "cannot open", path);
	buffer_init(ret, max);
	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));
		if (n == 0)
			return 0;
		int r = n < 0 ? -errno : buffer_append(ret, block, (size_t)n);
		if (r < 0) {
			buffer_free(ret);
			return error_set(err, r, REASON_CANNOT_OPEN, "cannot read %s: %s", path,
			        r == -EMSGSIZE ? "too large" : strerror(-r));
		}
	}
}

/* The administrator's signed iPXE in place of the configured one, with the shim it needs. */
static int copy_signed(const struct config *config, struct error *err)
{
	char path[STATE_PATH_MAX];
	struct signed_ipxe_set set;
	int r = signed_ipxe_load(config, &set, err);

	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < SIGNED_IPXE_FILES; i++) {
		const struct buffer *data = &set.file[i].data;
		state_path(path, config->state, signed_ipxe_names[i]);
		r = state_write_file(path, data->data, data->len, 0644, 0, err);
	}
	signed_ipxe_free(&set);
	return r;
}

static int copy_uefi_program(const struct config *config, struct error *err)
{
	char path[STATE_PATH_MAX];
	struct buffer program;

	if (signed_ipxe_is_kept(config))
		return copy_signed(config, err);
	state_path(path, config->state, signed_ipxe_names[SIGNED_SHIM]);
	if (unlink(path) < 0 && errno != ENOENT)
		return failed(err, "cannot remove", path);
	state_path(path, config->state, STATE_UEFI_PROGRAM);
	int r = state_read_file(config->program, PROGRAM_MAX, &program, err);
	if (r < 0)
		return r;
	if (!pe_begins(program.data, program.len))
		r = error_set(err, -EINVAL, REASON_USAGE, "[boot] program %s is not a UEFI program",
		        config->program);
	else
		r = state_write_file(path, program.data, program.len, 0644, 0, err);
	buffer_free(&program);
	return r;
}

int state_copy_programs(const struct config *config, struct error *err)
{
	char source[STATE_PATH_MAX], path[STATE_PATH_MAX];
	struct buffer program;
	int r = copy_uefi_program(config, err);

	if (r < 0)
		return r;
	size_t folder = (size_t)(strrchr(config->program, '/') - config->program);
	snprintf(source, sizeof(source), "%.*s/undionly.kpxe", (int)folder, config->program);
	state_path(path, config->state, STATE_BIOS_PROGRAM);
	r = state_read_file(source, PROGRAM_MAX, &program, err);
	if (r == -ENOENT)
		return unlink(path) < 0 && errno != ENOENT ? failed(err, "cannot remove", path) : 0;
	if (r < 0)
		return r;
	r = state_write_file(path, program.data, program.len, 0644, 0, err);
	buffer_free(&program);
	return r;
}

static int recipe_text(const char *which, struct buffer *ret, struct error *err)
{
	const char *builtin = recipe_builtin_text(which);

	if (!builtin)
		return state_read_file(which, NM_MAX_RECIPE, ret, err);
	buffer_init(ret, NM_MAX_RECIPE);
	if (buffer_append(ret, builtin, strlen(builtin)) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	return 0;
}

int state_read_recipe(const char *which, struct recipe *ret, char **ret_text, struct error *err)
{
	struct buffer text;

	int r = recipe_text(which, &text, err);
	if (r < 0)
		return r;
	r = text.len == 0 ? error_set(err, -EINVAL, REASON_RECIPE_BAD, "empty")
	                  : recipe_parse((const char *)text.data, text.len, ret, err);
	if (r < 0)
		error_prefix(err, "recipe %s", which);
	if (r < 0 || !ret_text)
		buffer_free(&text);
	else
		*ret_text = (char *)text.data;
	return r;
}

int state_write_recipe(const struct config *config, struct error *err)
{
	char *CLEANUP_FREE text = NULL;
	char path[STATE_PATH_MAX];
	struct recipe recipe;

	int r = state_read_recipe(config->recipe, &recipe, &text, err);
	if (r < 0)
		return r;
	state_path(path, config->runtime, "recipe.ini");
	return state_write_file(path, text, strlen(text), 0644, 0, err);
}

int state_write_page(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < page_file_count; i++) {
		char path[STATE_PATH_MAX];
		snprintf(path, sizeof(path), "%s/page/%s", config->runtime, page_files[i].name);
		int r = state_write_file(path, page_files[i].data,
		        (size_t)(page_files[i].end - page_files[i].data), 0644, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int state_lock(const struct config *config, struct error *err)
{
	char path[STATE_PATH_MAX];

	state_path(path, config->runtime, LOCK_FILE);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(err, "cannot open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	int r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return error_set(err, r, REASON_USAGE,
	        r == -EBUSY ? "netmend serve is running already (lock %s)" : "cannot lock %s",
	        path);
}

bool state_is_locked(const struct config *config)
{
	char path[STATE_PATH_MAX];

	state_path(path, config->runtime, LOCK_FILE);
	int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

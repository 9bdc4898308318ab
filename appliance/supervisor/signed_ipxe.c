/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/supervisor/state.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX    ((size_t)16 * 1024 * 1024)
#define ENTRIES_MAX 1000
#define FOLDER      "signed-ipxe"

const char *const signed_ipxe_kept[SIGNED_IPXE_FILES] = {
        FOLDER "/snponly-shim.efi", FOLDER "/snponly.efi"};
const char *const signed_ipxe_names[SIGNED_IPXE_FILES] = {
        "tftp/x64/snponly-shim.efi", "tftp/x64/snponly.efi"};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The release has its shim under several names, each for the program it goes on with. */
static int place_of(const char *path)
{
	const char *name = base_name(path);

	if (strcmp(name, "snponly-shim.efi") == 0)
		return SIGNED_SHIM;
	return strcmp(name, "snponly.efi") == 0 ? SIGNED_SNPONLY : -1;
}

/* Takes data over. The release has snponly.efi unsigned and for other processors too: those are
 * passed over. */
static void add(struct signed_ipxe_set *set, int place, struct buffer *data)
{
	struct signed_ipxe_file *file = &set->file[place];
	struct pe_program program;
	struct error ignored = {0};

	if (file->data.len > 0 || pe_read(data->data, data->len, &program, &ignored) < 0 ||
	        !program.x64 || program.signers == 0) {
		buffer_free(data);
		return;
	}
	file->data = *data;
	file->program = program;
}

/* ---- an archive ---- */

static int read_entry(struct archive *a, struct buffer *ret)
{
	uint8_t block[16384];
	ssize_t n;
	int r = 0;

	buffer_init(ret, FILE_MAX);
	while (r == 0 && (n = archive_read_data(a, block, sizeof(block))) > 0)
		r = buffer_append(ret, block, (size_t)n);
	if (r == 0 && n < 0)
		r = -EINVAL;
	if (r < 0 || ret->len == 0) {
		buffer_free(ret);
		return r < 0 ? r : -EINVAL;
	}
	return 0;
}

static int read_entries(struct archive *a, struct signed_ipxe_set *set)
{
	struct archive_entry *entry;
	struct buffer data;
	int status = ARCHIVE_OK;

	for (int n = 0; n < ENTRIES_MAX; n++) {
		status = archive_read_next_header(a, &entry);
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			break;
		const char *path = archive_entry_pathname(entry);
		int place = path ? place_of(path) : -1;
		if (place < 0 || archive_entry_filetype(entry) != AE_IFREG)
			continue;
		int r = read_entry(a, &data);
		if (r < 0)
			return r;
		add(set, place, &data);
	}
	return status == ARCHIVE_EOF ? 0 : -EINVAL;
}

static int read_archive(const struct buffer *file, struct signed_ipxe_set *set)
{
	struct archive *a = archive_read_new();

	if (!a)
		return -ENOMEM;
	int r = -EINVAL;
	if (archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
	        archive_read_support_filter_xz(a) == ARCHIVE_OK &&
	        archive_read_support_format_tar(a) == ARCHIVE_OK &&
	        archive_read_support_format_zip(a) == ARCHIVE_OK &&
	        archive_read_open_memory(a, file->data, file->len) == ARCHIVE_OK)
		r = read_entries(a, set);
	(void)archive_read_free(a);
	return r;
}

/* ---- one file ---- */

static int read_program(
        const char *path, struct buffer *file, struct signed_ipxe_set *set, struct error *err)
{
	int place = place_of(path);
	struct pe_program program;

	if (place < 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "%s: the name says which it is: snponly-shim.efi or snponly.efi", path);
	int r = pe_read(file->data, file->len, &program, err);
	if (r < 0) {
		error_prefix(err, "%s", path);
		return r;
	}
	if (!program.x64 || program.signers == 0)
		return error_set(err, -EINVAL, REASON_USAGE, "%s is %s", path,
		        program.x64 ? "not signed: Secure Boot would refuse it" : "not for x86-64");
	add(set, place, file);
	*file = (struct buffer){0};
	return 0;
}

int signed_ipxe_read(const char *path, struct signed_ipxe_set *set, struct error *err)
{
	struct buffer file;
	int r = state_read_file(path, (size_t)128 * 1024 * 1024, &file, err);

	if (r < 0)
		return r;
	if (file.len >= 2 && file.data[0] == 'M' && file.data[1] == 'Z') {
		r = read_program(path, &file, set, err);
	} else {
		r = read_archive(&file, set);
		if (r < 0)
			(void)error_set(err, r, REASON_USAGE,
			        "%s is neither a UEFI program nor an archive that can be read to "
			        "its end",
			        path);
	}
	buffer_free(&file);
	return r;
}

int signed_ipxe_complete(const struct signed_ipxe_set *set, struct error *err)
{
	for (int i = 0; i < SIGNED_IPXE_FILES; i++)
		if (set->file[i].data.len == 0)
			return error_set(err, -ENOENT, REASON_USAGE,
			        "no signed %s for x86-64 was found: it is in ipxeboot.tar.gz of an "
			        "iPXE release from 2.0 on, in x86_64-sb",
			        base_name(signed_ipxe_kept[i]));
	return 0;
}

void signed_ipxe_free(struct signed_ipxe_set *set)
{
	for (int i = 0; i < SIGNED_IPXE_FILES; i++)
		buffer_free(&set->file[i].data);
}

/* ---- what is kept ---- */

/* The shim last: it is what tells that both are there. */
int signed_ipxe_keep(
        const struct config *config, const struct signed_ipxe_set *set, struct error *err)
{
	char path[STATE_PATH_MAX];
	int r = signed_ipxe_remove(config, err);

	state_path(path, config->state, FOLDER);
	if (r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
		r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", path,
		        strerror(errno));
	for (int i = SIGNED_IPXE_FILES; r == 0 && i-- > 0;) {
		const struct buffer *data = &set->file[i].data;
		state_path(path, config->state, signed_ipxe_kept[i]);
		r = state_write_file(path, data->data, data->len, 0644, 0, err);
	}
	return r;
}

int signed_ipxe_load(const struct config *config, struct signed_ipxe_set *ret, struct error *err)
{
	int r = signed_ipxe_is_kept(config) ? 0 : -ENOENT;

	*ret = (struct signed_ipxe_set){0};
	for (int i = 0; r == 0 && i < SIGNED_IPXE_FILES; i++) {
		char path[STATE_PATH_MAX];
		struct signed_ipxe_file *file = &ret->file[i];
		state_path(path, config->state, signed_ipxe_kept[i]);
		r = state_read_file(path, FILE_MAX, &file->data, err);
		if (r == 0)
			r = pe_read(file->data.data, file->data.len, &file->program, err);
	}
	if (r < 0)
		signed_ipxe_free(ret);
	return r;
}

int signed_ipxe_remove(const struct config *config, struct error *err)
{
	for (int i = 0; i < SIGNED_IPXE_FILES; i++) {
		char path[STATE_PATH_MAX];
		state_path(path, config->state, signed_ipxe_kept[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot remove %s: %s",
			        path, strerror(errno));
	}
	return 0;
}

bool signed_ipxe_is_kept(const struct config *config)
{
	char path[STATE_PATH_MAX];

	state_path(path, config->state, signed_ipxe_kept[SIGNED_SHIM]);
	return access(path, R_OK) == 0;
}

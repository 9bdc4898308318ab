/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The volumes that are damaged: a small Windows in the states a crash leaves, and Windows' own. */
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"
#include "tests/generators/journal.h"
#include "tests/generators/run.h"
#include "tests/generators/tree.h"
#include "tests/volumes/corrupt.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB     (1024 * 1024u)
#define IMAGES  "../shared/data/ntfs-dirty/"
#define SETTLED 1721260800

#define VOLUME   3 /* records */
#define MIRROR   1
#define AT_DATA  0x80
#define AT_FLAGS 0x70
#define FLAGS_AT 10

enum pending { NOTHING, ELSEWHERE, BESIDE };

static const struct kind {
	const char *name;
	unsigned mib;
	uint32_t sector, cluster;
	bool dirty, hibernated;
	unsigned unclean; /* version of the journal, 0: clean */
	enum pending pending;
	enum gen_flushed flushed;
} kinds[] = {
        {"clean", 16, 512, 4096, .dirty = false},
        {"clusters of 512", 14, 512, 512, .dirty = false},
        {"clusters of 8192", 20, 512, 8192, .dirty = false},
        {"dirty", 16, 512, 4096, .dirty = true},
        {"unclean 1.1", 16, 512, 4096, .unclean = 1, .pending = ELSEWHERE,
                .flushed = GEN_FLUSHED_SOME},
        {"unclean 2.0", 16, 512, 4096, .unclean = 2, .pending = ELSEWHERE,
                .flushed = GEN_FLUSHED_NONE},
        {"unclean 2.0, beside", 16, 512, 4096, .unclean = 2, .pending = BESIDE,
                .flushed = GEN_FLUSHED_SOME},
        {"hibernated", 16, 512, 4096, .hibernated = true},
};

static const char *const windows_images[] = {"cs-clean", "cs-n4-20", "cs-n7-20", "cs-n7-11"};

static int format(const struct corrupt_base *b, uint32_t cluster)
{
	char clusters[16], sectors[16];
	const char *const argv[] = {"mkntfs", "-q", "-F", "-f", "-T", "-c", clusters, "-s", sectors,
	        "-p", "0", "-H", "255", "-S", "63", "-L", "corrupt", b->path, NULL};
	int fd = gen_create(b->path, b->size);

	if (fd < 0)
		return fd;
	(void)close(fd);
	(void)snprintf(clusters, sizeof(clusters), "%u", cluster);
	(void)snprintf(sectors, sizeof(sectors), "%u", b->sector);
	return gen_run(argv);
}

static int put_pending(struct gen_ntfs *n, const char *folder)
{
	static const uint8_t content[3000];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 12; i++) {
		char path[160];
		(void)snprintf(path, sizeof(path), "%s\\C-00000200-00000000-%08u.sys", folder, i);
		r = gen_ntfs_put(n, &(struct gen_file){.path = path,
		                            .data = content,
		                            .size = 100 + 250 * i,
		                            .created = SETTLED,
		                            .modified = SETTLED});
	}
	return r;
}

/* A Windows with three bad files, a hibernation file when it is asleep, and what its journal tells:
 * before is a copy without that. */
static int fill(const struct corrupt_base *b, const struct kind *kind, const char *before)
{
	uint8_t header[8192] = "hibr";
	const struct gen_file file = {.path = "\\hiberfil.sys",
	        .data = header,
	        .size = sizeof(header),
	        .created = SETTLED,
	        .modified = SETTLED};
	struct tree t = {.seed = 1,
	        .name = "CORRUPT",
	        .files = 60,
	        .bad_files = 3,
	        .good_291 = true,
	        .volume_size = b->size};

	int r = gen_ntfs_open(b->path, &t.ntfs);
	if (r < 0)
		return r;
	r = tree_make_windows(&t);
	if (r == 0 && kind->hibernated)
		r = gen_ntfs_put(t.ntfs, &file);
	if (r == 0)
		r = gen_ntfs_settle(t.ntfs, SETTLED);
	if (r == 0 && kind->unclean)
		r = gen_ntfs_copy(t.ntfs, b->path, before);
	if (r == 0 && kind->pending)
		r = put_pending(t.ntfs, "\\Windows\\Temp");
	if (r == 0 && kind->pending == BESIDE)
		r = put_pending(t.ntfs, "\\Windows\\System32\\drivers\\CrowdStrike");
	int closed = gen_ntfs_close(t.ntfs);
	tree_free(&t);
	return r < 0 ? r : closed;
}

/* Reads the file to memory and finds what the damage is aimed at. */
static int load(struct corrupt_base *b)
{
	int fd = open(b->path, O_RDONLY | O_CLOEXEC), r;

	/* Shared, so that starting a process does not copy what tells where its pages are. */
	b->bytes = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->bytes == MAP_FAILED)
		b->bytes = NULL;
	r = fd < 0 ? -errno : b->bytes ? gen_pread(fd, b->bytes, b->size, 0) : -ENOMEM;
	if (fd >= 0)
		(void)close(fd);
	if (r < 0 || !ntfs_edit_volume(b->bytes, b->size, &b->edit))
		return r < 0 ? r : -EINVAL;
	b->directory = ntfs_edit_find(&b->edit, "CrowdStrike");
	b->other = ntfs_edit_find(&b->edit, "drivers");
	for (unsigned i = 1; i < 64 && b->target == EDIT_NONE; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "C-00000291-00000000-%08u.sys", i);
		b->target = ntfs_edit_find(&b->edit, name);
	}
	return b->target == EDIT_NONE || b->directory == EDIT_NONE ? -ENOENT : 0;
}

static int store(const struct corrupt_base *b)
{
	int fd = open(b->path, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : gen_pwrite(fd, b->bytes, b->size, 0);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Sets the dirty flag in $MFT and its mirror. */
static int mark_dirty(const struct ntfs_edit *e)
{
	uint8_t record[EDIT_RECORD], *volume = ntfs_edit_record(e, VOLUME);

	memcpy(record, ntfs_edit_record(e, MIRROR), sizeof(record));
	ntfs_edit_open(record, sizeof(record));
	const uint8_t *data = ntfs_edit_attribute(record, AT_DATA, 0);
	uint64_t mirror = data ? ntfs_edit_first_run(e, data) : EDIT_NONE;
	ntfs_edit_open(volume, EDIT_RECORD);
	uint8_t *a = ntfs_edit_attribute(volume, AT_FLAGS, 0);
	if (a)
		a[get_le16(a + 20) + FLAGS_AT] |= 1;
	ntfs_edit_close(volume, EDIT_RECORD);
	if (!a || mirror == EDIT_NONE)
		return -EINVAL;
	memcpy(e->bytes + mirror + VOLUME * EDIT_RECORD, volume, EDIT_RECORD);
	return 0;
}

static int make(struct corrupt_base *b, const struct kind *kind)
{
	char before[sizeof(b->path) + 8];
	const struct gen_crash crash = {
	        .version = kind->unclean, .before = before, .flushed = kind->flushed, .seed = 1};

	(void)snprintf(before, sizeof(before), "%s.before", b->path);
	b->size = kind->mib * (uint64_t)MIB;
	b->sector = kind->sector;
	int r = format(b, kind->cluster);
	if (r == 0)
		r = fill(b, kind, before);
	if (r == 0 && kind->unclean)
		r = gen_journal_crash(b->path, &crash);
	(void)unlink(before);
	if (r == 0)
		r = load(b);
	if (r == 0 && kind->dirty)
		r = mark_dirty(&b->edit);
	return r < 0 ? r : store(b);
}

/* 1 when it is not there. */
static int unpack(struct corrupt_base *b)
{
	static uint8_t piece[65536];
	char path[128];
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int fd = open(b->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r = 1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), IMAGES "%s.img.xz", b->name);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_format_raw(a);
	if (fd >= 0 && archive_read_open_filename(a, path, sizeof(piece)) == ARCHIVE_OK &&
	        archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		r = 0;
		while (r == 0 && (n = archive_read_data(a, piece, sizeof(piece))) > 0) {
			r = gen_pwrite(fd, piece, (size_t)n, b->size);
			b->size += (uint64_t)n;
		}
	}
	(void)archive_read_free(a);
	if (fd >= 0)
		(void)close(fd);
	b->sector = 512;
	return r == 0 ? load(b) : r;
}

static struct corrupt_base *next(struct corrupt_bases *all, const char *name)
{
	struct corrupt_base *b = &all->list[all->count];
	char folder[sizeof(all->folder)];

	memcpy(folder, all->folder, sizeof(folder));
	*b = (struct corrupt_base){.target = EDIT_NONE};
	(void)snprintf(b->name, sizeof(b->name), "%s", name);
	(void)snprintf(b->path, sizeof(b->path), "%s/%zu.img", folder, all->count);
	all->count++;
	return b;
}

int corrupt_bases_make(struct corrupt_bases *all)
{
	*all = (struct corrupt_bases){.folder = "/dev/shm/netmend-corrupt-XXXXXX"};
	if (!mkdtemp(all->folder))
		return -errno;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int r = make(next(all, kinds[i].name), &kinds[i]);
		if (r < 0) {
			log_error("volume \"%s\": %s", kinds[i].name, strerror(-r));
			return r;
		}
	}
	for (size_t i = 0; i < sizeof(windows_images) / sizeof(windows_images[0]); i++) {
		int r = unpack(next(all, windows_images[i]));
		if (r > 0) {
			(void)printf("skipped: no " IMAGES "%s.img.xz\n", windows_images[i]);
			(void)unlink(all->list[--all->count].path);
		} else if (r < 0) {
			log_error("volume \"%s\": %s", windows_images[i], strerror(-r));
			return r;
		}
	}
	return 0;
}

void corrupt_bases_free(struct corrupt_bases *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].bytes)
			(void)munmap(all->list[i].bytes, all->list[i].size);
		(void)unlink(all->list[i].path);
	}
	(void)rmdir(all->folder);
}

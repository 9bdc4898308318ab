/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/disks.h"
#include "fixer/base/text.h"
#include "fixer/machine/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_UNIT 512 /* of /sys/block/NAME/size, whatever the sector size */

static bool is_disk_name(const char *name)
{
	static const char *const others[] = {
	        "loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd", "."};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return false;
	return strlen(name) < sizeof(((struct machine_disk *)0)->name);
}

/* SCSI and SATA keep the serial number in vital product data page 0x80 (SPC-4 7.8.15): four bytes
 * of header, then text. NVMe and MMC have an attribute beside the model, virtio one of its own. */
static void read_serial(const char *sys, const char *name, char *out, size_t size)
{
	char path[PATH_MAX];
	uint8_t page[256];

	(void)snprintf(path, sizeof(path), "block/%s/device/serial", name);
	sysfs_text(sys, path, out, size);
	if (out[0])
		return;
	(void)snprintf(path, sizeof(path), "block/%s/serial", name);
	sysfs_text(sys, path, out, size);
	if (out[0])
		return;
	(void)snprintf(path, sizeof(path), "block/%s/device/vpd_pg80", name);
	int n = sysfs_bytes(sys, path, page, sizeof(page) - 1);
	if (n <= 4)
		return;
	char *text = (char *)page + 4;
	page[n] = 0;
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = 0;
	text_clean(out, size, text);
}

/* /sys/block/NAME is a link into the tree of buses: ".../usb1/1-2/...". */
static bool is_usb(const char *sys, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/block/%s", sys, name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return strstr(target, "/usb") != NULL;
}

/* False when there is no medium, or a name longer than the kernel gives (31 bytes, DISK_NAME_LEN).
 */
static bool read_disk(const char *sys, const char *name, struct machine_disk *d)
{
	char path[PATH_MAX];
	size_t name_len = strlen(name);

	if (name_len >= sizeof(d->name))
		return false;
	*d = (struct machine_disk){0};
	(void)snprintf(path, sizeof(path), "block/%s/size", name);
	uint64_t units = sysfs_number(sys, path, 0);
	if (units == 0 || units > INT64_MAX / SIZE_UNIT)
		return false;
	d->size = units * SIZE_UNIT;
	memcpy(d->name, name, name_len);
	(void)snprintf(path, sizeof(path), "block/%s/queue/logical_block_size", name);
	uint64_t sector = sysfs_number(sys, path, 512);
	d->sector = sector <= 65536 ? (uint32_t)sector : 512;
	(void)snprintf(path, sizeof(path), "block/%s/device/model", name);
	sysfs_text(sys, path, d->model, sizeof(d->model));
	read_serial(sys, name, d->serial, sizeof(d->serial));
	d->usb = is_usb(sys, name);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
	        ((const struct machine_disk *)a)->name, ((const struct machine_disk *)b)->name);
}

int machine_disks_read(
        const char *sys, struct machine_disk ret[NM_MAX_DISKS], size_t *ret_count, size_t *ret_more)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	size_t count = 0, more = 0;

	(void)snprintf(path, sizeof(path), "%s/block", sys);
	DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct machine_disk disk;
		if (!is_disk_name(entry->d_name) || !read_disk(sys, entry->d_name, &disk))
			continue;
		if (count < NM_MAX_DISKS)
			ret[count++] = disk;
		else
			more++;
	}
	(void)closedir(dir);
	qsort(ret, count, sizeof(ret[0]), by_name);
	*ret_count = count;
	*ret_more = more;
	return 0;
}

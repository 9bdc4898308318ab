/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/init/drivers.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "initrd/init/events.h"
#include "initrd/init/modtable.h"
#include "initrd/init/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define TABLE "/lib/netmend/modules"

static struct modtable table;

static void load_file(struct modtable_entry *entry)
{
	char path[256];

	if (entry->tried)
		return;
	entry->tried = true;
	(void)snprintf(path, sizeof(path), "/%s", entry->path);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0)
		return;
	/* ENODEV: an accelerated variant the processor cannot run. */
	if (errno != EEXIST && errno != ENODEV)
		log_warning("cannot load %s: %s", entry->name, strerror(errno));
}

static void load_with_needs(struct modtable_entry *entry)
{
	char needs[1024], *rest = needs, *name;

	if (entry->tried)
		return;
	(void)snprintf(needs, sizeof(needs), "%s", entry->needs);
	while ((name = strsep(&rest, " "))) {
		struct modtable_entry *need = modtable_find(&table, name);
		if (need)
			load_file(need);
	}
	load_file(entry);
}

void drivers_load(const char *name)
{
	struct modtable_entry *entry = modtable_find(&table, name);

	if (entry)
		load_with_needs(entry);
}

static void load_for_device(const char *modalias)
{
	for (size_t i = 0; i < table.count; i++)
		if (!table.entries[i].tried &&
		        modtable_matches(&table, &table.entries[i], modalias))
			load_with_needs(&table.entries[i]);
}

/* Events are dealt with in between: what a driver found gets its own driver without delay. */
static void load_for_directory(const char *device)
{
	char modalias[512];

	if (sysfs_read(modalias, sizeof(modalias), "%s/modalias", device) <= 0)
		return;
	load_for_device(modalias);
	(void)events_wait(0);
}

static void load_for_network_card(const char *device)
{
	char class[16];

	/* PCI base class 02. */
	if (sysfs_read(class, sizeof(class), "%s/class", device) > 0 &&
	        strncmp(class, "0x02", 4) == 0)
		load_for_directory(device);
}

static void load_for_bus(const char *bus)
{
	char devices[300];

	(void)snprintf(devices, sizeof(devices), "%s/devices", bus);
	sysfs_each(devices, load_for_directory);
}

void drivers_load_present(void)
{
	/* First, because a copper port then needs seconds to agree with its switch. */
	sysfs_each("/sys/bus/pci/devices", load_for_network_card);
	sysfs_each("/sys/bus", load_for_bus);
}

int drivers_open(struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_CLOSE int fd = open(TABLE, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 && (text = malloc((size_t)st.st_size + 1)))
		n = read(fd, text, (size_t)st.st_size);
	if (n < 0 || n != st.st_size)
		return error_set(err, -EIO, REASON_INTERNAL, "cannot read " TABLE);
	text[n] = 0;
	int r = modtable_parse(text, &table, err);
	if (r < 0)
		return r;
	events.on_device = load_for_device;
	events.on_devices_lost = drivers_load_present;
	return 0;
}

static bool is_disk(const char *block)
{
	static const char *const others[] = {"loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd"};
	const char *name = strrchr(block, '/') + 1;
	char size[32];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return false;
	return sysfs_read(size, sizeof(size), "%s/size", block) > 0 && strcmp(size, "0") != 0;
}

static bool disk_seen;

static void look_for_disk(const char *block)
{
	disk_seen = disk_seen || is_disk(block);
}

bool drivers_have_disk(void)
{
	disk_seen = false;
	sysfs_each("/sys/block", look_for_disk);
	return disk_seen;
}

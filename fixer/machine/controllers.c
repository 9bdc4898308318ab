/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/controllers.h"
#include "fixer/machine/sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "bus/pci/devices"

/* PCI class codes (PCI Code and ID Assignment Specification, 1.2 and 1.13). */
enum { BASE_STORAGE = 0x01, CLASS_ETHERNET = 0x0200, CLASS_FIBRE_CHANNEL = 0x0c04 };

struct look {
	const char *sys;
	unsigned hidden;             /* disks */
	char all[CONTROLLERS_TEXT];  /* storage controllers */
	char bare[CONTROLLERS_TEXT]; /* of them, those without a driver */
	char remapping[CONTROLLERS_TEXT];
	char network[CONTROLLERS_TEXT];
};

static void attribute(const struct look *l, const char *device, const char *name, char out[16])
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), DEVICES "/%.64s/%s", device, name);
	sysfs_text(l->sys, path, out, 16);
}

/* "0x8086" as "8086". */
static const char *digits(const char *hex)
{
	return strncmp(hex, "0x", 2) == 0 ? hex + 2 : "?";
}

static bool has_driver(const struct look *l, const char *device)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" DEVICES "/%.64s/driver", l->sys, device);
	return access(path, F_OK) == 0;
}

/* A list that is full stays as it is: one id is enough to go on with. */
static void add(char list[CONTROLLERS_TEXT], const char *id)
{
	size_t len = strlen(list);

	if (len + strlen(id) + 3 < CONTROLLERS_TEXT)
		(void)snprintf(list + len, CONTROLLERS_TEXT - len, "%s%s", len ? ", " : "", id);
}

static void look_at(struct look *l, const char *device)
{
	char class[16], vendor[16], number[16], count[16], id[48];

	attribute(l, device, "class", class);
	attribute(l, device, "vendor", vendor);
	attribute(l, device, "device", number);
	(void)snprintf(id, sizeof(id), "PCI %.8s:%.8s", digits(vendor), digits(number));
	unsigned long code = strtoul(class, NULL, 16) >> 8;
	bool bare = !has_driver(l, device);
	if (code == CLASS_ETHERNET && bare)
		add(l->network, id);
	if (code >> 8 != BASE_STORAGE && code != CLASS_FIBRE_CHANNEL)
		return;
	add(l->all, id);
	if (bare)
		add(l->bare, id);
	attribute(l, device, "remapped_nvme", count);
	unsigned long remapped = strtoul(count, NULL, 10);
	if (remapped == 0 || remapped > UINT8_MAX)
		return;
	l->hidden += (unsigned)remapped;
	add(l->remapping, id);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void look_at_all(struct look *l)
{
	char path[PATH_MAX];
	struct dirent **entries;

	(void)snprintf(path, sizeof(path), "%s/" DEVICES, l->sys);
	int n = scandir(path, &entries, no_dots, alphasort);
	for (int i = 0; i < n; i++) {
		look_at(l, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

void machine_controllers_read(const char *sys, struct machine_controllers *ret)
{
	struct look l = {.sys = sys};

	look_at_all(&l);
	*ret = (struct machine_controllers){.reason = REASON_NO_DISK};
	(void)snprintf(ret->network, sizeof(ret->network), "%s", l.network);
	if (l.hidden > 0) {
		ret->reason = REASON_DISK_HIDDEN;
		(void)snprintf(ret->text, sizeof(ret->text), "%u NVMe disk%s behind %.200s",
		        l.hidden, l.hidden == 1 ? "" : "s", l.remapping);
	} else if (l.bare[0]) {
		ret->reason = REASON_NO_DISK_DRIVER;
		(void)snprintf(ret->text, sizeof(ret->text), "without driver: %.230s", l.bare);
	} else if (l.all[0]) {
		(void)snprintf(ret->text, sizeof(ret->text), "no disk on %.230s", l.all);
	} else {
		(void)snprintf(ret->text, sizeof(ret->text), "no disk controller on the PCI bus");
	}
}

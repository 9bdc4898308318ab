/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/identity.h"
#include "fixer/machine/sysfs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARPHRD_ETHER 1 /* linux/if_arp.h */

static bool exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s/%s", root, path) < (int)sizeof(full) &&
	       access(full, F_OK) == 0;
}

/* A card and not a bridge, tunnel or loopback: it has a device behind it. */
static void add_card(const char *sys, const char *name, struct machine_identity *m)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "class/net/%s/device", name);
	if (!exists(sys, path))
		return;
	(void)snprintf(path, sizeof(path), "class/net/%s/type", name);
	if (sysfs_number(sys, path, 0) != ARPHRD_ETHER)
		return;
	(void)snprintf(path, sizeof(path), "class/net/%s/address", name);
	sysfs_text(sys, path, m->macs[m->mac_count], MAC_TEXT);
	if (strlen(m->macs[m->mac_count]) == MAC_TEXT - 1)
		m->mac_count++;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void read_macs(const char *sys, struct machine_identity *m)
{
	char path[PATH_MAX];
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/class/net", sys);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && m->mac_count < NM_MAX_MACS)
		if (entry->d_name[0] != '.')
			add_card(sys, entry->d_name, m);
	(void)closedir(dir);
	qsort(m->macs, m->mac_count, sizeof(m->macs[0]), by_text);
}

void machine_identity_read(const char *sys, struct machine_identity *ret)
{
	struct machine_identity m = {0};

	sysfs_text(sys, "class/dmi/id/product_uuid", m.uuid, sizeof(m.uuid));
	sysfs_text(sys, "class/dmi/id/product_serial", m.serial, sizeof(m.serial));
	sysfs_text(sys, "class/dmi/id/chassis_asset_tag", m.asset, sizeof(m.asset));
	sysfs_text(sys, "class/dmi/id/sys_vendor", m.manufacturer, sizeof(m.manufacturer));
	sysfs_text(sys, "class/dmi/id/product_name", m.product, sizeof(m.product));
	m.uefi = exists(sys, "firmware/efi");
	read_macs(sys, &m);
	*ret = m;
}

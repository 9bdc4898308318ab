/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/machine/bootnext.h"
#include "fixer/base/bytes.h"
#include "fixer/machine/efivars.h"
#include "fixer/machine/load_option.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ORDER_MAX 256 /* entries of BootOrder looked at */

const char *bootnext_name(enum bootnext b)
{
	static const char *const names[] = {
	        [BOOTNEXT_SET] = "set",
	        [BOOTNEXT_NOT_NEEDED] = "not-needed",
	        [BOOTNEXT_NO_ENTRY] = "no-entry",
	        [BOOTNEXT_FAILED] = "failed",
	        [BOOTNEXT_NOT_UEFI] = "not-uefi",
	};
	return names[b];
}

/* False for an entry that is missing or damaged: it is as good as none. */
static bool read_entry(const char *sys, uint16_t number, struct load_option *ret)
{
	char name[16];
	uint8_t data[EFIVAR_MAX];

	(void)snprintf(name, sizeof(name), "Boot%04X", number);
	int n = efivar_read(sys, name, data, sizeof(data));
	return n >= 0 && load_option_parse(data, (size_t)n, ret) == 0;
}

/* The number of the entry that started us; -1 when the firmware does not say. */
static int boot_current(const char *sys)
{
	uint8_t current[2];

	if (efivar_read(sys, "BootCurrent", current, sizeof(current)) != sizeof(current))
		return -1;
	return get_le16(current);
}

static bool is_network(const char *sys, int number)
{
	struct load_option entry;

	return number >= 0 && read_entry(sys, (uint16_t)number, &entry) && entry.network;
}

/* The first active Windows entry of BootOrder, and whether the network precedes it. Some firmware
 * describes its network entries in vendor terms: the one that started us counts as well. */
static int find_windows(const char *sys, int current, uint16_t *ret_number, bool *ret_network_first)
{
	uint8_t order[2 * ORDER_MAX];
	bool network_first = false;
	int n = efivar_read(sys, "BootOrder", order, sizeof(order));

	if (n < 0)
		return n;
	for (int i = 0; i + 1 < n; i += 2) {
		struct load_option entry;
		uint16_t number = get_le16(order + i);
		if (!read_entry(sys, number, &entry) || !entry.active)
			continue;
		if (entry.windows) {
			*ret_number = number;
			*ret_network_first = network_first;
			return 0;
		}
		network_first = network_first || entry.network || number == current;
	}
	return -ENODATA;
}

const char *boot_order_name(enum boot_order o)
{
	static const char *const names[] = {
	        [BOOT_ORDER_UNKNOWN] = "unknown",
	        [BOOT_ORDER_DISK] = "disk-first",
	        [BOOT_ORDER_NETWORK] = "network-first",
	};
	return names[o];
}

enum boot_order boot_order_read(const char *sys)
{
	uint16_t windows;
	bool network_first;

	if (find_windows(sys, boot_current(sys), &windows, &network_first) < 0)
		return BOOT_ORDER_UNKNOWN;
	return network_first ? BOOT_ORDER_NETWORK : BOOT_ORDER_DISK;
}

static enum bootnext failed(const char *what, int code, struct error *err)
{
	(void)error_set(err, code, REASON_INTERNAL, "%s: %s", what, strerror(-code));
	return BOOTNEXT_FAILED;
}

enum bootnext bootnext_to_windows(const char *sys, struct error *err)
{
	char efi[PATH_MAX];
	uint16_t windows = 0;
	bool network_first = false;

	(void)snprintf(efi, sizeof(efi), "%s/firmware/efi", sys);
	if (access(efi, F_OK) != 0)
		return BOOTNEXT_NOT_UEFI;
	int current = boot_current(sys);
	int r = find_windows(sys, current, &windows, &network_first);
	if (r == -ENODATA)
		return BOOTNEXT_NO_ENTRY;
	if (r < 0)
		return failed("cannot read BootOrder", r, err);
	if (!network_first && !is_network(sys, current))
		return BOOTNEXT_NOT_NEEDED;
	r = efivar_write_u16(sys, "BootNext", windows);
	return r < 0 ? failed("cannot set BootNext", r, err) : BOOTNEXT_SET;
}

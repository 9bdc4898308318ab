/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Identity, disks and BootNext against a /sys of our own in a temporary directory. */
#include "fixer/base/bytes.h"
#include "fixer/machine/bootnext.h"
#include "fixer/machine/controllers.h"
#include "fixer/machine/disks.h"
#include "fixer/machine/identity.h"
#include "fixer/machine/load_option.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define GLOBAL "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static char sys[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(sys, sizeof(sys), "/tmp/netmend-sys-XXXXXX");
	return mkdtemp(sys) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(sys, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the directories of path, below sys. */
static void make_parents(char *path)
{
	for (char *slash = path + strlen(sys) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		(void)mkdir(path, 0700);
		*slash = '/';
	}
}

static void put(const char *name, const void *data, size_t len)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", sys, name);
	make_parents(path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void test_identity(void **state)
{
	struct machine_identity m;

	(void)state;
	put_text("class/dmi/id/product_uuid", "4c4c4544-0042-3510-8052-b4c04f564433\n");
	put_text("class/dmi/id/product_serial", "  B5RR\x1b[2J  \n");
	put_text("class/dmi/id/sys_vendor", "Dell Inc.\n");
	put_text("class/net/eth1/address", "52:54:00:12:34:57\n");
	put_text("class/net/eth1/type", "1\n");
	put_text("class/net/eth1/device/vendor", "0x8086\n");
	put_text("class/net/eth0/address", "52:54:00:12:34:56\n");
	put_text("class/net/eth0/type", "1\n");
	put_text("class/net/eth0/device/vendor", "0x8086\n");
	put_text("class/net/lo/address", "00:00:00:00:00:00\n");
	put_text("class/net/br0/address", "52:54:00:99:99:99\n");
	put_text("class/net/br0/type", "1\n");
	put_text("class/net/ib0/address",
	        "80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1\n");
	put_text("class/net/ib0/type", "32\n");
	put_text("class/net/ib0/device/vendor", "0x15b3\n");

	machine_identity_read(sys, &m);
	assert_string_equal(m.uuid, "4c4c4544-0042-3510-8052-b4c04f564433");
	assert_string_equal(m.serial, "B5RR?[2J");
	assert_string_equal(m.asset, "");
	assert_string_equal(m.manufacturer, "Dell Inc.");
	assert_false(m.uefi);
	assert_int_equal(m.mac_count, 2);
	assert_string_equal(m.macs[0], "52:54:00:12:34:56");
	assert_string_equal(m.macs[1], "52:54:00:12:34:57");
}

static void put_card(const char *slot, const char *class, const char *id, const char *driver)
{
	char path[128], text[32];

	(void)snprintf(path, sizeof(path), "bus/pci/devices/%s/class", slot);
	(void)snprintf(text, sizeof(text), "0x%s\n", class);
	put_text(path, text);
	(void)snprintf(path, sizeof(path), "bus/pci/devices/%s/vendor", slot);
	(void)snprintf(text, sizeof(text), "0x%.4s\n", id);
	put_text(path, text);
	(void)snprintf(path, sizeof(path), "bus/pci/devices/%s/device", slot);
	(void)snprintf(text, sizeof(text), "0x%.4s\n", id + 5);
	put_text(path, text);
	if (!driver)
		return;
	(void)snprintf(path, sizeof(path), "bus/pci/devices/%s/driver/name", slot);
	put_text(path, driver);
}

static void expect_controllers(enum reason reason, const char *text, const char *network)
{
	struct machine_controllers c;

	machine_controllers_read(sys, &c);
	assert_int_equal(c.reason, reason);
	assert_string_equal(c.text, text);
	assert_string_equal(c.network, network);
}

static void test_controllers(void **state)
{
	(void)state;
	expect_controllers(REASON_NO_DISK, "no disk controller on the PCI bus", "");
	put_card("0000:00:02.0", "030000", "8086:3e92", NULL);
	put_card("0000:00:17.0", "010400", "8086:282a", "ahci");
	put_card("0000:00:1f.6", "020000", "8086:15bc", "e1000e");
	put_text("bus/pci/devices/0000:00:17.0/remapped_nvme", "0\n");
	expect_controllers(REASON_NO_DISK, "no disk on PCI 8086:282a", "");
	put_card("0000:01:00.0", "028000", "8086:2723", NULL); /* Wi-Fi */
	put_card("0000:04:00.0", "020000", "1425:5401", NULL);
	put_card("0000:02:00.0", "0c0400", "1077:2532", NULL);
	put_card("0000:03:00.0", "010700", "117c:00e6", NULL);
	expect_controllers(REASON_NO_DISK_DRIVER, "without driver: PCI 1077:2532, PCI 117c:00e6",
	        "PCI 1425:5401");
	put_text("bus/pci/devices/0000:00:17.0/remapped_nvme", "1\n");
	expect_controllers(REASON_DISK_HIDDEN, "1 NVMe disk behind PCI 8086:282a", "PCI 1425:5401");
	put_text("bus/pci/devices/0000:00:17.0/remapped_nvme", "junk\n");
	expect_controllers(REASON_NO_DISK_DRIVER, "without driver: PCI 1077:2532, PCI 117c:00e6",
	        "PCI 1425:5401");
}

/* More of them than fit: the text stays whole. */
static void test_many_controllers(void **state)
{
	struct machine_controllers c;
	char slot[16];

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		(void)snprintf(slot, sizeof(slot), "0000:%02x:00.0", i);
		put_card(slot, "010000", "1000:00ff", NULL);
	}
	machine_controllers_read(sys, &c);
	assert_int_equal(c.reason, REASON_NO_DISK_DRIVER);
	assert_true(strlen(c.text) > 200 && strlen(c.text) < CONTROLLERS_TEXT);
}

static void test_disks(void **state)
{
	struct machine_disk d[NM_MAX_DISKS];
	size_t count = 0, more = 0;
	char link[PATH_MAX];

	(void)state;
	put_text("block/nvme0n1/size", "1000215216\n");
	put_text("block/nvme0n1/queue/logical_block_size", "4096\n");
	put_text("block/nvme0n1/device/model", "Samsung SSD 980 PRO           \n");
	put_text("block/nvme0n1/device/serial", "S5GXNX0R\n");
	put_text("block/vda/size", "2048\n");
	put_text("block/vda/serial", "virtio-1\n");
	put_text("block/sda/size", "4096\n");
	put("block/sda/device/vpd_pg80", "\0\x80\0\x0a  WD-1234  ", 14);
	put_text("block/sdb/size", "0\n");
	put_text("block/sr0/size", "100\n");
	put_text("block/loop0/size", "100\n");
	put_text("block/dm-0/size", "100\n");
	put_text("block/zram0/size", "100\n");
	put_text("devices/pci/usb1/1-2/block/sdc/size", "64\n");
	(void)snprintf(link, sizeof(link), "%s/block/sdc", sys);
	assert_int_equal(symlink("../devices/pci/usb1/1-2/block/sdc", link), 0);

	assert_int_equal(machine_disks_read(sys, d, &count, &more), 0);
	assert_int_equal(count, 4);
	assert_int_equal(more, 0);
	assert_string_equal(d[0].name, "nvme0n1");
	assert_true(d[0].size == 512110190592);
	assert_int_equal(d[0].sector, 4096);
	assert_string_equal(d[0].model, "Samsung SSD 980 PRO");
	assert_string_equal(d[0].serial, "S5GXNX0R");
	assert_false(d[0].usb);
	assert_string_equal(d[1].name, "sda");
	assert_string_equal(d[1].serial, "WD-1234");
	assert_int_equal(d[1].sector, 512);
	assert_string_equal(d[2].name, "sdc");
	assert_true(d[2].usb);
	assert_string_equal(d[3].serial, "virtio-1");
}

static void test_disks_missing(void **state)
{
	struct machine_disk d[NM_MAX_DISKS];
	size_t count = 7, more = 7;

	(void)state;
	assert_int_equal(machine_disks_read(sys, d, &count, &more), -ENOENT);
	assert_int_equal(count, 7);
}

/* --- load options ---------------------------------------------------------------------------- */

struct bytes {
	size_t len;
	uint8_t data[1024];
};

static void add_u16(struct bytes *b, unsigned v)
{
	put_le16(b->data + b->len, (uint16_t)v);
	b->len += 2;
}

static void add_utf16(struct bytes *b, const char *text)
{
	for (; *text; text++)
		add_u16(b, (unsigned char)*text);
	add_u16(b, 0);
}

static void add_node(struct bytes *b, unsigned type, unsigned subtype, const void *data, size_t len)
{
	b->data[b->len++] = (uint8_t)type;
	b->data[b->len++] = (uint8_t)subtype;
	add_u16(b, (unsigned)len + 4);
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void add_file_node(struct bytes *b, const char *path)
{
	struct bytes text = {0};

	add_utf16(&text, path);
	add_node(b, 4, 4, text.data, text.len);
}

/* The entry of a disk file, of a network card (file NULL), or of neither (file ""). */
static struct bytes entry(unsigned attributes, const char *file, bool network)
{
	static const uint8_t mac[33], disk[38];
	struct bytes b = {0}, path = {0};

	if (network) {
		add_node(&path, 3, 0x0b, mac, sizeof(mac));
		add_node(&path, 3, 0x0c, mac, 23);
	} else {
		add_node(&path, 4, 1, disk, sizeof(disk));
	}
	if (file && *file)
		add_file_node(&path, file);
	add_node(&path, 0x7f, 0xff, NULL, 0);
	put_le32(b.data, attributes);
	b.len = 4;
	add_u16(&b, (unsigned)path.len);
	add_utf16(&b, "a description");
	memcpy(b.data + b.len, path.data, path.len);
	b.len += path.len;
	return b;
}

static const char windows_file[] = "\\EFI\\MICROSOFT\\BOOT\\bootmgfw.efi";

static void test_load_option(void **state)
{
	struct load_option o;
	struct bytes b = entry(1, windows_file, false);

	(void)state;
	assert_int_equal(load_option_parse(b.data, b.len, &o), 0);
	assert_true(o.active && o.windows && !o.network);
	assert_string_equal(o.path, windows_file);

	b = entry(1, "\\EFI\\BOOT\\bootx64.efi", false);
	assert_int_equal(load_option_parse(b.data, b.len, &o), 0);
	assert_false(o.windows);

	b = entry(0, NULL, true);
	assert_int_equal(load_option_parse(b.data, b.len, &o), 0);
	assert_true(o.network && !o.active && !o.windows);
}

/* The path may come in several nodes. */
static void test_load_option_split_path(void **state)
{
	struct bytes b = {0}, path = {0};
	struct load_option o;

	(void)state;
	add_file_node(&path, "\\EFI\\Microsoft");
	add_file_node(&path, "\\Boot\\bootmgfw.efi");
	add_node(&path, 0x7f, 0xff, NULL, 0);
	b.len = 4;
	add_u16(&b, (unsigned)path.len);
	add_utf16(&b, "x");
	memcpy(b.data + b.len, path.data, path.len);
	assert_int_equal(load_option_parse(b.data, b.len + path.len, &o), 0);
	assert_true(o.windows);
}

/* Every truncation is refused, and no node length leads out of the list. */
static void test_load_option_hostile(void **state)
{
	struct bytes good = entry(1, windows_file, false);
	struct load_option o;

	(void)state;
	for (size_t len = 0; len < good.len; len++) {
		uint8_t *copy = malloc(len ? len : 1); /* exact size, for the address sanitizer */
		assert_non_null(copy);
		memcpy(copy, good.data, len);
		assert_int_equal(load_option_parse(copy, len, &o), -EBADMSG);
		free(copy);
	}
	size_t node = 6 + 2 * sizeof("a description") + 2; /* length field of the first node */
	static const unsigned lengths[] = {0, 3, 0xffff};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bytes b = good;
		put_le16(b.data + node, (uint16_t)lengths[i]);
		assert_int_equal(load_option_parse(b.data, b.len, &o), -EBADMSG);
	}
}

/* --- BootNext -------------------------------------------------------------------------------- */

static void put_variable(const char *name, const void *data, size_t len)
{
	char path[128];
	uint8_t raw[1100] = {7};

	memcpy(raw + 4, data, len);
	(void)snprintf(path, sizeof(path), "firmware/efi/efivars/%s" GLOBAL, name);
	put(path, raw, len + 4);
}

static void put_entry(const char *name, struct bytes b)
{
	put_variable(name, b.data, b.len);
}

/* The usual machine: 0 = Windows, 1 = network card, 2 = a USB stick, 3 = in vendor terms, 4 =
 * another Windows that is switched off. */
static void put_entries(const char *order, size_t entries, int current)
{
	uint8_t number[2] = {(uint8_t)current, 0};

	put_entry("Boot0000", entry(1, windows_file, false));
	put_entry("Boot0001", entry(1, NULL, true));
	put_entry("Boot0002", entry(1, "\\EFI\\BOOT\\bootx64.efi", false));
	put_entry("Boot0003", entry(1, "", false));
	put_entry("Boot0004", entry(0, windows_file, false));
	put_variable("BootOrder", order, entries * 2);
	if (current >= 0)
		put_variable("BootCurrent", number, 2);
}

static int boot_next_file(uint8_t raw[16])
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/firmware/efi/efivars/BootNext" GLOBAL, sys);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, raw, 16);
	(void)close(fd);
	return (int)n;
}

struct decision {
	const char *name, *order;
	size_t entries;
	int current;
	enum bootnext result;
	enum boot_order first;
};

static const struct decision decisions[] = {
        {"network first", "\1\0\0\0", 2, 1, BOOTNEXT_SET, BOOT_ORDER_NETWORK},
        {"network first, started from the stick", "\1\0\2\0\0\0", 3, 2, BOOTNEXT_SET,
                BOOT_ORDER_NETWORK},
        {"disk first, one-time network boot", "\0\0\1\0", 2, 1, BOOTNEXT_SET, BOOT_ORDER_DISK},
        {"started by a vendor entry before Windows", "\3\0\0\0", 2, 3, BOOTNEXT_SET,
                BOOT_ORDER_NETWORK},
        {"disk first", "\0\0\1\0", 2, 0, BOOTNEXT_NOT_NEEDED, BOOT_ORDER_DISK},
        {"disk first, no BootCurrent", "\0\0\1\0", 2, -1, BOOTNEXT_NOT_NEEDED, BOOT_ORDER_DISK},
        {"no Windows entry", "\1\0\2\0", 2, 1, BOOTNEXT_NO_ENTRY, BOOT_ORDER_UNKNOWN},
        {"Windows entry switched off", "\1\0\4\0", 2, 1, BOOTNEXT_NO_ENTRY, BOOT_ORDER_UNKNOWN},
        {"entries that do not exist", "\x77\0\1\0\x76\0\0\0", 4, 1, BOOTNEXT_SET,
                BOOT_ORDER_NETWORK},
};

static void test_decisions(void **state)
{
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		const struct decision *d = &decisions[i];
		static const uint8_t wanted[6] = {7, 0, 0, 0, 0, 0};
		uint8_t raw[16];
		struct error err = {0};
		put_entries(d->order, d->entries, d->current);
		enum bootnext got = bootnext_to_windows(sys, &err);
		if (got != d->result)
			fail_msg("%s: %s instead of %s (%s)", d->name, bootnext_name(got),
			        bootnext_name(d->result), err.text);
		if (boot_order_read(sys) != d->first)
			fail_msg("%s: %s instead of %s", d->name,
			        boot_order_name(boot_order_read(sys)), boot_order_name(d->first));
		int n = boot_next_file(raw);
		assert_int_equal(n, d->result == BOOTNEXT_SET ? 6 : 0);
		if (n > 0)
			assert_memory_equal(raw, wanted, sizeof(wanted));
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void test_not_uefi(void **state)
{
	(void)state;
	assert_int_equal(bootnext_to_windows(sys, NULL), BOOTNEXT_NOT_UEFI);
	assert_string_equal(bootnext_name(BOOTNEXT_NOT_UEFI), "not-uefi");
	assert_string_equal(boot_order_name(boot_order_read(sys)), "unknown");
}

/* EFI, but the variables are not mounted. */
static void test_no_variables(void **state)
{
	struct error err = {0};

	(void)state;
	put_text("firmware/efi/fw_platform_size", "64\n");
	assert_int_equal(bootnext_to_windows(sys, &err), BOOTNEXT_FAILED);
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(boot_order_read(sys), BOOT_ORDER_UNKNOWN);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        CASE(test_identity),
	        CASE(test_disks),
	        CASE(test_disks_missing),
	        CASE(test_controllers),
	        CASE(test_many_controllers),
	        cmocka_unit_test(test_load_option),
	        cmocka_unit_test(test_load_option_split_path),
	        cmocka_unit_test(test_load_option_hostile),
	        CASE(test_decisions),
	        CASE(test_not_uefi),
	        CASE(test_no_variables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

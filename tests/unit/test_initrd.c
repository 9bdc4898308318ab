/* SPDX-License-Identifier: GPL-3.0-or-later */
/* init's table of modules, mkinitrd's list and archive. */
#include "initrd/init/modtable.h"
#include "initrd/mkinitrd/list.h"
#include "initrd/mkinitrd/resolve.h"
#include "initrd/mkinitrd/rootfs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char table_text[] = "module virtio lib/modules/v/virtio.ko\n"
                                 "module e1000e lib/modules/v/e1000e.ko\n"
                                 "alias pci:v00008086d000010D3sv*sd*bc*sc*i*\n"
                                 "module virtio_net lib/modules/v/virtio_net.ko\n"
                                 "needs virtio failover\n"
                                 "alias virtio:d00000001v*\n"
                                 "alias virtio:d000000[0-3]9v*\n";

static void test_table(void **state)
{
	(void)state;
	struct modtable t;

	assert_int_equal(modtable_parse(table_text, &t, NULL), 0);
	assert_int_equal(t.count, 3);
	struct modtable_entry *net = modtable_find(&t, "virtio_net");
	assert_non_null(net);
	assert_string_equal(net->path, "lib/modules/v/virtio_net.ko");
	assert_string_equal(net->needs, "virtio failover");
	assert_int_equal(net->alias_count, 2);
	assert_string_equal(modtable_find(&t, "virtio")->needs, "");
	assert_null(modtable_find(&t, "virtio_ne"));
	modtable_free(&t);
}

static void test_matching(void **state)
{
	(void)state;
	struct modtable t;

	assert_int_equal(modtable_parse(table_text, &t, NULL), 0);
	const struct modtable_entry *net = modtable_find(&t, "virtio_net");
	const struct modtable_entry *card = modtable_find(&t, "e1000e");
	const char *const card_alias = "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00";
	assert_true(modtable_matches(&t, net, "virtio:d00000001v00001AF4"));
	assert_true(modtable_matches(&t, net, "virtio:d00000029v00001AF4"));
	assert_false(modtable_matches(&t, net, "virtio:d00000049v00001AF4"));
	assert_false(modtable_matches(&t, net, card_alias));
	assert_true(modtable_matches(&t, card, card_alias));
	assert_false(modtable_matches(&t, card, "pci:v00008086d000010D"));
	assert_false(modtable_matches(&t, modtable_find(&t, "virtio"), card_alias));
	modtable_free(&t);
}

static void test_bad_tables(void **state)
{
	(void)state;
	static const char *const bad[] = {"alias x\n", "needs x\n", "module x\n", "module x \n",
	        "module x y z\n", "module x y\nalias \n", "module x y\nother z\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct modtable t = {.count = 77};
		struct error err = {0};
		assert_true(modtable_parse(bad[i], &t, &err) < 0);
		assert_int_equal(t.count, 77);
		assert_int_equal(err.reason, REASON_INTERNAL);
	}
}

static void test_table_as_written(void **state)
{
	(void)state;
	unsigned ring[] = {0}, net[] = {1, 3}, cycle[] = {2};
	char *aliases[] = {(char[]){"virtio:d00000001v*"}};
	struct module modules[] = {
	        {.name = (char[]){"base"}, .path = (char[]){"/m/v/k/base.ko"}},
	        {.name = (char[]){"ring"},
	                .path = (char[]){"/m/v/k/ring.ko"},
	                .needs = ring,
	                .need_count = 1},
	        {.name = (char[]){"net"},
	                .path = (char[]){"/m/v/k/net.ko"},
	                .needs = net,
	                .need_count = 2,
	                .aliases = aliases,
	                .alias_count = 1},
	        {.name = (char[]){"soft"},
	                .path = (char[]){"/m/v/k/soft.ko"},
	                .needs = cycle,
	                .need_count = 1},
	};
	const struct module_set set = {.modules = modules, .count = 4};
	struct buffer out;
	struct modtable t;

	buffer_init(&out, 4096);
	assert_int_equal(module_set_write_table(&set, "/m/v", "lib/modules/v", &out), 0);
	assert_int_equal(modtable_parse((const char *)out.data, &t, NULL), 0);
	buffer_free(&out);
	assert_int_equal(t.count, 4);
	assert_string_equal(modtable_find(&t, "net")->needs, "base ring soft");
	assert_string_equal(modtable_find(&t, "net")->path, "lib/modules/v/k/net.ko");
	assert_string_equal(modtable_find(&t, "soft")->needs, "base ring net");
	assert_true(modtable_matches(&t, modtable_find(&t, "net"), "virtio:d00000001v0"));
	modtable_free(&t);
}

static void test_list(void **state)
{
	(void)state;
	struct module_list list;
	static const char text[] = "# comment\nfirst\n\n## Disks\nusb-storage  \nahci\n"
	                           "firmware bnx2/a-1.fw\n## Network\n8139cp";

	assert_int_equal(module_list_parse(text, &list, NULL), 0);
	assert_int_equal(list.group_count, 3);
	assert_string_equal(list.groups[1], "Disks");
	assert_int_equal(list.item_count, 5);
	assert_int_equal(list.items[0].group, 0);
	assert_string_equal(list.items[1].name, "usb_storage");
	assert_int_equal(list.items[1].line, 5);
	assert_true(list.items[3].is_firmware);
	assert_string_equal(list.items[3].name, "bnx2/a-1.fw");
	assert_string_equal(list.items[4].name, "8139cp");
	assert_int_equal(list.items[4].group, 2);
	module_list_free(&list);
}

static void test_list_firmware(void **state)
{
	(void)state;
	struct module_list list;
	static const char text[] = "firmware a.fw\noptional b.fw c/d.fw\nbnx2-x with e.fw f.fw\n";

	assert_int_equal(module_list_parse(text, &list, NULL), 0);
	assert_int_equal(list.item_count, 6);
	assert_false(list.items[0].optional);
	assert_true(list.items[1].optional && list.items[2].optional);
	assert_string_equal(list.items[2].name, "c/d.fw");
	assert_true(list.items[2].driver == LIST_NO_DRIVER);
	assert_false(list.items[3].is_firmware);
	assert_string_equal(list.items[3].name, "bnx2_x");
	for (size_t i = 4; i < 6; i++) {
		assert_true(list.items[i].is_firmware);
		assert_false(list.items[i].optional);
		assert_int_equal(list.items[i].driver, 3);
	}
	module_list_free(&list);
}

static void test_bad_lists(void **state)
{
	(void)state;
	static const char *const bad[] = {"ok\ntwo words", "ok\npci:v*", "ok\nok", "a-b\na_b",
	        "ok\nfirmware /etc/shadow", "ok\nfirmware ../x", "ok\nfirmware a b",
	        "ok\noptional a  b", "ok\noptional a /b", "ok\nmod with a a", "ok\nmod with ../a",
	        "ok\n with a", "ok\nmod with"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct module_list list = {.item_count = 77};
		struct error err = {0};
		assert_true(module_list_parse(bad[i], &list, &err) < 0);
		assert_int_equal(list.item_count, 77);
		assert_non_null(strstr(err.text, "line 2"));
	}
}

static void archive(const char *const paths[], size_t count, struct buffer *out)
{
	struct rootfs rootfs = {0};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(
		        rootfs_add(&rootfs, paths[i], 0644, paths[i], strlen(paths[i])), 0);
	assert_int_equal(rootfs_archive(&rootfs, 3, out, NULL), 0);
	rootfs_free(&rootfs);
}

static void test_same_tree_same_bytes(void **state)
{
	(void)state;
	static const char *const one[] = {"init", "bin/fixer", "lib/m/a.ko", "lib/m/b.ko"};
	static const char *const other[] = {"lib/m/b.ko", "lib/m/a.ko", "bin/fixer", "init"};
	static const char *const less[] = {"lib/m/b.ko", "lib/m/a.ko", "bin/fixer"};
	struct buffer a, b, c;

	buffer_init(&a, 65536);
	buffer_init(&b, 65536);
	buffer_init(&c, 65536);
	archive(one, 4, &a);
	archive(other, 4, &b);
	archive(less, 3, &c);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	assert_true(a.len != c.len || memcmp(a.data, c.data, a.len) != 0);
	/* Little-endian magic of a zstd frame (RFC 8878, 3.1.1). */
	assert_memory_equal(a.data, "\x28\xb5\x2f\xfd", 4);
	buffer_free(&a);
	buffer_free(&b);
	buffer_free(&c);
}

static void test_tree_refuses(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "/init", "a//b", "../a", "a/../b", "a/..", "a/"};
	struct rootfs rootfs = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rootfs_add(&rootfs, bad[i], 0644, "", 0), -EINVAL);
	assert_int_equal(rootfs.count, 0);
	assert_int_equal(rootfs_add(&rootfs, "lib/..a", 0644, "", 0), 0);
	assert_int_equal(rootfs_add(&rootfs, "lib/..a", 0644, "", 0), -EEXIST);
	rootfs_free(&rootfs);
}

static void test_archive_keeps_its_limit(void **state)
{
	(void)state;
	struct rootfs rootfs = {0};
	struct buffer out;
	struct error err = {0};

	buffer_init(&out, 16);
	assert_int_equal(rootfs_add(&rootfs, "a", 0644, "text", 4), 0);
	assert_true(rootfs_archive(&rootfs, 3, &out, &err) < 0);
	assert_non_null(strstr(err.text, "limit"));
	rootfs_free(&rootfs);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_matching),
	        cmocka_unit_test(test_bad_tables),
	        cmocka_unit_test(test_table_as_written),
	        cmocka_unit_test(test_list),
	        cmocka_unit_test(test_list_firmware),
	        cmocka_unit_test(test_bad_lists),
	        cmocka_unit_test(test_same_tree_same_bytes),
	        cmocka_unit_test(test_tree_refuses),
	        cmocka_unit_test(test_archive_keeps_its_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables that sgdisk wrote: GPT, and the MBR it converts one to. */
#include "fixer/block/file.h"
#include "fixer/block/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#define MIB       (1024 * 1024ULL)
#define DISK_SIZE (64 * MIB)

static char path[] = "/tmp/netmend-sgdisk-XXXXXX";

static int setup(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 || ftruncate(fd, DISK_SIZE) < 0 || close(fd) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

/* options: blank-separated, for sgdisk on the test's disk. */
static void sgdisk(const char *options)
{
	char copy[256], program[] = "sgdisk", *rest = copy;
	char *argv[16] = {program};
	size_t n = 1;
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status;

	(void)snprintf(copy, sizeof(copy), "%s", options);
	for (char *word; n < 14 && (word = strsep(&rest, " "));)
		argv[n++] = word;
	argv[n] = path;
	assert_int_equal(posix_spawn_file_actions_init(&quiet), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0), 0);
	int r = posix_spawnp(&pid, program, &quiet, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&quiet);
	if (r == ENOENT) {
		print_message("skipped: no sgdisk\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void read_table(struct partition_table *t)
{
	CLEANUP_BLOCK struct block_device *disk = NULL;
	struct error err = {0};

	assert_int_equal(file_device_open(path, false, 0, &disk, &err), 0);
	if (partition_table_read(disk, t, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect(const struct partition *p, uint32_t number, uint64_t start, uint64_t size)
{
	assert_int_equal(p->number, number);
	assert_int_equal(p->start, start);
	assert_int_equal(p->size, size);
}

static void what_sgdisk_writes_is_read(void **state)
{
	(void)state;
	static struct partition_table t;
	struct guid id;

	sgdisk("-n1:2048:+8M -t1:ef00 -c1:ESP -n3:+0:+16M -t3:0700 -c3:W\xc3\xb6rk "
	       "-u3:063EA4E1-220C-4293-BA01-4754620A96E7 "
	       "-U11111111-2222-3333-4444-555555555555");
	read_table(&t);
	assert_int_equal(t.scheme, SCHEME_GPT);
	assert_int_equal(t.count, 2);
	expect(&t.entries[0], 1, MIB, 8 * MIB);
	expect(&t.entries[1], 3, 9 * MIB, 16 * MIB);
	assert_string_equal(t.entries[0].label, "ESP");
	assert_string_equal(t.entries[1].label, "W\xc3\xb6rk");
	assert_int_equal(guid_parse("063EA4E1-220C-4293-BA01-4754620A96E7", &id), 0);
	assert_true(guid_equal(&t.entries[1].id, &id));
	assert_int_equal(guid_parse("11111111-2222-3333-4444-555555555555", &id), 0);
	assert_true(guid_equal(&t.disk_id, &id));
	sgdisk("-m1:3");
	read_table(&t);
	assert_int_equal(t.scheme, SCHEME_MBR);
	assert_int_equal(t.count, 2);
	expect(&t.entries[0], 1, MIB, 8 * MIB);
	expect(&t.entries[1], 2, 9 * MIB, 16 * MIB);
	assert_int_equal(t.entries[1].mbr_type, 0x07);
}

/* sgdisk knows each type by its number: it is the judge of the GUIDs in our table, and of the MBR
 * types it makes of them. */
static void types_are_called_as_they_are(void **state)
{
	(void)state;
	static const struct {
		const char *code, *name;
		bool dynamic;
	} types[] = {
	        {"ef00", "EFI system", false}, {"0c01", "Microsoft reserved", false},
	        {"0700", "Windows data", false}, {"2700", "Windows recovery", false},
	        {"4200", "Windows LDM data", true}, {"4201", "Windows LDM metadata", true},
	        {"4202", "Windows Storage Spaces", true},
	        {"0701", "Windows Storage Replica", false}, {"8400", "Intel Rapid Start", false},
	        {"ef02", "BIOS boot", false}, {"8200", "Linux swap", false},
	        {"8300", "Linux filesystem", false}, {"8304", "Linux root", false},
	        {"8309", "Linux LUKS", false}, {"8e00", "Linux LVM", false},
	        {"ea00", "Linux boot loader", false}, {"fd00", "Linux RAID", false},
	        {"af00", "Apple HFS+", false}, {"af0a", "Apple APFS", false},
	        {"a007", NULL, false}, /* Android's */
	};
	static struct partition_table t;
	char options[64];

	sgdisk("-og -n1:2048:+8M");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		(void)snprintf(options, sizeof(options), "-t1:%s", types[i].code);
		sgdisk(options);
		read_table(&t);
		const char *name = partition_type_name(&t.entries[0]);
		if (types[i].name)
			assert_string_equal(name, types[i].name);
		else
			assert_null(name);
		assert_int_equal(partition_is_dynamic(&t.entries[0]), types[i].dynamic);
	}
	sgdisk("-t1:4200 -m1");
	read_table(&t);
	assert_int_equal(t.scheme, SCHEME_MBR);
	assert_string_equal(partition_type_name(&t.entries[0]), "Windows LDM data");
	assert_true(partition_is_dynamic(&t.entries[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_sgdisk_writes_is_read),
	        cmocka_unit_test(types_are_called_as_they_are),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

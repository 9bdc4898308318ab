/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answer list as dnsmasq reads it, of a directory anybody may have written into. */
#include "appliance/supervisor/answers.h"
#include "appliance/supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/netmend-answers-XXXXXX";
static struct config config;

static void path_of(char out[STATE_PATH_MAX], const char *name)
{
	state_path(out, config.state, name);
}

static void touch(const char *name, const char *content)
{
	char path[STATE_PATH_MAX], part[300];

	(void)snprintf(part, sizeof(part), "dnsmasq/hosts/%s", name);
	path_of(path, part);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void list_is(const char *expected)
{
	struct error err = {0};
	struct buffer text;
	char path[STATE_PATH_MAX];
	struct stat st;

	path_of(path, DNSMASQ_ANSWERS);
	assert_int_equal(state_read_file(path, 4096, &text, &err), 0);
	assert_string_equal(text.data ? (const char *)text.data : "", expected);
	buffer_free(&text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_names_become_lines(void **state)
{
	struct error err = {0};
	char path[STATE_PATH_MAX];

	(void)state;
	(void)umask(077);
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("");
	touch("52-54-00-12-34-5f", "set:evil,10.0.0.1\n");
	touch("52-54-00-12-34-5F", "");
	touch("52:54:00:12:34:5f", "");
	touch("52-54-00-12-34-5f\ndhcp-option=3", "");
	touch("52-54-00-12-34-5", "");
	touch("52-54-00-12-34-5f-00", "");
	touch("-2-54-00-12-34-5f", "");
	touch(".hidden", "");
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("52:54:00:12:34:5f\n");
	path_of(path, "dnsmasq/hosts/52-54-00-12-34-5f");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("");
}

/* One that gets the other loader has an address of its own; no two the same. */
static void test_the_other_loader(void **state)
{
	struct error err = {0};
	char shim[STATE_PATH_MAX], path[STATE_PATH_MAX];

	(void)state;
	touch("52-54-00-00-00-01.shim", "");
	touch("52-54-00-00-00-01.grub", "");
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("52:54:00:00:00:01\n"); /* there is only one */
	path_of(shim, "tftp");
	assert_int_equal(mkdir(shim, 0755), 0);
	path_of(shim, "tftp/x64");
	assert_int_equal(mkdir(shim, 0755), 0);
	path_of(shim, "tftp/x64/shimx64.efi");
	FILE *f = fopen(shim, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("52:54:00:00:00:01,240.0.0.1\n");
	config.uefi = UEFI_SHIM;
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("52:54:00:00:00:01\n");
	config.scope = SCOPE_ALL;
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("");
	config.uefi = UEFI_IPXE;
	assert_int_equal(answers_write(&config, &err), 0);
	list_is("52:54:00:00:00:01,240.0.0.1\n");
	config.scope = SCOPE_LISTED;
	config.uefi = UEFI_AUTO;
	assert_int_equal(unlink(shim), 0);
	for (int i = 0; i < 2; i++) {
		path_of(path, i ? "tftp" : "tftp/x64");
		assert_int_equal(rmdir(path), 0);
	}
	path_of(path, "dnsmasq/hosts/52-54-00-00-00-01.shim");
	assert_int_equal(unlink(path), 0);
	path_of(path, "dnsmasq/hosts/52-54-00-00-00-01.grub");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(answers_write(&config, &err), 0);
}

static void test_what_cannot_be_read(void **state)
{
	struct error err = {0};
	char hosts[STATE_PATH_MAX], other[STATE_PATH_MAX];

	(void)state;
	path_of(hosts, "dnsmasq/hosts");
	path_of(other, "dnsmasq/elsewhere");
	assert_int_equal(rename(hosts, other), 0);
	assert_int_equal(answers_write(&config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "dnsmasq/hosts"));
	assert_int_equal(symlink(other, hosts), 0);
	assert_true(answers_write(&config, &err) < 0);
	list_is("");
}

static int folder_make(void **state)
{
	char path[STATE_PATH_MAX];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(config.state, sizeof(config.state), "%s", folder);
	path_of(path, "dnsmasq");
	if (mkdir(path, 0755) < 0)
		return -1;
	path_of(path, "dnsmasq/hosts");
	return mkdir(path, 0755);
}

static int folder_remove(void **state)
{
	static const char *const names[] = {"dnsmasq/elsewhere/52-54-00-12-34-5F",
	        "dnsmasq/elsewhere/52:54:00:12:34:5f",
	        "dnsmasq/elsewhere/52-54-00-12-34-5f\ndhcp-option=3",
	        "dnsmasq/elsewhere/52-54-00-12-34-5", "dnsmasq/elsewhere/52-54-00-12-34-5f-00",
	        "dnsmasq/elsewhere/-2-54-00-12-34-5f", "dnsmasq/elsewhere/.hidden",
	        "dnsmasq/elsewhere", "dnsmasq/hosts", DNSMASQ_ANSWERS, "dnsmasq", ""};
	char path[STATE_PATH_MAX];
	int r = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i]);
		r |= remove(path);
	}
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_names_become_lines),
	        cmocka_unit_test(test_the_other_loader),
	        cmocka_unit_test(test_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}

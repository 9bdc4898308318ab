/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What escrow and fetch are told: the configuration with the files it names, through a pipe. */
#include "appliance/supervisor/settings.h"
#include "fixer/base/secret.h"
#include "netmend/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/test-settings-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const void *data, size_t len, mode_t mode)
{
	const char *path = path_of(name);

	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	return path;
}

static void write_text(const char *name, const char *text)
{
	(void)write_file(name, text, strlen(text), 0600);
}

/* "@" in text stands for the folder. */
static struct config config_of(const char *text)
{
	char whole[4096];
	size_t len = 0;
	struct config config;
	struct error err = {0};

	for (; *text; text++)
		len += (size_t)snprintf(whole + len, sizeof(whole) - len, "%.*s",
		        *text == '@' ? 95 : 1, *text == '@' ? folder : text);
	if (config_parse("f", whole, len, &config, &err) < 0)
		fail_msg("%s", err.text);
	config.fetch.gid = getegid();
	return config;
}

static json_t *object_from(int fd)
{
	static char text[NM_MAX_SETTINGS + 1];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	(void)close(fd);
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	return object;
}

static json_t *for_escrow(const char *text)
{
	struct config config = config_of(text);
	struct error err = {0};
	int fd;

	if (settings_for_escrow(&config, &fd, &err) < 0)
		fail_msg("%s", err.text);
	return object_from(fd);
}

static void refused(const char *text, bool escrow, const char *says)
{
	struct config config = config_of(text);
	struct error err = {0};
	int fd, r = escrow ? settings_for_escrow(&config, &fd, &err)
	                   : settings_for_fetch(&config, folder, &fd, &err);

	assert_true(r < 0);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" is not in: %s", says, err.text);
}

static bool need_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("skipped: secret files are root's\n");
	return false;
}

/* As appliance/README.md has it. */
static void defaults_for_escrow(void **state)
{
	static const char wanted[] =
	        "{\"v\":1,\"vault\":{\"key\":\"auto\"},\"release\":{\"campaign\":\"default\","
	        "\"approval\":\"auto\",\"from\":0,\"until\":0,\"total\":0,\"per_minute\":600,"
	        "\"subnet_minute\":300,\"subnet_prefix\":24,\"machine_hour\":6,\"machine_keys\":16,"
	        "\"machine_mismatches\":6,\"suspects\":5,\"request_minutes\":60,"
	        "\"approval_minutes\":15,\"subnets\":[],\"inventory\":null},"
	        "\"sources\":[{\"name\":\"vault\",\"type\":\"vault\"}],\"fetch\":\"\","
	        "\"power\":\"/run/netmend/power.sock\",\"syslog\":true,\"page_import\":true}";
	json_t *got = for_escrow(""), *model = json_loads(wanted, 0, NULL);

	(void)state;
	assert_true(json_equal(got, model));
	json_decref(got);
	json_decref(model);
}

static void release_for_escrow(void **state)
{
	json_t *got = for_escrow("[release]\ncampaign = \"a\\b\"\nfrom = 1970-01-01T00:00:01Z\n"
	                         "approval = two-person\nsubnets = 10.0.0.0/8 192.0.2.0/24\n"
	                         "[server]\nruntime = /r\n[source x]\ntype = exec\nprogram = /p\n"
	                         "[escrow]\nsyslog = no\npage-import = no\nvault-key = ask\n"
	                         "[power]\ndrive = no\n");
	const char *campaign, *approval, *second, *key, *source, *type, *fetch, *power;
	json_int_t from;
	int syslog, page_import;

	(void)state;
	assert_int_equal(
	        json_unpack(got,
	                "{s:{s:s,s:s,s:I,s:[s,s]},s:{s:s},s:[{},{s:s,s:s}],s:s,s:s,s:b,s:b}",
	                "release", "campaign", &campaign, "approval", &approval, "from", &from,
	                "subnets", &second, &second, "vault", "key", &key, "sources", "name",
	                &source, "type", &type, "fetch", &fetch, "power", &power, "syslog", &syslog,
	                "page_import", &page_import),
	        0);
	assert_string_equal(campaign, "\"a\\b\"");
	assert_string_equal(approval, "two-person");
	assert_true(from == 1000);
	assert_string_equal(second, "192.0.2.0/24");
	assert_string_equal(key, "ask");
	assert_string_equal(source, "x");
	assert_string_equal(type, "exec");
	assert_string_equal(fetch, "/r/fetch.sock");
	assert_string_equal(power, "");
	assert_int_equal(syslog, 0);
	assert_int_equal(page_import, 0);
	json_decref(got);
}

static void vault_keys_are_read(void **state)
{
	static const unsigned char key[] = {0, 1, 2, 0xff, '\n'};
	const char *kind, *secret;

	(void)state;
	if (!need_root())
		skip();
	(void)write_file("key", key, sizeof(key), 0400);
	json_t *got = for_escrow("[escrow]\nvault-key = file:@/key\n");
	assert_int_equal(
	        json_unpack(got, "{s:{s:s,s:s}}", "vault", "key", &kind, "secret", &secret), 0);
	assert_string_equal(kind, "file");
	assert_string_equal(secret, "AAEC/wo=");
	json_decref(got);

	/* A passphrase is the line without its end. */
	write_text("phrase", "correct horse\r\n");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
	got = for_escrow("[escrow]\nvault-key = passphrase-credential:phrase\n");
	assert_int_equal(
	        json_unpack(got, "{s:{s:s,s:s}}", "vault", "key", &kind, "secret", &secret), 0);
	assert_string_equal(kind, "passphrase");
	assert_string_equal(secret, "Y29ycmVjdCBob3JzZQ==");
	json_decref(got);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	refused("[escrow]\nvault-key = credential:phrase\n", true,
	        "LoadCredential=phrase:PATH in netmend.service");
}

static void bad_secret_files_are_told(void **state)
{
	static const char file_key[] = "[escrow]\nvault-key = file:@/key\n";
	static const char phrase[] = "[escrow]\nvault-key = passphrase-file:@/key\n";
	char large[NM_MAX_PASSPHRASE + 2];

	(void)state;
	if (!need_root())
		skip();
	(void)unlink(path_of("key"));
	refused(file_key, true, "/key: No such file or directory");
	(void)write_file("key", "x", 1, 0604);
	refused(file_key, true, "/key is open to others (mode 0604): chmod 600 /tmp/");
	(void)write_file("key", "x", 1, 0660);
	refused(file_key, true, "/key is open to others (mode 0660)");
	(void)write_file("key", "x", 1, 0640);
	json_decref(for_escrow(file_key));
	assert_int_equal(chown(path_of("key"), 12345, 0), 0);
	refused(file_key, true, "/key belongs to another user than root");
	(void)write_file("key", "", 0, 0600);
	refused(file_key, true, "/key is empty");
	refused(phrase, true, "/key is empty");
	write_text("key", "one\ntwo\n");
	refused(phrase, true, "/key has more than one line");
	write_text("key", "\xff\xfe");
	refused(phrase, true, "/key is not text (UTF-8)");
	memset(large, 'x', sizeof(large));
	(void)write_file("key", large, NM_MAX_PASSPHRASE, 0600);
	json_decref(for_escrow(phrase));
	(void)write_file("key", large, NM_MAX_PASSPHRASE + 1, 0600);
	refused(phrase, true, "/key is larger than 256 bytes");
	(void)unlink(path_of("key"));
	assert_int_equal(mkfifo(path_of("key"), 0600), 0);
	refused(file_key, true, "/key is not a file");
	(void)unlink(path_of("key"));
}

static void inventory_is_normal_in_the_end(void **state)
{
	const char *uuid, *serial, *mac, *last;

	(void)state;
	write_text("inventory", "\xef\xbb\xbfMAC, Serial ,uuid\r\n"
	                        "52-54-00-AB-00-01,\"5CG 1\",\r\n\r\n"
	                        ",,{4c4c4544-0036-3510-8052-b4c04f564433}\n"
	                        "525400ab0002\n");
	json_t *got = for_escrow("[release]\ninventory = @/inventory\n");
	assert_int_equal(
	        json_unpack(got, "{s:{s:[{s:s,s:s,s:s!},{s:s},{s:s}!]}}", "release", "inventory",
	                "uuid", &uuid, "serial", &serial, "mac", &mac, "uuid", &uuid, "mac", &last),
	        0);
	assert_string_equal(mac, "52:54:00:ab:00:01");
	assert_string_equal(serial, "5CG 1");
	assert_string_equal(uuid, "4C4C4544-0036-3510-8052-B4C04F564433");
	assert_string_equal(last, "52:54:00:ab:00:02");
	json_decref(got);
}

static void bad_inventories_are_told(void **state)
{
	static const struct {
		const char *text, *says;
	} table[] = {
	        {"", ": empty"},
	        {"host,mac\n", "inventory:1: the first line names the columns"},
	        {"mac,mac\n", "inventory:1: the first line names the columns"},
	        {"mac\n\n52:54:00:12:34\n", "inventory:3: mac is not like"},
	        {"uuid\n4C4C4544\n", "inventory:2: uuid is not like"},
	        {"serial\na\001b\n", "inventory:2: serial is not text"},
	        {"serial\na,b\n", "inventory:2: more cells than the first line names"},
	        {"serial\n0123456789012345678901234567890123456789012345678901234567890123\n",
	                "inventory:2: a cell is longer than 63 characters"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		write_text("inventory", table[i].text);
		refused("[release]\ninventory = @/inventory\n", true, table[i].says);
	}
	(void)unlink(path_of("inventory"));
	refused("[release]\ninventory = @/inventory\n", true, "inventory: No such file");
}

/* A floor fits; what no pipe holds is refused, not waited for. */
static void large_inventories(void **state)
{
	static char text[1200000];
	size_t len = (size_t)snprintf(text, sizeof(text), "uuid,serial,mac\n");

	(void)state;
	for (int i = 0; i < 9000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		        "4C4C4544-0036-3510-8052-B4C04F56%04X,5CG%05d,525400ab%04x\n", (unsigned)i,
		        i, (unsigned)i);
	(void)write_file("inventory", text, len, 0644);
	json_t *got = for_escrow("[release]\ninventory = @/inventory\n");
	assert_int_equal(
	        json_array_size(json_object_get(json_object_get(got, "release"), "inventory")),
	        9000);
	json_decref(got);
	for (int i = 0; i < 6000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		        "4C4C4544-0036-3510-8052-B4C04F57%04X,5CG%05d,525400ab%04x\n", (unsigned)i,
		        i, (unsigned)i);
	(void)write_file("inventory", text, len, 0644);
	refused("[release]\ninventory = @/inventory\n", true, "shorten the inventory");
}

static void sources_with_their_files(void **state)
{
	static const char config[] =
	        "[source ad]\ntype = ldap\nurl = ldaps://a ldaps://b\nuser = LAB\\svc\n"
	        "password-file = @/password\nca = @/ca\n"
	        "[source unused]\ntype = exec\nprogram = /p\n"
	        "[source krb]\ntype = ldap\nurl = ldap://a\nbind = gssapi\nkeytab = @/tab\n"
	        "[escrow]\nsources = krb vault ad\n";
	const char *user, *password, *ca, *keytab;
	struct stat st;

	(void)state;
	if (!need_root())
		skip();
	write_text("password", "p\"\\\t\xc3\xa4\n");
	(void)write_file("ca", "-----BEGIN\nx\n", 13, 0644);
	(void)write_file("tab", "\005\002\0\0", 4, 0600);
	struct config c = config_of(config);
	struct error err = {0};
	int fd;
	if (settings_for_fetch(&c, folder, &fd, &err) < 0)
		fail_msg("%s", err.text);
	json_t *got = object_from(fd);
	assert_int_equal(
	        json_unpack(got,
	                "{s:i,s:[{s:s,s:s,s:{s:s,s:s,s:s!}!},{s:s,s:s,s:{s:s,s:s,s:s,s:s!}!}!]!}",
	                "v", &fd, "sources", "name", &user, "type", &user, "options", "url", &user,
	                "bind", &user, "keytab", &keytab, "name", &user, "type", &user, "options",
	                "url", &user, "user", &user, "password", &password, "ca", &ca),
	        0);
	assert_string_equal(user, "LAB\\svc");
	assert_string_equal(password, "p\"\\\t\xc3\xa4");
	assert_string_equal(ca, "-----BEGIN\nx\n");
	assert_string_equal(keytab, path_of("krb.keytab"));
	assert_int_equal(stat(keytab, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_size, 4);
	json_decref(got);

	assert_int_equal(chmod(path_of("password"), 0644), 0);
	refused(config, false, "[source ad] password-file /tmp/");
	refused(config, false, "is open to others (mode 0644)");
	(void)unlink(path_of("ca"));
	assert_int_equal(chmod(path_of("password"), 0600), 0);
	refused(config, false, "[source ad] ca /tmp/");
}

static int make_folder(void **state)
{
	(void)state;
	return secrets_init() < 0 || !mkdtemp(folder);
}

static int remove_folder(void **state)
{
	static const char *const names[] = {
	        "key", "phrase", "inventory", "password", "ca", "tab", "krb.keytab"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_for_escrow),
	        cmocka_unit_test(release_for_escrow),
	        cmocka_unit_test(vault_keys_are_read),
	        cmocka_unit_test(bad_secret_files_are_told),
	        cmocka_unit_test(inventory_is_normal_in_the_end),
	        cmocka_unit_test(bad_inventories_are_told),
	        cmocka_unit_test(large_inventories),
	        cmocka_unit_test(sources_with_their_files),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

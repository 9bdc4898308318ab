/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Management controllers in the vault: whose record is whose, which login is used, what is kept. */
#include "tests/unit/vault_place.h"

#include "appliance/escrow/vault/bmc.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#define UUID_A  "4C4C4544-0042-3510-8054-B4C04F4E4E32"
#define UUID_A2 "44454C4C-4200-1035-8054-B4C04F4E4E32" /* the same in the other byte order */
#define UUID_B  "11111111-2222-3333-4444-555555555555"
#define PIN     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct line {
	const char *name, *uuid, *serial, *mac, *address, *group, *user, *password;
};

static struct vault_bmc bmc_of(const struct line *l)
{
	struct vault_bmc b = {.type = "auto"};

#define PUT(to, from) (void)snprintf(to, sizeof(to), "%s", from ? from : "")
	PUT(b.machine.name, l->name);
	PUT(b.machine.uuid, l->uuid);
	PUT(b.machine.serial, l->serial);
	PUT(b.machine.macs[0], l->mac);
	PUT(b.address, l->address);
	PUT(b.group, l->group);
	PUT(b.user, l->user);
	if (l->password)
		b.password = secret_copy(l->password, strlen(l->password) + 1);
	return b;
}

static int put(struct vault *v, struct line l, enum vault_bmc_put *ret, struct error *err)
{
	struct vault_bmc b = bmc_of(&l);
	int r = vault_bmc_put(v, &b, ret, err);

	vault_bmc_clear(&b);
	return r;
}

static void put_good(struct vault *v, struct line l, enum vault_bmc_put wanted)
{
	struct error err = {0};
	enum vault_bmc_put is;

	if (put(v, l, &is, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(is, wanted);
}

/* "address user/password" of the machine's record; "" for none. */
static const char *found(struct vault *v, struct line l)
{
	static char text[512];
	struct vault_bmc who = bmc_of(&l), b = {0};
	struct error err = {0};
	int r = vault_bmc_find(v, &who.machine, true, &b, &err);

	text[0] = 0;
	if (r == 0)
		(void)snprintf(text, sizeof(text), "%s %s/%s", b.address, b.user,
		        b.password ? (const char *)b.password->data : "");
	else if (r != -ENOENT)
		(void)snprintf(text, sizeof(text), "%d %s", r, err.text);
	vault_bmc_clear(&who);
	vault_bmc_clear(&b);
	return text;
}

static int64_t id_of(struct vault *v, const char *name)
{
	struct vault_bmc_machine m = {0};
	struct vault_bmc b = {0};

	(void)snprintf(m.name, sizeof(m.name), "%s", name);
	assert_int_equal(vault_bmc_find(v, &m, false, &b, NULL), 0);
	int64_t id = b.id;
	vault_bmc_clear(&b);
	return id;
}

static void test_whose(void **state)
{
	struct vault *v = open_vault(((struct place *)*state)->dir, &automatic);

	put_good(v,
	        (struct line){.name = "srv1.example.org",
	                .uuid = UUID_A,
	                .serial = "ABC 123",
	                .mac = "52-54-00-aa-bb-cc",
	                .address = "10.9.0.1",
	                .user = "u",
	                .password = "p1"},
	        VAULT_BMC_ADDED);
	put_good(v,
	        (struct line){.name = "srv2", .address = "10.9.0.2", .user = "u", .password = "p2"},
	        VAULT_BMC_ADDED);
	assert_string_equal(found(v, (struct line){.uuid = UUID_A}), "10.9.0.1 u/p1");
	assert_string_equal(found(v, (struct line){.uuid = UUID_A2}), "10.9.0.1 u/p1");
	assert_string_equal(found(v, (struct line){.serial = "abc123"}), "10.9.0.1 u/p1");
	assert_string_equal(found(v, (struct line){.mac = "525400AABBCC"}), "10.9.0.1 u/p1");
	assert_string_equal(found(v, (struct line){.name = "EXAMPLE\\SRV1$"}), "10.9.0.1 u/p1");
	assert_string_equal(found(v, (struct line){.name = "srv3"}), "");
	assert_string_equal(found(v, (struct line){0}), "");
	/* The surest identity decides. */
	assert_string_equal(
	        found(v, (struct line){.name = "srv2", .uuid = UUID_A}), "10.9.0.1 u/p1");
	assert_string_equal(
	        found(v, (struct line){.name = "srv2", .uuid = UUID_B}), "10.9.0.2 u/p2");
	vault_close(v);
}

static void test_one_record_a_machine(void **state)
{
	struct vault *v = open_vault(((struct place *)*state)->dir, &automatic);
	struct line one = {.name = "srv1", .serial = "S1", .address = "10.9.0.1"};
	struct line moved = {.name = "renamed", .serial = "S1", .address = "10.9.0.9"};
	struct error err = {0};
	enum vault_bmc_put is;

	put_good(v, one, VAULT_BMC_ADDED);
	int64_t id = id_of(v, "srv1");
	put_good(v, one, VAULT_BMC_SAME);
	put_good(v, moved, VAULT_BMC_CHANGED);
	assert_int_equal(id_of(v, "renamed"), id);
	assert_string_equal(found(v, (struct line){.name = "srv1"}), "");
	put_good(v, (struct line){.name = "srv2", .address = "10.9.0.2"}, VAULT_BMC_ADDED);
	/* Somebody else's address; two machines' identities. */
	assert_int_equal(
	        put(v, (struct line){.name = "srv3", .address = "10.9.0.2"}, &is, &err), -EEXIST);
	assert_non_null(strstr(err.text, "srv2"));
	assert_int_equal(
	        put(v, (struct line){.name = "srv2", .serial = "S1", .address = "10.9.0.3"}, &is,
	                &err),
	        -EEXIST);
	assert_non_null(strstr(err.text, "renamed"));
	assert_int_equal(put(v, (struct line){.address = "10.9.0.3"}, &is, &err), -EINVAL);
	/* Another port of an address is another controller. */
	struct vault_bmc b = bmc_of(&(struct line){.name = "srv4", .address = "10.9.0.2"});
	b.port = 6230;
	assert_int_equal(vault_bmc_put(v, &b, &is, &err), 0);
	assert_int_equal(vault_bmc_remove(v, id_of(v, "srv2"), &err), 0);
	assert_int_equal(vault_bmc_remove(v, id, &err), 0);
	assert_int_equal(vault_bmc_remove(v, id, &err), -ENOENT);
	assert_string_equal(found(v, (struct line){.name = "srv4"}), "10.9.0.2 /");
	vault_close(v);
}

static void login(struct vault *v, const char *group, const char *user, const char *password)
{
	struct secret *p = password ? secret_copy(password, strlen(password) + 1) : NULL;
	struct error err = {0};

	if (vault_bmc_login_put(v, group, user, p, &err) < 0)
		fail_msg("%s", err.text);
	secret_free(p);
}

static void test_logins(void **state)
{
	struct vault *v = open_vault(((struct place *)*state)->dir, &automatic);
	struct line own = {.name = "own",
	        .group = "rack1",
	        .address = "10.9.0.1",
	        .user = "o",
	        .password = "op"};
	struct line grouped = {.name = "grouped", .group = "Rack1", .address = "10.9.0.2"};
	struct line bare = {.name = "bare", .address = "10.9.0.3"};

	put_good(v, own, VAULT_BMC_ADDED);
	put_good(v, grouped, VAULT_BMC_ADDED);
	put_good(v, bare, VAULT_BMC_ADDED);
	assert_string_equal(found(v, grouped), "10.9.0.2 /");
	login(v, "rack1", "g", "gp");
	login(v, VAULT_BMC_DEFAULT, "d", "dp");
	assert_string_equal(found(v, own), "10.9.0.1 o/op");
	assert_string_equal(found(v, grouped), "10.9.0.2 g/gp");
	assert_string_equal(found(v, bare), "10.9.0.3 d/dp");
	login(v, "RACK1", "g2", "gp2");
	assert_string_equal(found(v, grouped), "10.9.0.2 g2/gp2");
	login(v, "rack1", NULL, NULL);
	assert_string_equal(found(v, grouped), "10.9.0.2 d/dp");
	assert_int_equal(vault_bmc_login_put(v, "rack1", NULL, NULL, NULL), -ENOENT);
	/* A line without a login keeps the one there is, but not for another address: that may be
	 * anybody's. */
	own.user = own.password = NULL;
	put_good(v, own, VAULT_BMC_SAME);
	assert_string_equal(found(v, own), "10.9.0.1 o/op");
	own.address = "10.9.0.8";
	put_good(v, own, VAULT_BMC_CHANGED);
	assert_string_equal(found(v, own), "10.9.0.8 d/dp");
	vault_close(v);
}

static const char *pin_of(struct vault *v, const char *name)
{
	static char pin[VAULT_BMC_PIN];
	struct vault_bmc_machine m = {0};
	struct vault_bmc b = {0};

	(void)snprintf(m.name, sizeof(m.name), "%s", name);
	assert_int_equal(vault_bmc_find(v, &m, false, &b, NULL), 0);
	(void)snprintf(pin, sizeof(pin), "%s", b.pin);
	vault_bmc_clear(&b);
	return pin;
}

static void test_certificate(void **state)
{
	struct vault *v = open_vault(((struct place *)*state)->dir, &automatic);
	struct line one = {.name = "srv1", .address = "10.9.0.1", .user = "u", .password = "p"};

	put_good(v, one, VAULT_BMC_ADDED);
	int64_t id = id_of(v, "srv1");
	assert_int_equal(vault_bmc_pin(v, id, "10.9.0.2", PIN, true, NULL), -ESTALE);
	assert_int_equal(vault_bmc_pin(v, id, "10.9.0.1", PIN, true, NULL), 0);
	assert_string_equal(pin_of(v, "srv1"), PIN);
	assert_string_equal(found(v, one), "10.9.0.1 u/p");
	assert_int_equal(vault_bmc_pin(v, id, "10.9.0.1", "", true, NULL), -EEXIST);
	put_good(v, one, VAULT_BMC_SAME);
	assert_string_equal(pin_of(v, "srv1"), PIN);
	assert_int_equal(vault_bmc_pin(v, id, "10.9.0.1", "", false, NULL), 0);
	assert_string_equal(pin_of(v, "srv1"), "");
	assert_int_equal(vault_bmc_pin(v, id, "10.9.0.1", PIN, true, NULL), 0);
	one.address = "10.9.0.5";
	put_good(v, one, VAULT_BMC_CHANGED);
	assert_string_equal(pin_of(v, "srv1"), "");
	vault_close(v);
}

static int64_t revision(struct vault *v, uint64_t *ret_count)
{
	int64_t r = 0;

	assert_int_equal(vault_bmc_figures(v, ret_count, &r, NULL), 0);
	return r;
}

static int take_name(void *context, const struct vault_bmc *b)
{
	char *text = context;

	assert_null(b->password);
	(void)snprintf(text + strlen(text), 64 - strlen(text), "%s ", b->machine.name);
	return 0;
}

static void test_many_processes(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic), *other = open_vault(p->dir, &automatic);
	char names[64] = "";
	uint64_t count = 0;

	int64_t before = revision(v, &count);
	assert_int_equal(count, 0);
	put_good(other, (struct line){.name = "a", .address = "1"}, VAULT_BMC_ADDED);
	assert_true(revision(v, &count) != before);
	assert_int_equal(count, 1);
	assert_string_equal(found(v, (struct line){.name = "a"}), "1 /");
	assert_int_equal(vault_begin(v, NULL), 0);
	put_good(v, (struct line){.name = "b", .address = "2"}, VAULT_BMC_ADDED);
	put_good(v, (struct line){.name = "c", .address = "3"}, VAULT_BMC_ADDED);
	assert_string_equal(found(other, (struct line){.name = "c"}), "");
	assert_int_equal(vault_commit(v, NULL), 0);
	assert_int_equal(vault_bmc_each(other, 0, take_name, names, NULL), 0);
	assert_string_equal(names, "a b c ");
	names[0] = 0;
	assert_int_equal(vault_bmc_each(other, id_of(v, "a"), take_name, names, NULL), 0);
	assert_string_equal(names, "b c ");
	assert_int_equal(vault_begin(v, NULL), 0);
	put_good(v, (struct line){.name = "d", .address = "4"}, VAULT_BMC_ADDED);
	vault_roll_back(v);
	assert_string_equal(found(v, (struct line){.name = "d"}), "");
	vault_close(v);
	vault_close(other);
}

static void change_file(const struct place *p, const char *sql)
{
	char path[128];
	sqlite3 *db;

	path_in(p, "vault.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Somebody who can write the file gives one machine another's controller, and its login. */
static void test_changed_file(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct line a = {.name = "a", .address = "10.9.0.1"},
	            b = {.name = "b", .address = "10.9.0.2"};

	put_good(v, a, VAULT_BMC_ADDED);
	put_good(v, b, VAULT_BMC_ADDED);
	change_file(p,
	        "UPDATE bmcs SET nonce=(SELECT nonce FROM bmcs WHERE n=(SELECT max(n) FROM bmcs)),"
	        " box=(SELECT box FROM bmcs WHERE n=(SELECT max(n) FROM bmcs))");
	assert_non_null(strstr(found(v, a), "damaged"));
	assert_string_equal(found(v, b), "10.9.0.2 /");
	change_file(p, "UPDATE bmc_names SET n=(SELECT max(n) FROM bmcs)");
	assert_non_null(strstr(found(v, a), "damaged"));
	/* Its line again mends it. */
	change_file(p, "DELETE FROM bmc_names; DELETE FROM bmcs");
	put_good(v, a, VAULT_BMC_ADDED);
	change_file(p, "UPDATE bmcs SET box=zeroblob(length(box))");
	assert_non_null(strstr(found(v, a), "damaged"));
	put_good(v, a, VAULT_BMC_CHANGED);
	assert_string_equal(found(v, a), "10.9.0.1 /");
	vault_close(v);
}

static void test_keys(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_key phrase = {
	        .kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("a passphrase of the vault")};
	struct line a = {.name = "a", .address = "10.9.0.1", .user = "u", .password = "p"};
	uint64_t count = 9;

	put_good(v, a, VAULT_BMC_ADDED);
	login(v, VAULT_BMC_DEFAULT, "d", "dp");
	assert_int_equal(vault_protect(v, &phrase, NULL), 0);
	assert_string_equal(found(v, a), "10.9.0.1 u/p");
	vault_close(v);
	struct vault_key ask = {.kind = VAULT_KEY_ASK};
	v = open_vault(p->dir, &ask);
	assert_non_null(strstr(found(v, a), "locked"));
	(void)revision(v, &count);
	assert_int_equal(count, 1);
	assert_int_equal(vault_unlock(v, phrase.secret, NULL), 0);
	assert_string_equal(found(v, a), "10.9.0.1 u/p");
	assert_int_equal(vault_wipe(v, NULL), 0);
	assert_string_equal(found(v, a), "");
	put_good(v, (struct line){.name = "b", .address = "10.9.0.2"}, VAULT_BMC_ADDED);
	assert_string_equal(found(v, (struct line){.name = "b"}), "10.9.0.2 /");
	vault_close(v);
	secret_free(phrase.secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_whose, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_one_record_a_machine, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_logins, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_certificate, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_many_processes, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_changed_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
	};

	return secrets_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

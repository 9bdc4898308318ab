/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Imports of several files, those that are only looked at, and others at work meanwhile. */
#include "tests/unit/vault_place.h"

static void none_of(void *context, const char *encoding, const struct columns *columns)
{
	(void)context;
	(void)encoding;
	(void)columns;
}

/* The text of one file of an import. */
static int bring(const struct import *of_all, const char *text, struct import_counts *counts)
{
	struct import i = *of_all;
	struct error err = {0};

	i.name = "file";
	return import_memory(&i, text, strlen(text), counts, &err);
}

#define CHECK(counts, new_ones, others, known, again)       \
	do {                                                \
		assert_int_equal((counts).added, new_ones); \
		assert_int_equal((counts).beside, others);  \
		assert_int_equal((counts).present, known);  \
		assert_int_equal((counts).repeated, again); \
	} while (0)

/* Whether it is only looked at or kept, the same is said of it, and what comes twice counts once:
 * within a file, in another one, by name, and of what the vault had before. */
static void test_repeated(void **state)
{
	static const char first[] =
	        ID "," PASSWORD ",\n" ID "," PASSWORD ",PC1\n" ID "," PASSWORD2 ",\n" OTHER_ID
	           "," PASSWORD ",\n" OTHER_ID "," PASSWORD ",\n",
	                  second[] = THIRD_ID "," PASSWORD "\n" ID "," PASSWORD2 "\n" OTHER_ID
	                                      "," PASSWORD "\n" THIRD_ID "," PASSWORD "\n",
	                  names[] = "Host,Key\nPC1," PASSWORD "\npc1.lab.test," PASSWORD
	                            "\nPC1," PASSWORD2 "\nPC2," PASSWORD "\n";
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct import_counts counts;
	uint64_t keys = 9;

	assert_int_equal(
	        bring(&(struct import){.vault = v}, OTHER_ID "," PASSWORD "\n", &counts), 0);
	for (int look = 1; look >= 0; look--) {
		struct import all = {
		        .vault = v, .brought = vault_brought_new(), .dry_run = look != 0};
		assert_int_equal(bring(&all, first, &counts), 0);
		CHECK(counts, 2, 1, 1, 2);
		assert_int_equal(bring(&all, second, &counts), 0);
		CHECK(counts, 1, 0, 0, 3);
		assert_int_equal(bring(&all, names, &counts), 0);
		CHECK(counts, 3, 1, 0, 1);
		assert_int_equal(counts.without_id, 3);
		vault_brought_free(all.brought);
		assert_int_equal(vault_count(v, &keys, NULL), 0);
		assert_int_equal(keys, look ? 1 : 7);
	}
	vault_close(v);
}

struct meanwhile {
	struct vault *other;
	unsigned rejected;
};

/* In the middle of a look. */
static void write_meanwhile(void *context, unsigned long from, unsigned long to, const char *text)
{
	struct meanwhile *m = context;

	(void)from;
	(void)to;
	(void)text;
	m->rejected++;
	add(m->other, THIRD_ID, (uint8_t)m->rejected, "PC9",
	        m->rejected == 1 ? VAULT_ADDED : VAULT_ADDED_BESIDE);
}

/* A look takes no lock that a writer waits for: another connection writes in its middle, and it
 * goes on when another one holds the write lock from before it to after it. */
static void test_a_look_and_a_writer(void **state)
{
	static const char text[] =
	        ID "," PASSWORD "\n" ID ",NULL\n" OTHER_ID "," PASSWORD "\n" OTHER_ID
	           ",NULL\n" THIRD_ID "," PASSWORD "\n" THIRD_ID ",NULL\n";
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic), *other = open_vault(p->dir, &automatic);
	struct meanwhile m = {.other = other};
	const struct import_listener listener = {none_of, write_meanwhile, &m};
	const struct import look = {.vault = v, .listener = &listener, .dry_run = true};
	struct import_counts counts;
	uint64_t keys = 0;

	assert_int_equal(bring(&look, text, &counts), 0);
	assert_int_equal(m.rejected, 3);
	CHECK(counts, 3, 1, 0, 0);
	assert_int_equal(vault_count(v, &keys, NULL), 0);
	assert_int_equal(keys, 3);

	assert_int_equal(vault_begin(other, NULL), 0);
	add(other, ID, 77, "PC1", VAULT_ADDED);
	const struct import quiet = {.vault = v, .dry_run = true};
	assert_int_equal(bring(&quiet, text, &counts), 0);
	CHECK(counts, 3, 1, 0, 0); /* what the other one has not committed is not there */
	assert_int_equal(vault_commit(other, NULL), 0);
	vault_close(other);
	vault_close(v);
}

/* Up to the room and not beyond it; what adds nothing needs none. */
static void test_room(void **state)
{
	static const char two[] =
	        ID "," PASSWORD "\n" ID "," PASSWORD "\n" OTHER_ID "," PASSWORD "\n",
	                  third[] = THIRD_ID "," PASSWORD "\n";
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct import_counts counts;
	uint64_t keys = 9;

	for (int look = 1; look >= 0; look--) {
		struct import i = {.vault = v, .limited = true, .room = 1, .dry_run = look != 0};
		assert_int_equal(bring(&i, two, &counts), -EDQUOT);
		assert_int_equal(vault_count(v, &keys, NULL), 0);
		assert_int_equal(keys, 0); /* all of it or nothing */
		i.room = 2;
		assert_int_equal(bring(&i, two, &counts), 0);
		CHECK(counts, 2, 0, 0, 1);
	}
	for (int look = 1; look >= 0; look--) {
		struct import i = {.vault = v, .limited = true, .room = 0, .dry_run = look != 0};
		assert_int_equal(bring(&i, third, &counts), -EDQUOT);
		assert_int_equal(bring(&i, two, &counts), 0);
		CHECK(counts, 0, 0, 2, 1);
	}
	assert_int_equal(vault_count(v, &keys, NULL), 0);
	assert_int_equal(keys, 2);
	vault_close(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_look_and_a_writer, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_room, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

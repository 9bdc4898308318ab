/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for secrets: locked, left out of dumps, refused when it cannot be; core dumps off. */
#include "fixer/base/secret.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

/* The sanitizer does nothing when asked to lock memory. */
static void not_under_sanitizer(void)
{
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
}

/* The VmFlags of the mapping that holds p. */
#define LINE 512
static void flags_of(const void *p, char ret[LINE])
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	char line[LINE];
	bool here = false;

	assert_non_null(f);
	ret[0] = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)p >= start && (uintptr_t)p < end;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(ret, LINE, "%s", line + 8);
	}
	(void)fclose(f);
	assert_true(ret[0]);
}

static void expect_locked(const void *p)
{
	char flags[LINE];

	flags_of(p, flags);
	assert_non_null(strstr(flags, " lo ")); /* locked */
	assert_non_null(strstr(flags, " dd ")); /* not dumped */
}

static void secrets_are_locked_and_left_out_of_dumps(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 16, 32, 64, 1025, 65536};
	char flags[LINE];

	not_under_sanitizer();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CLEANUP_SECRET struct secret *s = secret_new(sizes[i]);
		assert_non_null(s);
		expect_locked(s->data);
		expect_locked(s->data + s->len - 1);
	}
	uint8_t *ordinary = malloc(32);
	flags_of(ordinary, flags);
	assert_null(strstr(flags, " lo "));
	free(ordinary);
}

/* Takes from this thread, or gives back, the right to lock beyond the limit. */
static void may_lock_beyond_limit(bool may)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	uint32_t bit = 1u << CAP_IPC_LOCK;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (may)
		data[0].effective |= data[0].permitted & bit;
	else
		data[0].effective &= ~bit;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void memory_that_cannot_be_locked_is_not_given(void **state)
{
	(void)state;
	struct rlimit before, none;

	not_under_sanitizer();
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	none = (struct rlimit){0, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	may_lock_beyond_limit(false);
	struct secret *s = secret_new(32);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
	may_lock_beyond_limit(true);
	assert_null(s);
	s = secret_new(32);
	assert_non_null(s);
	secret_free(s);
}

/* Last: from here on the process is closed to debuggers, and so is part of its own /proc. */
static void core_dumps_are_off(void **state)
{
	(void)state;
	struct rlimit core;

	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
	assert_int_equal(secrets_init(), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(secrets_are_locked_and_left_out_of_dumps),
	        cmocka_unit_test(memory_that_cannot_be_locked_is_not_given),
	        cmocka_unit_test(core_dumps_are_off),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

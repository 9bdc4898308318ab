/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One order to the controller of power_fake.h, and what holds whatever comes of it. */
#ifndef TESTS_POWER_CASE_H
#define TESTS_POWER_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "power_fake.h"
#include "fixer/base/secret.h"

#include <cmocka.h>

static struct secret *password;
static struct power_job job;
static struct power_result result;

static inline int begin(void **state)
{
	(void)state;
	fake_reset();
	job = (struct power_job){.type = "redfish",
	        .order = POWER_ORDER_BOOT,
	        .target = {.address = "10.9.0.5", .user = "netmend", .password = password}};
	return 0;
}

/* What holds whatever happens. */
static inline void drive_for(int64_t seconds)
{
	job.deadline = fake.now + seconds * 1000;
	power_drive(&job, &result);
	assert_int_equal(fake.closed, fake.opened);
	assert_in_range(result.count, 1, POWER_STEPS_MAX);
	assert_true(result.text[0]);
	assert_int_equal(fake.blind_offs, 0);
	assert_in_range(fake.cycles_taken, 0, 1);
	/* Once over, a machine it switched off is switched on, and it logs out. */
	assert_true(fake.now <= job.deadline + 20000);
	for (size_t i = 0; i < result.count; i++)
		assert_null(strstr(result.steps[i].text, "s3cret-word"));
	assert_null(strstr(result.text, "s3cret-word"));
}

static inline void drive(void)
{
	drive_for(120);
}

#define assert_reason(wanted)    assert_string_equal(reason_code(result.reason), #wanted)
#define assert_changes(wanted)   assert_string_equal(fake_changes(), wanted)
#define assert_says(text, words) assert_non_null(strstr(text, words))

static inline const struct power_step *step(const char *name)
{
	const struct power_step *found = NULL;

	for (size_t i = 0; i < result.count; i++)
		if (strcmp(result.steps[i].name, name) == 0)
			found = &result.steps[i];
	assert_non_null(found);
	return found;
}

static inline int make_password(void **state)
{
	(void)state;
	if (secrets_init() < 0)
		return -1;
	password = secret_copy("s3cret-word", sizeof("s3cret-word"));
	return password ? 0 : -1;
}

static inline int drop_password(void **state)
{
	(void)state;
	secret_free(password);
	return 0;
}

#endif

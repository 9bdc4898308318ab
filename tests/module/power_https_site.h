/* SPDX-License-Identifier: GPL-3.0-or-later */
/* power_https_server.py beside a C test, and how it is asked. */
#ifndef TESTS_MODULE_POWER_HTTPS_SITE_H
#define TESTS_MODULE_POWER_HTTPS_SITE_H

#include "appliance/power/https.h"
#include "tests/module/child.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define USER     "netmend"
#define PASSWORD "p\303\244ss:word \"quoted\" \\ one"
#define MAX      65536
#define MINUTE   60000

struct site {
	unsigned port;
	char pin[POWER_PIN];
};

static struct child servers;
static struct site good, aged, changing;
static unsigned plain_port, garbage_port, nobody_port;
static struct secret *password;

static inline int start(void **state)
{
	char python[] = "/usr/bin/python3", quiet[] = "-Wignore",
	     script[] = "tests/module/power_https_server.py", line[512];
	char *argv[] = {python, quiet, script, NULL};

	(void)state;
	assert_int_equal(secrets_init(), 0);
	assert_int_equal(child_start(argv, &servers, line, sizeof(line)), 0);
	assert_int_equal(sscanf(line, "%u %64s %u %64s %u %64s %u %u %u", &good.port, good.pin,
	                         &aged.port, aged.pin, &changing.port, changing.pin, &plain_port,
	                         &garbage_port, &nobody_port),
	        9);
	password = secret_copy(PASSWORD, sizeof(PASSWORD));
	assert_non_null(password);
	/* Whatever the environment says: nothing of ours goes there. */
	char proxy[64];
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", garbage_port);
	for (const char *const *name =
	                (const char *const[]){"http_proxy", "https_proxy", "ALL_PROXY", NULL};
	        *name; name++)
		assert_int_equal(setenv(*name, proxy, 1), 0);
	return 0;
}

static inline int stop(void **state)
{
	(void)state;
	secret_free(password);
	child_stop(&servers);
	return 0;
}

static inline struct power_target target_of(const char *pin)
{
	struct power_target t = {.address = "127.0.0.1", .user = USER, .password = password};

	(void)snprintf(t.pin, sizeof(t.pin), "%s", pin);
	return t;
}

static inline struct bmc_https *new_to(
        const struct power_target *t, bool tls, unsigned port, enum https_login login)
{
	struct bmc_https *h = NULL;

	assert_int_equal(bmc_https_new(t, tls, (uint16_t)port, login, &h), 0);
	return h;
}

static inline int call_path(
        struct bmc_https *h, const char *path, struct bmc_answer *ret, struct error *err)
{
	struct bmc_call call = {
	        .method = "GET", .path = path, .max = MAX, .deadline = power_clock() + MINUTE};

	*err = (struct error){0};
	return bmc_https_call(h, &call, ret, err);
}

/* A new object to the good server, one GET. */
static inline int get(
        const char *path, enum https_login login, struct bmc_answer *ret, struct error *err)
{
	struct power_target t = target_of(good.pin);
	struct bmc_https *h = new_to(&t, true, good.port, login);
	int r = call_path(h, path, ret, err);

	bmc_https_free(h);
	return r;
}

#endif

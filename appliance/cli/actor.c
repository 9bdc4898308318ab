/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/actor.h"
#include "fixer/base/text.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY_LOGGED_IN ((unsigned)-1) /* proc(5), loginuid */

/* "" for an account without a name. */
static void account_name(uid_t uid, char *ret, size_t size)
{
	const struct passwd *account = getpwuid(uid);

	text_clean(ret, size, account ? account->pw_name : "");
}

static void login_name(char *ret, size_t size)
{
	unsigned uid = NOBODY_LOGGED_IN;
	FILE *file = fopen("/proc/self/loginuid", "re");

	ret[0] = '\0';
	if (!file)
		return;
	if (fscanf(file, "%u", &uid) == 1 && uid != NOBODY_LOGGED_IN)
		account_name(uid, ret, size);
	(void)fclose(file);
}

/* Whoever can set SUDO_USER for a root shell is root: it is a hint who that was, no proof. */
static void person_behind_root(char *ret, size_t size)
{
	const char *sudo = getenv("SUDO_USER");

	if (sudo && getpwnam(sudo))
		text_clean(ret, size, sudo);
	else
		login_name(ret, size);
	if (strcmp(ret, "root") == 0)
		ret[0] = '\0';
}

void cli_actor(struct actor *ret)
{
	char name[33];

	*ret = (struct actor){.role = "root", .via = "command line"};
	if (getuid() != 0) {
		account_name(getuid(), name, sizeof(name));
		(void)snprintf(ret->role, sizeof(ret->role), "appliance");
		(void)snprintf(ret->name, sizeof(ret->name), "%s", name[0] ? name : "?");
		return;
	}
	person_behind_root(name, sizeof(name));
	(void)snprintf(ret->name, sizeof(ret->name), "root%s%s%s", name[0] ? " (" : "", name,
	        name[0] ? ")" : "");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/secret.h"
#include "fixer/commands.h"
#include "fixer/windows/recipe.h"
#include "fixer/session.h"
#include "netmend/limits.h"
#include "netmend/version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
        "usage: fixer --image FILE | --disk DEVICE [options]   repair the Windows on it\n"
        "       fixer --undo BUNDLE --image FILE | --disk DEVICE\n"
        "       fixer --complete BUNDLE --image FILE | --disk DEVICE\n"
        "       fixer verify BUNDLE [--json]                   check a bundle and say what is in "
        "it\n"
        "       fixer inspect FILE | DEVICE [options]          what is on the disk, and on "
        "volumes\n"
        "                                                      that are open or get a key\n"
        "       fixer --boot                                   session of a machine booted by "
        "netmend\n"
        "\n"
        "options:\n"
        "  --recovery-password-file FILE  the 48 digits that open the BitLocker volume\n"
        "  --passphrase-file FILE         or the passphrase, UTF-8, one line\n"
        "  --startup-key-file FILE.BEK    or the startup key Windows saved\n"
        "  --recipe NAME|FILE             what to remove (default: crowdstrike-291; or "
        "report-only)\n"
        "  --partition N                  only this partition (0: the device without a table)\n"
        "  --bundle FILE                  where to save what undoes the repair; must not exist\n"
        "                                 (default: DISK.netmend-TIME.tar.zst)\n"
        "  --dry-run                      plan and check, write nothing\n"
        "  --json                         the result as one JSON object\n"
        "  --help, --version\n"
        "\n"
        "The bundle is on disk before the first sector is written. It undoes a repair, and "
        "completes\n"
        "one that was interrupted.\n"
        "\n"
        "exit status: 0 repaired or renamed, or nothing to do; 2 wrong arguments, recipe or key "
        "file;\n"
        "3 refused, the disk is untouched; 4 writing or the check after it failed: use the "
        "bundle;\n"
        "5 cannot open, or in use. With --boot: 0 restart; 10 stay; 11 restart and come back\n";

/* Options as getopt_long() answers them, and as bits of a set. */
enum option_code {
	OPT_DISK = 1,
	OPT_UNDO,
	OPT_COMPLETE,
	OPT_BUNDLE,
	OPT_RECIPE,
	OPT_PASSWORD,
	OPT_PASSPHRASE,
	OPT_STARTUP_KEY,
	OPT_PARTITION,
	OPT_DRY_RUN,
	OPT_JSON,
	OPT_BOOT,
	OPT_HELP,
	OPT_VERSION,
};
#define BIT(option) (1u << (option))

static const struct option options[] = {
        {"image", required_argument, NULL, OPT_DISK},
        {"disk", required_argument, NULL, OPT_DISK},
        {"undo", required_argument, NULL, OPT_UNDO},
        {"complete", required_argument, NULL, OPT_COMPLETE},
        {"bundle", required_argument, NULL, OPT_BUNDLE},
        {"recipe", required_argument, NULL, OPT_RECIPE},
        {"recovery-password-file", required_argument, NULL, OPT_PASSWORD},
        {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
        {"startup-key-file", required_argument, NULL, OPT_STARTUP_KEY},
        {"partition", required_argument, NULL, OPT_PARTITION},
        {"dry-run", no_argument, NULL, OPT_DRY_RUN},
        {"json", no_argument, NULL, OPT_JSON},
        {"boot", no_argument, NULL, OPT_BOOT},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {0},
};

static enum exit_status usage(const char *what, const char *about)
{
	(void)fprintf(stderr, "fixer: %s%s%s (see --help)\n", what, about ? ": " : "",
	        about ? about : "");
	return STATUS_USAGE;
}

enum exit_status status_of(enum reason reason)
{
	switch (reason) {
	case REASON_USAGE:
	case REASON_RECIPE_BAD:
	case REASON_RECOVERY_PASSWORD_FORMAT:
	case REASON_PASSPHRASE_FORMAT:
	case REASON_STARTUP_KEY_FORMAT:
		return STATUS_USAGE;
	case REASON_DISK_WRITE_ERROR:
	case REASON_VERIFY_FAILED:
		return STATUS_WRITE;
	case REASON_CANNOT_OPEN:
	case REASON_DISK_IN_USE:
		return STATUS_OPEN;
	default:
		return strcmp(reason_severity(reason), "ok") == 0 ? STATUS_DONE : STATUS_ATTENTION;
	}
}

/* A command, the options that make sense with it, and those it needs. */
struct verb {
	enum exit_status (*run)(const struct command *c);
	unsigned allowed, needed;
};

#define KEY_OPTIONS (BIT(OPT_PASSWORD) | BIT(OPT_PASSPHRASE) | BIT(OPT_STARTUP_KEY))

static const struct verb verb_repair = {command_repair,
        BIT(OPT_DISK) | BIT(OPT_BUNDLE) | BIT(OPT_RECIPE) | KEY_OPTIONS | BIT(OPT_PARTITION) |
                BIT(OPT_DRY_RUN) | BIT(OPT_JSON),
        BIT(OPT_DISK)};
static const struct verb verb_undo = {
        command_undo, BIT(OPT_DISK) | BIT(OPT_UNDO) | BIT(OPT_JSON), BIT(OPT_DISK)};
static const struct verb verb_complete = {
        command_complete, BIT(OPT_DISK) | BIT(OPT_COMPLETE) | BIT(OPT_JSON), BIT(OPT_DISK)};
static const struct verb verb_verify = {command_verify, BIT(OPT_JSON), 0};
static const struct verb verb_inspect = {
        command_inspect, KEY_OPTIONS | BIT(OPT_RECIPE) | BIT(OPT_PARTITION) | BIT(OPT_JSON), 0};

static bool parse_partition(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != 0 || n > NM_MAX_PARTITIONS)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* Takes one option; false when its value is wrong. */
static bool take_option(int option, const char *value, struct command *c)
{
	switch (option) {
	case OPT_DISK:
		c->disk = value;
		break;
	case OPT_UNDO:
	case OPT_COMPLETE:
	case OPT_BUNDLE:
		c->bundle = value;
		break;
	case OPT_RECIPE:
		c->recipe = value;
		break;
	case OPT_PASSWORD:
		c->keys.recovery_password = value;
		break;
	case OPT_PASSPHRASE:
		c->keys.passphrase = value;
		break;
	case OPT_STARTUP_KEY:
		c->keys.startup_key = value;
		break;
	case OPT_PARTITION:
		return parse_partition(value, &c->partition);
	case OPT_DRY_RUN:
		c->dry_run = true;
		break;
	case OPT_JSON:
		c->json = true;
		break;
	default:
		break;
	}
	return true;
}

/* The verb that words and options ask for; NULL when there is none. */
static const struct verb *choose(int words, char **word, unsigned given, struct command *c)
{
	if (words == 2 && strcmp(word[0], "verify") == 0) {
		c->bundle = word[1];
		return &verb_verify;
	}
	if (words == 2 && strcmp(word[0], "inspect") == 0) {
		c->disk = word[1];
		return &verb_inspect;
	}
	if (words > 0 || given == 0)
		return NULL;
	if (given & BIT(OPT_UNDO))
		return &verb_undo;
	return given & BIT(OPT_COMPLETE) ? &verb_complete : &verb_repair;
}

static enum exit_status dispatch(int words, char **word, unsigned given, struct command *c)
{
	const struct verb *verb = choose(words, word, given, c);

	if (!verb)
		return usage(words > 0 ? "unknown command" : "nothing to do",
		        words > 0 ? word[0] : NULL);
	for (const struct option *o = options; o->name; o++)
		if (given & ~verb->allowed & BIT(o->val))
			return usage("does not go with the rest", o->name);
	if ((given & verb->needed) != verb->needed)
		return usage("no disk: give --image or --disk", NULL);
	return verb->run(c);
}

int main(int argc, char **argv)
{
	struct command c = {.partition = ANY_PARTITION, .recipe = RECIPE_DEFAULT};
	unsigned given = 0;
	int option, index = 0;

	if (secrets_init() < 0) {
		(void)fputs("fixer: keys cannot be protected on this system\n", stderr);
		return STATUS_ATTENTION;
	}
	while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == '?')
			return STATUS_USAGE;
		if (given & BIT(option))
			return usage("given twice", options[index].name);
		given |= BIT(option);
		if (!take_option(option, optarg, &c))
			return usage("not a partition number", optarg);
	}
	if (given & BIT(OPT_HELP))
		(void)fputs(help, stdout);
	else if (given & BIT(OPT_VERSION))
		(void)puts("fixer " NETMEND_VERSION);
	else if (given == BIT(OPT_BOOT) && optind == argc)
		return session_run();
	else
		return (int)dispatch(argc - optind, argv + optind, given, &c);
	return STATUS_DONE;
}

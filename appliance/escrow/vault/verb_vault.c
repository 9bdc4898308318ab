/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/verb_vault.h"
#include "appliance/escrow/settings.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int descriptor(const char *text, int *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 1023)
		return -EINVAL;
	*ret = (int)n;
	return 0;
}

int vault_verb_options(int argc, char **argv, struct vault_verb *ret)
{
	static const struct option table[] = {{"state", required_argument, NULL, 's'},
	        {"json", no_argument, NULL, 'j'}, {"dry-run", no_argument, NULL, 'd'},
	        {"settings-fd", required_argument, NULL, 'c'},
	        {"passphrase-fd", required_argument, NULL, 'p'},
	        {"secret-fd", required_argument, NULL, 'n'},
	        {"inventory-fd", required_argument, NULL, 'i'}, {0}};
	struct vault_verb o = {
	        .settings_fd = -1, .passphrase_fd = -1, .secret_fd = -1, .inventory_fd = -1};
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 's')
			o.state = optarg;
		else if (c == 'j')
			o.json = true;
		else if (c == 'd')
			o.dry_run = true;
		else if (c == 'c')
			r = descriptor(optarg, &o.settings_fd);
		else if (c == 'p')
			r = descriptor(optarg, &o.passphrase_fd);
		else if (c == 'n')
			r = descriptor(optarg, &o.secret_fd);
		else if (c == 'i')
			r = descriptor(optarg, &o.inventory_fd);
		else
			r = -EINVAL;
	}
	if (r < 0 || !o.state)
		return -EINVAL;
	o.words = argv + optind;
	*ret = o;
	return 0;
}

int vault_verb_read(int fd, size_t max, struct secret **ret, struct error *err)
{
	struct secret *all CLEANUP_SECRET = secret_new(max + 1);
	size_t len = 0;
	ssize_t n = 1;

	if (!all) {
		(void)close(fd);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	}
	while (n != 0 && len <= max) {
		n = read(fd, all->data + len, max + 1 - len);
		if (n < 0 && errno != EINTR)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	int failed = n < 0 ? errno : 0;
	(void)close(fd);
	if (failed)
		return error_set(err, -failed, REASON_CANNOT_OPEN, "cannot read the key: %s",
		        strerror(failed));
	if (len > max)
		return error_set(
		        err, -EMSGSIZE, REASON_USAGE, "the key is longer than %zu bytes", max);
	*ret = secret_copy(all->data, len);
	return *ret ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
}

static int unlock(struct vault *v, int fd, struct error *err)
{
	struct secret *passphrase CLEANUP_SECRET = NULL;
	int r = vault_verb_read(fd, NM_MAX_PASSPHRASE, &passphrase, err);

	return r < 0 ? r : vault_unlock(v, passphrase, err);
}

int vault_verb_open(struct vault_verb *o, struct vault **ret, struct error *err)
{
	struct settings settings;
	struct vault *v = NULL;
	int r = 0;

	settings_defaults(&settings);
	if (o->settings_fd >= 0)
		r = settings_read(o->settings_fd, &settings, err);
	if (r < 0)
		return r;
	o->kind = settings.vault.kind;
	o->syslog = settings.syslog;
	if (mkdir(o->state, 0700) < 0 && errno != EEXIST)
		r = error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", o->state,
		        strerror(errno));
	if (r == 0)
		r = vault_open(o->state, &settings.vault, &v, err);
	settings_clear(&settings);
	if (r == 0 && o->passphrase_fd >= 0)
		r = unlock(v, o->passphrase_fd, err);
	if (r < 0)
		vault_close(v);
	else
		*ret = v;
	return r;
}

int vault_verb_open_both(
        struct vault_verb *o, struct vault **ret_vault, struct audit **ret_audit, struct error *err)
{
	struct vault *v = NULL;
	int r = vault_verb_open(o, &v, err);

	if (r == 0 && vault_locked(v))
		r = error_set(err, -ENOKEY, REASON_VAULT_LOCKED,
		        "the vault is locked: its passphrase is needed");
	if (r == 0)
		r = audit_open(o->state, ret_audit, err);
	if (r == 0 && o->syslog)
		audit_copy_to_syslog(*ret_audit);
	if (r < 0)
		vault_close(v);
	else
		*ret_vault = v;
	return r;
}

int vault_verb_walls(const struct vault_verb *o, struct error *err)
{
	const struct guard_path paths[] = {{.path = o->state, .write = true}};
	int r = guard_paths(paths, 1);

	if (r == -EOPNOTSUPP)
		log_warning("this kernel has no Landlock: files are kept apart by users only");
	else if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "Landlock: %s", strerror(-r));
	return guard_calls(GUARD_ESCROW, err);
}

void vault_time_text(int64_t ms, char out[VAULT_TIME_TEXT])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	if (ms <= 0 || !gmtime_r(&s, &tm) || strftime(out, VAULT_TIME_TEXT, "%F %H:%M", &tm) == 0)
		memcpy(out, "never", sizeof("never"));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The virtual machines of a test boot, and the programs it starts. */
#include "appliance/preflight/trial_private.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define QEMU   "qemu-system-x86_64"
#define OVMF   "/usr/share/OVMF/OVMF_CODE_4M"
#define MEMORY "768" /* kernel and initrd unpacked, with room */
#define LINE   4096

/* ---- what there has to be ---- */

static bool find(const char *name, char ret[STATE_PATH_MAX])
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		state_path(ret, folders[i], name);
		if (access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

static void missing(struct trial_facts *f, const char *why, const char *fix)
{
	(void)snprintf(f->why, sizeof(f->why), "%s", why);
	(void)snprintf(f->fix, sizeof(f->fix), "%s", fix);
}

static void add_machine(struct trial_facts *f, const char *name)
{
	struct trial_machine *m = &f->machines[f->count];

	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	(void)snprintf(m->mac, sizeof(m->mac), "52:54:00:4e:4d:%02x", (unsigned)f->count + 1);
	f->count++;
}

bool trial_possible(struct trial *t)
{
	struct trial_facts *f = t->facts;
	char site[16], range[40];

	if (!find(QEMU, t->qemu)) {
		missing(f, "there is no QEMU on this host",
		        "apt-get install --no-install-recommends qemu-system-x86 ovmf");
		return false;
	}
	if (!find("ip", t->ip)) {
		missing(f, "there is no ip on this host",
		        "apt-get install --no-install-recommends iproute2");
		return false;
	}
	if (t->config->dhcp_mode == DHCP_OFF) {
		missing(f,
		        "[dhcp] mode is off: what the site's DHCP server answers is not known here",
		        "start one machine of the site from the network");
		return false;
	}
	if (!trial_addresses(t->config, site, range)) {
		missing(f, "the interface's network has no room for a test", "");
		return false;
	}
	add_machine(f, "BIOS");
	t->secure = t->secure && access(OVMF ".secboot.fd", R_OK) == 0;
	f->uefi_missing = access(OVMF ".fd", R_OK) != 0;
	if (!f->uefi_missing)
		add_machine(f, t->secure ? "UEFI with Secure Boot" : "UEFI");
	return true;
}

/* ---- power ---- */

/* The firmware's settings, which it writes to: a copy of what a machine is delivered with. */
static int copy_variables(const char *from, const char *to, struct error *err)
{
	struct stat st;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = in < 0 || out < 0 || fstat(in, &st) < 0 ? -errno : 0;

	for (off_t done = 0; r == 0 && done < st.st_size;) {
		ssize_t n = sendfile(out, in, &done, (size_t)(st.st_size - done));
		if (n <= 0)
			r = n < 0 ? -errno : -EIO;
	}
	if (in >= 0)
		(void)close(in);
	if (out >= 0)
		(void)close(out);
	return r < 0 ? error_set(
	                       err, r, REASON_CANNOT_OPEN, "cannot copy %s: %s", from, strerror(-r))
	             : 0;
}

struct argv {
	const char *list[64];
	size_t count;
};

static void add(struct argv *a, const char *const *words)
{
	while (*words && a->count < 63)
		a->list[a->count++] = *words++;
}

#define ADD(a, ...) add(a, (const char *const[]){__VA_ARGS__, NULL})

static void serial_path(const struct trial *t, size_t n, char ret[STATE_PATH_MAX])
{
	char name[16];

	(void)snprintf(name, sizeof(name), "serial%zu", n);
	state_path(ret, t->folder, name);
}

/* Emulated also where there is KVM: real-mode code of SeaBIOS and iPXE stops under some of it. */
pid_t trial_machine_start(const struct trial *t, size_t n, struct error *err)
{
	const struct trial_machine *m = &t->facts->machines[n];
	bool uefi = n > 0;
	char serial[STATE_PATH_MAX], serial_option[STATE_PATH_MAX + 32], net[64], card[120],
	        system[120], variables[STATE_PATH_MAX], code_option[200],
	        variables_option[STATE_PATH_MAX + 40], log[STATE_PATH_MAX];
	struct argv a = {0};

	serial_path(t, n, serial);
	(void)snprintf(serial_option, sizeof(serial_option), "file:%s", serial);
	(void)snprintf(net, sizeof(net), "tap,id=n0,ifname=nmtap%zu,script=no,downscript=no", n);
	/* Without a ROM file UEFI's own PXE client runs, as on a real machine; BIOS has none. */
	(void)snprintf(card, sizeof(card), "virtio-net-pci,netdev=n0,mac=%s,bootindex=1%s", m->mac,
	        uefi ? ",romfile=" : "");
	(void)snprintf(system, sizeof(system),
	        "type=1,manufacturer=netmend,product=test boot,serial=TEST%zu,"
	        "uuid=4e4d0000-0000-4000-8000-00000000000%zu",
	        n + 1, n + 1);
	ADD(&a, t->qemu, "-M", uefi && t->secure ? "q35,smm=on" : "q35", "-accel", "tcg", "-cpu",
	        "max", "-m", MEMORY, "-display", "none", "-vga", "std", "-nodefaults", "-smbios",
	        system, "-serial", serial_option, "-netdev", net, "-device", card, "-device",
	        "virtio-rng-pci");
	if (uefi) {
		state_path(variables, t->folder, "variables");
		int r = copy_variables(t->secure ? "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
		                                 : "/usr/share/OVMF/OVMF_VARS_4M.fd",
		        variables, err);
		if (r < 0)
			return r;
		(void)snprintf(code_option, sizeof(code_option),
		        "if=pflash,format=raw,unit=0,readonly=on,file=%s",
		        t->secure ? OVMF ".secboot.fd" : OVMF ".fd");
		(void)snprintf(variables_option, sizeof(variables_option),
		        "if=pflash,format=raw,unit=1,file=%s", variables);
		ADD(&a, "-drive", code_option, "-drive", variables_option);
		if (t->secure)
			ADD(&a, "-global", "driver=cfi.pflash01,property=secure,value=on");
	}
	state_path(log, t->folder, "qemu.log");
	pid_t pid = trial_spawn(a.list, log);
	return pid < 0 ? error_set(err, pid, REASON_INTERNAL, "cannot start " QEMU ": %s",
	                         strerror(-pid))
	               : pid;
}

/* ---- how far it is ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static enum trial_stage stage_of(const json_t *event)
{
	const char *state = text_of(event, "state");

	if (strcmp(text_of(event, "reason"), reason_code(REASON_NO_DISK)) == 0)
		return TRIAL_REPORTED;
	if (strcmp(state, "seen") == 0)
		return TRIAL_ASKED;
	return strcmp(state, "booting") == 0 ? TRIAL_SCRIPT : TRIAL_FIXER;
}

/* Only a fixer tells a result; NO_HEARTBEAT and the like are the appliance's own word. */
static bool is_fixers(const json_t *event)
{
	int reason = reason_parse(text_of(event, "reason"));

	return reason == REASON_OK || reason == REASON_NO_DISK;
}

void trial_machine_look(const struct trial *t, struct trial_machine *m)
{
	const char *const argv[] = {
	        t->self, "machines", "show", m->mac, "--json", "--config", t->conf, NULL};
	struct buffer text;
	struct error err = {0};
	const json_t *event;
	size_t i;

	/* Not known yet: it says so and fails. */
	if (trial_capture(t, argv, &text, &err) < 0)
		return;
	json_t *known = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	buffer_free(&text);
	json_array_foreach(json_object_get(known, "timeline"), i, event)
	{
		enum trial_stage stage = is_fixers(event) ? stage_of(event) : TRIAL_SILENT;
		m->stage = stage > m->stage ? stage : m->stage;
		const char *step = text_of(event, "step"), *text_is = text_of(event, "text");
		(void)snprintf(m->last, sizeof(m->last), "%.40s%s%.150s", step,
		        step[0] && text_is[0] ? ": " : "", text_is);
	}
	json_decref(known);
}

void trial_machine_last_line(const struct trial *t, size_t n)
{
	struct trial_machine *m = &t->facts->machines[n];
	char path[STATE_PATH_MAX], tail[LINE + 1];

	serial_path(t, n, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	ssize_t got = size < 0 ? -1 : pread(fd, tail, LINE, size > LINE ? size - LINE : 0);
	if (fd >= 0)
		(void)close(fd);
	if (got <= 0)
		return;
	tail[got] = '\0';
	for (ssize_t i = 0; i < got; i++)
		if (tail[i] == '\0' || tail[i] == '\r')
			tail[i] = '\n';
	/* The last that is more than blanks. */
	char *rest, *line = strtok_r(tail, "\n", &rest), *best = NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest))
		if (line[strspn(line, " \t")])
			best = line;
	if (best)
		text_clean(m->screen, sizeof(m->screen), best);
}

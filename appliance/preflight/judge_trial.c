/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far the machines of a test boot came, and why not further. */
#include "appliance/preflight/judge.h"

static const char *const came_to[] = {
        [TRIAL_SILENT] = "its firmware got no answer",
        [TRIAL_ASKED] = "its boot program never asked what to start",
        [TRIAL_SCRIPT] = "kernel and initrd were named to it, but its fixer never called",
        [TRIAL_FIXER] = "its fixer called, but never told a result",
};

static void judge_machine(
        const struct facts *f, const struct trial_machine *m, struct findings *all)
{
	const struct config *c = &f->config;

	if (m->stage == TRIAL_REPORTED) {
		finding_add(all, "test boot", FINDING_OK,
		        "%s: from power on to the fixer's report in %d s, emulated", m->name,
		        m->seconds);
		return;
	}
	struct finding *problem = finding_add(all, "test boot", FINDING_PROBLEM, "%s: %s in %d s",
	        m->name, came_to[m->stage], m->seconds);
	switch (m->stage) {
	case TRIAL_SILENT:
		finding_fix(problem,
		        "look at the boot programs: [boot] program, shim and grub; install ipxe, "
		        "shim-signed and grub-efi-amd64-signed again");
		break;
	case TRIAL_ASKED:
		finding_fix(problem,
		        "the boot program does not start: install ipxe (program = %s), shim-signed "
		        "and grub-efi-amd64-signed again, or choose the other by [boot] uefi",
		        c->program);
		break;
	case TRIAL_SCRIPT:
		finding_fix(problem,
		        "kernel %s and initrd %s must be of the same version: run make install "
		        "again, or give both in [boot]",
		        c->kernel, c->initrd);
		break;
	case TRIAL_FIXER:
	case TRIAL_REPORTED:
		finding_fix(problem, "a very slow host needs more time: --boot-seconds");
	}
	if (m->last[0])
		finding_fix(problem, "heard last: %s", m->last);
	if (m->screen[0])
		finding_fix(problem, "its screen says: %s", m->screen);
}

void judge_trial(const struct facts *f, struct findings *all)
{
	const struct trial_facts *t = &f->trial;

	if (!t->wanted)
		return;
	if (!t->tried) {
		struct finding *note = finding_add(all, "test boot",
		        t->broken ? FINDING_PROBLEM : FINDING_NOTE, "not tried: %s", t->why);
		if (t->fix[0])
			finding_fix(note, "%s", t->fix);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		judge_machine(f, &t->machines[i], all);
	if (t->uefi_missing)
		finding_fix(finding_add(all, "test boot", FINDING_NOTE,
		                    "UEFI not tried: no firmware for it on this host"),
		        "apt-get install --no-install-recommends ovmf");
}

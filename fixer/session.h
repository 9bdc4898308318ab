/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot-time session: `fixer --boot`, from the kernel command line to the appliance's last word.
 * Design section 1. */
#ifndef FIXER_SESSION_H
#define FIXER_SESSION_H

/* What the caller (init) does next: the process's exit code. */
enum session_exit {
	SESSION_REBOOT = 0, /* restart now */
	SESSION_HOLD = 10,  /* leave the screen as it is until a person or a power cycle ends it */
	SESSION_AGAIN = 11, /* restart and come back */
};

/* Where the machine is; tests bring trees of their own. */
struct session_env {
	const char *cmdline;   /* file with the kernel command line */
	const char *boot_id;   /* file with the kernel's boot_id */
	const char *sys;       /* "/sys" */
	const char *dev;       /* "/dev" */
	unsigned refused_wait; /* seconds a refusal stays readable before the restart */
};

/* Runs one session on this machine. secrets_init() was called. Returns an enum session_exit. */
int session_run(void);

/* The same on the machine described by env. */
int session_run_env(const struct session_env *env);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this process uses. */
#ifndef API_SELF_H
#define API_SELF_H

#include <dirent.h>
#include <stdint.h>

/* Opened before the walls go up: they hide /proc. */
struct self {
	int statm;  /* -1: not there */
	DIR *files; /* NULL likewise */
};
void self_open(struct self *s);
void self_close(struct self *s);

/* Bytes; -1 when not known. */
int64_t self_resident(const struct self *s);
/* Open descriptors, likewise; and how many there may be. */
int64_t self_files(const struct self *s);
int64_t self_files_max(void);
/* Processor time, user's and kernel's. */
double self_cpu_seconds(void);

#endif

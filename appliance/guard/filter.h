/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small words over libseccomp. Each returns 0 or the -errno of libseccomp. */
#ifndef GUARD_FILTER_H
#define GUARD_FILTER_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct filter_list {
	const int *calls;
	size_t count;
};

/* Every call of the list, whatever its arguments. */
int filter_allow(scmp_filter_ctx filter, const int *calls, size_t count);

/* One call whose argument, under mask, has this value. */
int filter_allow_bits(
        scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask, uint64_t value);

/* One call whose argument (an int) is one of the values. */
int filter_allow_values(
        scmp_filter_ctx filter, int call, unsigned argument, const int *values, size_t count);

/* One call that fails with this error. */
int filter_refuse(scmp_filter_ctx filter, int call, int error);

/* What these programs have in common: memory that is never executable, time, threads but no other
 * processes, open files, sockets that are there. */
int filter_allow_everybody(scmp_filter_ctx filter);

/* Files written by name: SQLite, audit record, bundles. */
int filter_allow_writing(scmp_filter_ctx filter);

/* Libraries loaded while running (name services, SASL, Kerberos): executable, never writable. */
int filter_allow_loading(scmp_filter_ctx filter);

#endif

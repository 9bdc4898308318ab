/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing Prometheus' text format, version 0.0.4: families with HELP and TYPE, samples with
 * escaped labels. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#ifndef API_METRIC_H
#define API_METRIC_H

#include "fixer/base/buffer.h"

#define METRIC_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics {
	struct buffer out;
	int failed; /* 0, or the first -errno */
};

/* A family; its samples follow, and nobody else's before all of them are written. type: counter,
 * gauge, histogram. help is one line. */
void metric_family(struct metrics *m, const char *name, const char *type, const char *help);

/* A sample. Labels are pairs of name and value (UTF-8), ended by NULL. */
void metric_add(struct metrics *m, const char *name, int64_t value, ...) __attribute__((sentinel));
/* The same in seconds. */
void metric_add_seconds(struct metrics *m, const char *name, double seconds, ...)
        __attribute__((sentinel));

#endif

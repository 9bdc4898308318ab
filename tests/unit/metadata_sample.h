/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The metadata of a file that never was, with something of everything. */
#ifndef TESTS_UNIT_METADATA_SAMPLE_H
#define TESTS_UNIT_METADATA_SAMPLE_H

#include "fixer/ntfs/metadata.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_STREAM "of the web"

/* To be freed with ntfs_metadata_free(); NULL without memory. */
static inline struct ntfs_metadata *metadata_sample(void)
{
	/* Owner and group SYSTEM; everything allowed to SYSTEM, inherited. */
	static const uint8_t descriptor[] = {1, 0, 4, 0x84, 0x30, 0, 0, 0, 0x3c, 0, 0, 0, 0, 0, 0,
	        0, 0x14, 0, 0, 0, 2, 0, 0x1c, 0, 1, 0, 0, 0, 0, 0x10, 0x14, 0, 0xff, 1, 0x1f, 0, 1,
	        1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0,
	        0, 0, 0, 5, 18, 0, 0, 0};
	struct ntfs_metadata *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->allocated = 12288;
	m->initialized = 8200;
	m->cluster_size = 4096;
	m->run_count = 2;
	m->runs[0] = (struct ntfs_metadata_run){0, 5000, 2};
	m->runs[1] = (struct ntfs_metadata_run){2, NTFS_HOLE, 1};
	m->name_count = 2;
	m->names[0] = (struct ntfs_metadata_name){.parent = 0x2000000000040,
	        .type = NTFS_NAME_DOS,
	        .name = "C-0000~1.SYS",
	        .times = {133658580000000001, 133658580000000002, 133658580000000003, 0}};
	m->names[1] = m->names[0];
	m->names[1].type = NTFS_NAME_WIN32;
	(void)snprintf(m->names[1].name, sizeof(m->names[1].name), "C-00000291-gr\303\274n.sys");
	m->stream_count = 2;
	(void)snprintf(m->streams[0].name, sizeof(m->streams[0].name), "Zone.Identifier");
	m->streams[0].size = sizeof(SAMPLE_STREAM);
	m->streams[0].content = malloc(sizeof(SAMPLE_STREAM));
	(void)snprintf(m->streams[1].name, sizeof(m->streams[1].name), "huge");
	m->streams[1].size = 1u << 30;
	m->security_id = 261;
	m->descriptor_size = sizeof(descriptor);
	memcpy(m->descriptor, descriptor, sizeof(descriptor));
	m->has_object_id = true;
	memset(m->object_id.bytes, 0x3c, GUID_LEN);
	if (!m->streams[0].content) {
		ntfs_metadata_free(m);
		return NULL;
	}
	memcpy(m->streams[0].content, SAMPLE_STREAM, sizeof(SAMPLE_STREAM));
	return m;
}

#endif

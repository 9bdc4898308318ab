/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_map.h"

#define DEFAULT_HEADER 8192
#define VISTA_SECTORS  16
#define VISTA_AREA     16384

uint32_t fve_header_size(const struct fve_volume *v)
{
	unsigned sectors = v->options.header_sectors;

	if (v->options.form == FVE_VISTA)
		return 0;
	return sectors > 0 ? sectors * v->sector_size : DEFAULT_HEADER;
}

uint32_t fve_area_size(const struct fve_volume *v)
{
	return v->options.form == FVE_VISTA ? VISTA_AREA : FVE_AREA_SIZE;
}

uint64_t fve_encrypted_size(const struct fve_volume *v)
{
	const struct fve_options *o = &v->options;

	return o->encrypted_size > 0 ? o->encrypted_size : v->size - o->grow + o->shrink;
}

unsigned fve_areas(const struct fve_volume *v, struct fve_area areas[FVE_MAX_AREAS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FVE_COPIES; i++)
		areas[n++] = (struct fve_area){v->metadata[i], fve_area_size(v)};
	areas[n++] = (struct fve_area){v->header_backup, fve_header_size(v)};
	if (v->options.conversion_size > 0)
		areas[n++] = (struct fve_area){fve_encrypted_size(v), v->options.conversion_size};
	if (v->options.encrypt_on_write) {
		areas[n++] = v->eow.first;
		areas[n++] = v->eow.second;
	}
	return n;
}

static bool in_structures(const struct fve_volume *v, uint64_t at)
{
	struct fve_area areas[FVE_MAX_AREAS];
	unsigned count = fve_areas(v, areas);

	for (unsigned i = 0; i < count; i++)
		if (fve_within(&areas[i], at))
			return true;
	return false;
}

static bool is_written(const struct fve_volume *v, uint64_t at)
{
	uint64_t cluster = at / FVE_CLUSTER;

	return v->options.full || !v->written || cluster >= v->clusters ||
	       (v->written[cluster / 8] >> (cluster % 8) & 1);
}

bool fve_is_encrypted(const struct fve_volume *v, uint64_t at)
{
	if (v->options.curr_state == FVE_STATE_DECRYPTED)
		return false;
	if (v->options.encrypt_on_write)
		return fve_eow_is_encrypted(v, at);
	return at < fve_encrypted_size(v);
}

enum fve_fate fve_fate_of(const struct fve_volume *v, uint64_t at)
{
	/* Vista moves nothing: it leaves the volume's start readable. */
	if (v->options.form == FVE_VISTA && at < VISTA_SECTORS * v->sector_size)
		return FVE_PLAINTEXT;
	if (at < fve_header_size(v) || in_structures(v, at) || !is_written(v, at))
		return FVE_LEFT_ALONE;
	return fve_is_encrypted(v, at) ? FVE_ENCRYPTED : FVE_PLAINTEXT;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a tar, which is compressed and sealed, so that the seal and zstd do not keep it from
 * the parser behind them; or, when its first byte is odd, the text of a manifest. */
#include "fixer/repair/bundle_internal.h"
#include "netmend/limits.h"
#include "tests/fuzz/fuzz.h"

#include <zstd.h>

static void check_runs(const struct bundle *b)
{
	size_t sectors = 0;

	must(b->run_count > 0 && is_clean(b->disk_id, sizeof(b->disk_id)));
	for (size_t i = 0; i < b->run_count; i++) {
		const struct plan_run *run = &b->runs[i];
		must(run->count > 0);
		must(run->lba + run->count <= b->disk_size / b->sector_size);
		must(i == 0 || run->lba >= b->runs[i - 1].lba + b->runs[i - 1].count);
		sectors += run->count;
	}
	must(sectors == b->sector_count && sectors <= NM_MAX_CHANGED_SECTORS);
}

static void try_manifest(const uint8_t *data, size_t size)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct error err = {0};

	must(b);
	int r = manifest_read((const char *)data, size, b, &err);
	must_explain(r, &err);
	if (r == 0) {
		struct manifest_part f;
		check_runs(b);
		for (size_t n = 0; n < manifest_file_count(b); n++) {
			manifest_file_at(b, n, &f);
			must(f.name && f.size <= NM_MAX_TARGET_FILE);
			for (size_t i = 0; i < manifest_stream_count(b, n); i++)
				must(!manifest_stream_at(b, n, i, &f) ||
				        f.size <= NTFS_METADATA_STREAM_MAX);
		}
	}
	bundle_free(b);
}

static void try_bundle(const uint8_t *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size);
	uint8_t *sealed = malloc(bound + BUNDLE_SEAL);
	struct bundle *b = NULL;
	struct error err = {0};

	must(sealed);
	size_t len = ZSTD_compress(sealed, bound, data, size, -5);
	must(!ZSTD_isError(len));
	bundle_seal_make(sealed, len, sealed + len);
	int r = bundle_decode(sealed, len + BUNDLE_SEAL, &b, &err);
	must_explain(r, &err);
	if (r == 0) {
		check_runs(b);
		for (size_t i = 0; i < b->run_count; i++)
			must(b->runs[i].old_bytes && b->runs[i].new_bytes);
	}
	bundle_free(b);
	free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		try_manifest(data + 1, size - 1);
	else
		try_bundle(data + 1, size - 1);
	return 0;
}

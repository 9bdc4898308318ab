/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input is a tar, which is compressed, so that zstd does not keep it from the parser behind it;
 * or, when its first byte is odd, the text of a manifest; or, when that is 2, what should be zstd.
 */
#include "appliance/saved/head.h"
#include "appliance/saved/sectors.h"
#include "fixer/base/cleanup.h"
#include "netmend/limits.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <zstd.h>

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* The sums are those of the ranges, unless not all are told. */
static void check_told(const json_t *told)
{
	const json_t *range, *kind, *ranges = json_object_get(told, "ranges");
	json_int_t sectors = 0, kinds = 0, end = 0;
	size_t i;

	json_array_foreach(ranges, i, range)
	{
		must(number(range, "lba") >= end && number(range, "count") > 0);
		end = number(range, "lba") + number(range, "count");
		must(number(range, "at") ==
		        sectors * number(json_object_get(told, "disk"), "sector"));
		sectors += number(range, "count");
	}
	json_array_foreach(json_object_get(told, "kinds"), i, kind)
	{
		kinds += number(kind, "sectors");
	}
	must(kinds == number(told, "sectors") && kinds <= NM_MAX_CHANGED_SECTORS);
	must(json_array_size(ranges) <= SECTORS_RANGES_MAX);
	must(json_is_true(json_object_get(told, "truncated")) || sectors == kinds);
}

static void try_manifest(const char *text, size_t len)
{
	struct error err = {0};
	json_t *told = json_object();

	must(told);
	int r = sectors_tell(text, len, told, &err);
	must_explain(r, &err);
	if (r == 0)
		check_told(told);
	json_decref(told);
}

static void try_file(const void *data, size_t len)
{
	CLEANUP_CLOSE int fd = memfd_create("saved", MFD_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	struct error err = {0};
	size_t text_len;

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	int r = saved_manifest(fd, &text, &text_len, &err);
	must_explain(r, &err);
	if (r == 0)
		try_manifest(text, text_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t bound = ZSTD_compressBound(size);
	CLEANUP_FREE uint8_t *packed = malloc(bound);
	CLEANUP_FREE char *text = text_of(data + 1, size - 1);

	must(packed);
	if (data[0] & 1) {
		try_manifest(text, size - 1);
	} else if (data[0] == 2) {
		try_file(text, size - 1);
	} else {
		size_t len = ZSTD_compress(packed, bound, data + 1, size - 1, -5);
		must(!ZSTD_isError(len));
		try_file(packed, len);
	}
	return 0;
}

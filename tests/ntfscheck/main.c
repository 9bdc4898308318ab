/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ntfscheck: judges an NTFS volume in a file, or writes out what it holds. */
#include "tests/ntfscheck/ntfscheck.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STATUS_FINDINGS   1
#define STATUS_UNREADABLE 2

static const char usage[] =
        "usage: ntfscheck [--offset BYTES] [--size BYTES] [--dump] IMAGE\n"
        "  exit status 0: no findings; 1: findings, one a line; 2: cannot be read\n";

static bool parse(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == 0 && *text != '-';
}

static int open_image(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (end < 0) {
		(void)fprintf(stderr, "ntfscheck: %s: %s\n", path, strerror(errno));
		return -1;
	}
	*size = (uint64_t)end;
	return fd;
}

static int judge(int fd, uint64_t offset, uint64_t size, bool dump)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), skip = offset % page;
	uint8_t *map = mmap(NULL, size + skip, PROT_READ, MAP_PRIVATE, fd, (off_t)(offset - skip));

	if (map == MAP_FAILED) {
		(void)fprintf(stderr, "ntfscheck: cannot map: %s\n", strerror(errno));
		return STATUS_UNREADABLE;
	}
	int findings = dump ? ntfscheck_dump(map + skip, size, stdout)
	                    : ntfscheck(map + skip, size, stdout);
	if (!dump)
		ntfscheck_notes(map + skip, size, stderr);
	(void)munmap(map, size + skip);
	if (fflush(stdout) != 0)
		return STATUS_UNREADABLE;
	return findings > 0 ? STATUS_FINDINGS : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"offset", required_argument, NULL, 'o'},
	        {"size", required_argument, NULL, 's'}, {"dump", no_argument, NULL, 'd'}, {0}};
	uint64_t offset = 0, size = 0, length = 0;
	bool dump = false, good = true;
	int found;

	while ((found = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (found == 'o')
			good = good && parse(optarg, &offset);
		else if (found == 's')
			good = good && parse(optarg, &length);
		else if (found == 'd')
			dump = true;
		else
			good = false;
	}
	if (!good || optind != argc - 1) {
		(void)fputs(usage, stderr);
		return STATUS_UNREADABLE;
	}
	int fd = open_image(argv[optind], &size);
	if (fd < 0)
		return STATUS_UNREADABLE;
	if (offset >= size || length > size - offset) {
		(void)fprintf(stderr, "ntfscheck: %s is shorter\n", argv[optind]);
		return STATUS_UNREADABLE;
	}
	int status = judge(fd, offset, length ? length : size - offset, dump);
	(void)close(fd);
	return status;
}

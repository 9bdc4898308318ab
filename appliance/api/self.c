/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/self.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void self_open(struct self *s)
{
	s->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	s->files = opendir("/proc/self/fd");
}

void self_close(struct self *s)
{
	if (s->statm >= 0)
		(void)close(s->statm);
	if (s->files)
		(void)closedir(s->files);
}

/* proc(5): size and resident are the first two numbers, in pages. */
int64_t self_resident(const struct self *s)
{
	char text[128];
	char *end;
	ssize_t n = s->statm < 0 ? -1 : pread(s->statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return -1;
	text[n] = 0;
	(void)strtoll(text, &end, 10);
	return strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

int64_t self_files(const struct self *s)
{
	int64_t count = 0;

	if (!s->files)
		return -1;
	rewinddir(s->files);
	for (const struct dirent *entry; (entry = readdir(s->files));)
		count += entry->d_name[0] != '.';
	return count;
}

int64_t self_files_max(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT64_MAX
	               ? -1
	               : (int64_t)limit.rlim_cur;
}

double self_cpu_seconds(void)
{
	struct timespec used = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

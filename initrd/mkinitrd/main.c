/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mkinitrd: the image a machine boots, from a kernel's modules, init, the fixer and other files. */
#include "fixer/base/cleanup.h"
#include "initrd/mkinitrd/firmware.h"
#include "initrd/mkinitrd/list.h"
#include "initrd/mkinitrd/program.h"
#include "initrd/mkinitrd/resolve.h"
#include "initrd/mkinitrd/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INITRD_MAX  (256 * 1024 * 1024)
#define TABLE_MAX   (8 * 1024 * 1024)
#define LIST_MAX    (1024 * 1024)
#define EXTRA_MAX   64
#define PROGRAM_MAX 16

struct options {
	char *kernel_modules, *modules, *init, *fixer, *output;
	const char *firmware;
	char *extra[EXTRA_MAX]; /* SRC=DEST */
	unsigned extra_count;
	const char *programs[PROGRAM_MAX];
	unsigned program_count;
	int level;
	bool verbose;
};

static void usage(FILE *out)
{
	(void)fprintf(out,
	        "usage: mkinitrd --kernel-modules DIR --modules LIST --init FILE --fixer FILE\n"
	        "                [--program FILE]... [--file SRC=DEST]... [--firmware DIR]\n"
	        "                [--level N] [--verbose] --output FILE\n"
	        "\n"
	        "  --kernel-modules  /lib/modules/VERSION of the kernel that will boot\n"
	        "  --modules         list of drivers (initrd/modules.list)\n"
	        "  --init, --fixer   static programs, put in as /init and /bin/fixer\n"
	        "  --program         one more program, with the libraries it needs, at the same "
	        "path\n"
	        "  --file            one more file: SRC here, DEST there\n"
	        "  --firmware        where the list's firmware is on this host (/lib/firmware)\n"
	        "  --level           of zstd, 1 to 22 (19)\n"
	        "  --verbose         print the bytes of each group\n");
}

static int parse_level(const char *text, int *ret)
{
	char *end;
	long level = strtol(text, &end, 10);

	if (end == text || *end || level < 1 || level > 22)
		return -EINVAL;
	*ret = (int)level;
	return 0;
}

static int take_option(struct options *o, int option, char *value)
{
	switch (option) {
	case 'k':
		o->kernel_modules = value;
		return 0;
	case 'm':
		o->modules = value;
		return 0;
	case 'i':
		o->init = value;
		return 0;
	case 'f':
		o->fixer = value;
		return 0;
	case 'o':
		o->output = value;
		return 0;
	case 'w':
		o->firmware = value;
		return 0;
	case 'x':
		if (o->extra_count == EXTRA_MAX || !strchr(value, '='))
			return -EINVAL;
		o->extra[o->extra_count++] = value;
		return 0;
	case 'p':
		if (o->program_count == PROGRAM_MAX)
			return -EINVAL;
		o->programs[o->program_count++] = value;
		return 0;
	case 'l':
		return parse_level(value, &o->level);
	case 'v':
		o->verbose = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {{"kernel-modules", required_argument, NULL, 'k'},
	        {"modules", required_argument, NULL, 'm'}, {"init", required_argument, NULL, 'i'},
	        {"fixer", required_argument, NULL, 'f'}, {"output", required_argument, NULL, 'o'},
	        {"file", required_argument, NULL, 'x'}, {"program", required_argument, NULL, 'p'},
	        {"firmware", required_argument, NULL, 'w'}, {"level", required_argument, NULL, 'l'},
	        {"verbose", no_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "", names, NULL)) != -1)
		r = take_option(o, option, optarg);
	if (r == 0 && (optind != argc || !o->kernel_modules || !o->modules || !o->init ||
	                      !o->fixer || !o->output))
		r = -EINVAL;
	size_t len = o->kernel_modules ? strlen(o->kernel_modules) : 0;
	while (r == 0 && len > 1 && o->kernel_modules[len - 1] == '/')
		o->kernel_modules[--len] = 0;
	return r;
}

static int read_list(const char *path, struct module_list *ret, struct error *err)
{
	struct rootfs file = {0};
	int r = rootfs_add_file(&file, "list", 0644, path, err);

	if (r == 0 && file.entries[0].len > LIST_MAX)
		r = error_set(err, -EMSGSIZE, REASON_USAGE, "larger than any list should be");
	if (r == 0) {
		/* A NUL in it would cut the text; it is no character of any line. */
		CLEANUP_FREE char *text =
		        strndup((const char *)file.entries[0].data, file.entries[0].len);
		r = text ? module_list_parse(text, ret, err) : -ENOMEM;
	}
	rootfs_free(&file);
	if (r < 0)
		error_prefix(err, "%.150s", path);
	return r;
}

/* The kernel's version is the last part of its module directory. */
static int add_modules(struct rootfs *rootfs, const struct options *o, const struct module_set *set,
        uint64_t *group_bytes, struct error *err)
{
	CLEANUP_FREE char *prefix = NULL;
	const char *slash = strrchr(o->kernel_modules, '/');
	size_t cut = strlen(o->kernel_modules);
	struct buffer table;
	int r = 0;

	if (asprintf(&prefix, "lib/modules/%s", slash ? slash + 1 : o->kernel_modules) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");
	for (unsigned i = 0; i < set->count && r == 0; i++) {
		const struct module *m = &set->modules[i];
		CLEANUP_FREE char *path = NULL;
		if (asprintf(&path, "%s%s", prefix, m->path + cut) < 0)
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");
		r = rootfs_add_file(rootfs, path, 0644, m->path, err);
		if (r == 0)
			group_bytes[m->group] += rootfs->entries[rootfs->count - 1].len;
	}
	if (r < 0)
		return r;
	buffer_init(&table, TABLE_MAX);
	r = module_set_write_table(set, o->kernel_modules, prefix, &table);
	if (r == 0)
		r = rootfs_add(rootfs, "lib/netmend/modules", 0644, table.data, table.len);
	buffer_free(&table);
	if (r < 0)
		return error_set(err, r, REASON_INTERNAL, "cannot write the table of modules: %s",
		        strerror(-r));
	return 0;
}

/* Where init mounts, and the programs. */
static int add_skeleton(struct rootfs *rootfs, const struct options *o, struct error *err)
{
	static const char *const directories[] = {"dev", "proc", "run", "sys", "tmp"};
	int r = 0;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]) && r == 0; i++)
		r = rootfs_add_directory(rootfs, directories[i]);
	if (r < 0)
		return error_set(err, r, REASON_OUT_OF_MEMORY, "out of memory");
	r = rootfs_add_file(rootfs, "init", 0755, o->init, err);
	if (r == 0)
		r = rootfs_add_file(rootfs, "bin/fixer", 0755, o->fixer, err);
	for (unsigned i = 0; i < o->program_count && r == 0; i++)
		r = rootfs_add_program(rootfs, o->programs[i], err);
	for (unsigned i = 0; i < o->extra_count && r == 0; i++) {
		char *source = o->extra[i], *to = strchr(source, '=');
		*to++ = 0;
		r = rootfs_add_file(rootfs, to + (*to == '/'),
		        access(source, X_OK) == 0 ? 0755 : 0644, source, err);
	}
	return r;
}

/* Written beside and renamed, so that no server hands out half an image. */
static int write_output(const char *path, const struct buffer *data, struct error *err)
{
	CLEANUP_FREE char *beside = NULL;
	size_t done = 0;

	if (asprintf(&beside, "%s.new", path) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");
	CLEANUP_CLOSE int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	while (fd >= 0 && done < data->len) {
		ssize_t n = write(fd, data->data + done, data->len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0 || done < data->len || fsync(fd) < 0 || rename(beside, path) < 0) {
		int e = errno ? -errno : -EIO;
		return error_set(
		        err, e, REASON_CANNOT_OPEN, "cannot write %.200s: %s", path, strerror(-e));
	}
	return 0;
}

static void print_groups(const struct module_list *list, const uint64_t *group_bytes,
        const struct rootfs *rootfs, const struct buffer *image)
{
	uint64_t total = 0;

	for (size_t i = 0; i < rootfs->count; i++)
		total += rootfs->entries[i].len;
	for (unsigned i = 0; i < list->group_count; i++)
		if (group_bytes[i] > 0)
			(void)printf("%10llu  %s\n", (unsigned long long)group_bytes[i],
			        list->groups[i][0] ? list->groups[i] : "(before the first group)");
	(void)printf("%10llu  everything, unpacked\n%10zu  compressed\n", (unsigned long long)total,
	        image->len);
}

static int build(const struct options *o, struct module_list *list, struct error *err)
{
	CLEANUP_FREE uint64_t *group_bytes = calloc(list->group_count, sizeof(*group_bytes));
	struct module_set set = {0};
	struct rootfs rootfs = {0};
	struct buffer image;
	int r = group_bytes ? 0 : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");

	buffer_init(&image, INITRD_MAX);
	if (r == 0) {
		firmware_check(list, o->firmware);
		r = module_set_resolve(o->kernel_modules, list, &set, err);
		if (r < 0)
			error_prefix(err, "%.150s", o->modules);
	}
	if (r == 0)
		r = add_skeleton(&rootfs, o, err);
	if (r == 0)
		r = add_modules(&rootfs, o, &set, group_bytes, err);
	if (r == 0)
		r = firmware_add(&rootfs, list, o->firmware, group_bytes, err);
	if (r == 0)
		r = rootfs_archive(&rootfs, o->level, &image, err);
	if (r == 0)
		r = write_output(o->output, &image, err);
	if (r == 0 && o->verbose)
		print_groups(list, group_bytes, &rootfs, &image);
	buffer_free(&image);
	rootfs_free(&rootfs);
	module_set_free(&set);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = {.level = 19, .firmware = "/lib/firmware"};
	struct module_list list = {0};
	struct error err = {0};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (parse_options(argc, argv, &o) < 0) {
		usage(stderr);
		return 2;
	}
	int r = read_list(o.modules, &list, &err);
	if (r == 0)
		r = build(&o, &list, &err);
	module_list_free(&list);
	if (r < 0)
		(void)fprintf(stderr, "mkinitrd: %s\n", err.code ? err.text : strerror(-r));
	return r < 0 ? 1 : 0;
}

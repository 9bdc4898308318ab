/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend media`: an image for machines that cannot boot from the network. */
#include "appliance/media/media.h"
#include "appliance/cli/medium.h"
#include "appliance/cli/verb.h"
#include "appliance/supervisor/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of packages grub-efi-amd64-signed and grub-pc-bin. */
#define GRUB_OF_DISKS "grubx64.efi.signed"
#define GRUB_OF_BIOS  "/usr/lib/grub/i386-pc"

#define LABEL_MAX        63
#define LABEL_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

/* The signed GRUB for disks lies beside the one for the network. */
static void disk_grub(const struct config *config, char ret[STATE_PATH_MAX])
{
	const char *slash = strrchr(config->grub, '/');

	(void)snprintf(ret, STATE_PATH_MAX, "%.*s" GRUB_OF_DISKS,
	        slash ? (int)(slash - config->grub) + 1 : 0, config->grub);
}

/* RFC 1123, 2.1. One whose last part is a number is a mistyped address. */
static bool is_host_name(const char *text)
{
	const char *label = text;
	size_t n = strcspn(label, ".");

	while (n > 0 && n <= LABEL_MAX && strspn(label, LABEL_CHARACTERS) >= n && label[0] != '-' &&
	        label[n - 1] != '-') {
		if (!label[n])
			return strspn(label, "0123456789") < n;
		label += n + 1;
		n = strcspn(label, ".");
	}
	return false;
}

/* host: an address or a name; NULL: the machine is to find out itself. */
static int appliance_url(const char *host, int port, char ret[MEDIA_URL_TEXT], struct error *err)
{
	struct in_addr a;

	ret[0] = 0;
	if (!host)
		return 0;
	if (inet_pton(AF_INET, host, &a) != 1 && !is_host_name(host))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--appliance %.80s: an IPv4 address or a DNS name is needed", host);
	int n = snprintf(ret, MEDIA_URL_TEXT, "https://%s:%d", host, port);
	if (n >= MEDIA_URL_TEXT)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "--appliance %.80s...: a name of at most %d characters is needed", host,
		        MEDIA_URL_TEXT - (int)sizeof("https://:65535"));
	return 0;
}

/* Said, not refused: the machines may have another name server than this host. */
static void warn_unknown(const char *host)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int e = host ? getaddrinfo(host, NULL, &hints, &found) : 0;

	if (e != 0)
		fprintf(stderr,
		        "netmend: this host finds no address of %s (%s): make sure that the "
		        "machines do\n",
		        host, gai_strerror(e));
	if (found)
		freeaddrinfo(found);
}

/* An image takes the place of a file, never of a disk. */
static int judge_output(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	return error_set(err, -EINVAL, REASON_USAGE,
	        "%s is not a file. Nothing was written. Make a file, then write it to the stick: "
	        "dd if=FILE of=%s bs=4M oflag=direct conv=fsync",
	        path, S_ISBLK(st.st_mode) ? path : "/dev/sdX");
}

/* What is to be made. */
struct making {
	struct config config;
	struct cli_medium own;
	const char *file;             /* where */
	char place[PATH_MAX];         /* ... for the appliance's own */
	char served[MEDIUM_URL_TEXT]; /* its URL; "": a file of the person's */
	char url[MEDIA_URL_TEXT];     /* of the appliance, in it; "": the machine asks DHCP */
};

static void say_use(const struct cli_call *call, const struct making *m)
{
	if (m->served[0])
		printf("This appliance serves it at %s.\n`netmend power media MACHINE` has a "
		       "management controller insert it and starts the machine from it.\n",
		        m->served);
	else if (strcmp(call->verb->name, "usb") == 0)
		printf("Write it to a USB stick, which loses everything on it:\n"
		       "  Windows: Rufus, \"DD image\"\n"
		       "  Linux:   dd if=%s of=/dev/sdX bs=4M oflag=direct conv=fsync\n",
		        m->file);
	else
		printf("Burn it, or insert it as virtual media in the machine's management "
		       "controller.\n");
}

static int say_made(
        const struct cli_call *call, const struct media_made *made, const struct making *m)
{
	if (call->options.json)
		return cli_print_json(json_pack("{s:i s:s s:I s:s s:s s:s}", "v", 1, "file",
		        m->file, "size", (json_int_t)made->size, "sha256", made->sum, "appliance",
		        m->url, "served", m->served));
	printf("%s: %llu bytes, read back and whole\nSHA-256 %s\n\n", m->file,
	        (unsigned long long)made->size, made->sum);
	if (m->url[0])
		printf("A machine that starts from it looks for the appliance at %s.\n", m->url);
	else
		printf("A machine that starts from it finds the appliance by what DHCP says: "
		       "option 43 of vendor\nclass \"netmend\" (sub-option 1, "
		       "https://HOST:PORT), else the name netmend in its\ndomain, else "
		       "next-server.\n");
	say_use(call, m);
	printf("%sIts screen shows a pairing code; who approves compares it\n(netmend release "
	       "list). %s\nIt holds no key and no password: losing one tells nobody more than "
	       "this network does.\n",
	        m->served[0] ? "" : "Start the machine from it once. ",
	        m->served[0] ? "The medium is taken out by itself."
	                     : "Take the medium out when the screen says repaired.");
	return CLI_OK;
}

/* Where this appliance serves it. The folder is there since serve's first start, but for those of
 * an older version. */
static int own_place(struct making *m, struct error *err)
{
	m->file = m->place;
	medium_file(&m->own.medium, m->place);
	if ((mkdir(m->own.folder, 0755) < 0 && errno != EEXIST) || chmod(m->own.folder, 0755) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s",
		        m->own.folder, strerror(errno));
	return cli_medium_url(&m->config, m->served, err);
}

static int judge(const struct cli_call *call, struct making *m, struct error *err)
{
	const char *host = cli_value(call, "--appliance");

	int r = cli_load_config(&call->options, &m->config, err);
	if (r == 0)
		r = cli_medium_open(&m->config, &m->own, err);
	m->file = call->words[0];
	if (r == 0 && !m->file)
		r = own_place(m, err);
	if (r == 0)
		r = appliance_url(host || !m->served[0] ? host : m->config.address,
		        m->config.https_port, m->url, err);
	return r < 0 ? r : judge_output(m->file, err);
}

static int do_make(const struct cli_call *call)
{
	char grub[STATE_PATH_MAX];
	struct making m = {0};
	struct media_made made;
	struct error err = {0};

	if (judge(call, &m, &err) < 0)
		return cli_fail(&err);
	disk_grub(&m.config, grub);
	const struct media_order order = {.kernel = m.config.kernel,
	        .initrd = m.config.initrd,
	        .shim = m.config.shim,
	        .grub = grub,
	        .bios = GRUB_OF_BIOS,
	        .templates = m.config.templates,
	        .pin = m.own.pin,
	        .url = m.url};
	if (media_make(&order, m.file, &made, &err) < 0)
		return cli_fail(&err);
	if (m.served[0])
		medium_drop_others(&m.own.medium);
	warn_unknown(cli_value(call, "--appliance"));
	return say_made(call, &made, &m);
}

static const struct cli_option make_options[] = {
        {"--appliance", "ADDRESS|NAME",
                "where the appliance is; without it the machine asks DHCP and DNS"},
        {0},
};

const struct cli_verb media_verbs[] = {
        {"iso", "[FILE]", 0, 1, CLI_JSON, make_options,
                "an image for a CD or virtual media; without FILE the one this appliance serves",
                do_make},
        {"usb", "FILE", 1, 1, CLI_JSON, make_options, "the same, to be written to a USB stick",
                do_make},
        {0},
};

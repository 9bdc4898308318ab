/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend netboot`: boot programs that the administrator brings. */
#include "appliance/cli/verb.h"
#include "appliance/cli/table.h"
#include "appliance/supervisor/signed_ipxe.h"
#include "appliance/supervisor/state.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESTART "netmend serve gives it to machines from its next start on: restart it\n"

static const char *file_name(int file)
{
	return strrchr(signed_ipxe_names[file], '/') + 1;
}

static void checksum(const struct signed_ipxe_file *file, char ret[65])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, file->data.data, file->data.len);
	hex_encode(hash, sizeof(hash), ret);
}

static json_t *set_json(const struct signed_ipxe_set *set)
{
	json_t *list = json_array();

	for (int i = 0; i < SIGNED_IPXE_FILES; i++) {
		const struct signed_ipxe_file *file = &set->file[i];
		json_t *signers = json_array();
		char hash[65];
		checksum(file, hash);
		for (size_t k = 0; k < file->program.signers; k++)
			(void)json_array_append_new(signers, json_string(file->program.signer[k]));
		(void)json_array_append_new(
		        list, json_pack("{s:s s:I s:s s:o}", "name", file_name(i), "size",
		                      (json_int_t)file->data.len, "sha256", hash, "signed_under",
		                      signers));
	}
	return list;
}

/* Machines know an authority or don't; which, only their firmware says. */
static void tell_authority(const struct pe_program *shim)
{
	bool old = false, new = false, microsoft = false;

	for (size_t i = 0; i < shim->signers; i++) {
		microsoft |= strstr(shim->signer[i], "Microsoft") != NULL;
		old |= strstr(shim->signer[i], "UEFI CA 2011") != NULL;
		new |= strstr(shim->signer[i], "UEFI CA 2023") != NULL;
	}
	if (!microsoft)
		puts("note: the shim is not signed under an authority of Microsoft's: with Secure "
		     "Boot on, only machines on which that authority was enrolled start it");
	else if (old != new)
		printf("note: the shim is signed under Microsoft's authority of %s alone: with "
		       "Secure Boot on, machines that know only the one of %s refuse it\n",
		        old ? "2011" : "2023", old ? "2023" : "2011");
}

static int print_set(const struct cli_call *call, const struct signed_ipxe_set *set)
{
	static const struct table_column columns[] = {{.heading = "file", .whole = true},
	        {.heading = "bytes", .right = true}, {.heading = "signed under"},
	        {.heading = "SHA-256", .whole = true}};
	struct table *table CLEANUP_TABLE = table_new(columns, 4);

	if (call->options.json)
		return cli_print_json(set_json(set));
	for (int i = 0; i < SIGNED_IPXE_FILES; i++) {
		const struct signed_ipxe_file *file = &set->file[i];
		char hash[65], signers[PE_SIGNERS_MAX * (PE_NAME + 2)] = "";
		checksum(file, hash);
		for (size_t k = 0; k < file->program.signers; k++) {
			size_t len = strlen(signers);
			(void)snprintf(signers + len, sizeof(signers) - len, "%s%s", k ? ", " : "",
			        file->program.signer[k]);
		}
		table_cell(table, TABLE_PLAIN, "%s", file_name(i));
		table_cell(table, TABLE_PLAIN, "%zu", file->data.len);
		table_cell(table, TABLE_PLAIN, "%s", signers);
		table_cell(table, TABLE_PLAIN, "%s", hash);
	}
	int r = cli_print_table(table, NULL);
	if (r == CLI_OK)
		tell_authority(&set->file[SIGNED_SHIM].program);
	return r;
}

static int root_only(void)
{
	if (geteuid() == 0)
		return CLI_OK;
	fputs("netmend: boot programs are changed by root\n", stderr);
	return CLI_FAILED;
}

static int do_import(const struct cli_call *call)
{
	struct signed_ipxe_set set = {0};
	struct error err = {0};
	struct config config;
	int r = 0;

	if (root_only() != CLI_OK || cli_open_state(&call->options, &config) != CLI_OK)
		return CLI_FAILED;
	for (int i = 0; i < call->count && r == 0; i++)
		r = signed_ipxe_read(call->words[i], &set, &err);
	if (r == 0)
		r = signed_ipxe_complete(&set, &err);
	if (r == 0)
		r = signed_ipxe_keep(&config, &set, &err);
	if (r == 0)
		r = print_set(call, &set);
	else
		r = cli_fail(&err);
	signed_ipxe_free(&set);
	if (r == CLI_OK && !call->options.json)
		fputs("signatures were not verified here: each machine's firmware does that\n"
		      "imported; " RESTART,
		        stdout);
	return r;
}

static int do_show(const struct cli_call *call)
{
	struct signed_ipxe_set set;
	struct error err = {0};
	struct config config;

	if (cli_open_state(&call->options, &config) != CLI_OK)
		return CLI_FAILED;
	int r = signed_ipxe_load(&config, &set, &err);
	if (r == -ENOENT && call->options.json)
		return cli_print_json(json_array());
	if (r == -ENOENT) {
		printf("no signed iPXE was imported; 64-bit UEFI machines get %s, or Debian's "
		       "signed chain\n",
		        config.program);
		return CLI_OK;
	}
	if (r < 0)
		return cli_fail(&err);
	r = print_set(call, &set);
	signed_ipxe_free(&set);
	return r;
}

static int do_remove(const struct cli_call *call)
{
	struct error err = {0};
	struct config config;

	if (root_only() != CLI_OK || cli_open_state(&call->options, &config) != CLI_OK)
		return CLI_FAILED;
	bool there = signed_ipxe_is_kept(&config);
	if (signed_ipxe_remove(&config, &err) < 0)
		return cli_fail(&err);
	fputs(there ? "removed; the configured iPXE is given from the next start of netmend serve "
	              "on\n"
	            : "no signed iPXE was imported\n",
	        stdout);
	return CLI_OK;
}

const struct cli_verb netboot_verbs[] = {
        {"import", "FILE...", 1, CLI_MANY, CLI_JSON, NULL,
                "takes iPXE 2 as its makers sign it: ipxeboot.tar.gz, or its two files", do_import},
        {"show", "", 0, 0, CLI_JSON, NULL, "what was imported, signed under whom", do_show},
        {"remove", "", 0, 0, 0, NULL, "back to the configured iPXE", do_remove},
        {0},
};

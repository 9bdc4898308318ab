/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/boot/pe.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define PE_AT          0x3c /* where the offset of the PE header is */
#define MACHINE_X64    0x8664
#define MAGIC_PE32PLUS 0x20b
#define SUBSYSTEM_EFI  10 /* an application; a driver's are 11 and 12 */
#define CERTIFICATES   4  /* place of the certificate table among the directories */

#define CERTIFICATE_HEADER 8
#define REVISION_2         0x0200
#define TYPE_PKCS7         0x0002

bool pe_begins(const uint8_t *data, size_t len)
{
	return len >= PE_AT + 4 && data[0] == 'M' && data[1] == 'Z';
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EINVAL, REASON_USAGE, "%s", what);
}

/* Where the certificate table is; its size is 0 when there is none. */
struct table {
	uint32_t offset, size;
};

static int read_headers(const uint8_t *data, size_t len, struct pe_program *p,
        struct table *ret_table, struct error *err)
{
	if (!pe_begins(data, len))
		return bad(err, "not a UEFI program");
	uint32_t at = get_le32(data + PE_AT);
	if (at > len)
		return bad(err, "not a UEFI program");
	struct cursor c = cursor_over(data + at, len - at);
	const uint8_t *signature = cursor_take(&c, 4);
	if (!signature || memcmp(signature, "PE\0\0", 4) != 0)
		return bad(err, "not a UEFI program");
	p->x64 = cursor_le16(&c) == MACHINE_X64;
	cursor_skip(&c, 2 + 4 + 4 + 4); /* sections, time, symbols */
	uint16_t optional_size = cursor_le16(&c);
	cursor_skip(&c, 2);
	struct cursor optional = cursor_sub(&c, optional_size);
	bool plus = cursor_le16(&optional) == MAGIC_PE32PLUS;
	cursor_skip(&optional, 66);
	uint16_t subsystem = cursor_le16(&optional);
	cursor_skip(&optional, plus ? 38 : 22);
	uint32_t directories = cursor_le32(&optional);
	if (optional.failed || subsystem != SUBSYSTEM_EFI)
		return bad(err, "not a UEFI program");
	if (directories <= CERTIFICATES)
		return 0;
	cursor_skip(&optional, (size_t)CERTIFICATES * 8);
	ret_table->offset = cursor_le32(&optional);
	ret_table->size = cursor_le32(&optional);
	if (optional.failed || !range_within(ret_table->offset, ret_table->size, len))
		return bad(err, "its certificate table lies outside of it");
	return 0;
}

static void add_signer(struct pe_program *p, const PKCS7_SIGNER_INFO *info)
{
	char name[PE_NAME] = "";

	if (p->signers == PE_SIGNERS_MAX)
		return;
	(void)X509_NAME_get_text_by_NID(
	        info->issuer_and_serial->issuer, NID_commonName, name, sizeof(name));
	for (char *at = name; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
	(void)snprintf(p->signer[p->signers++], PE_NAME, "%s",
	        name[0] ? name : "an authority without name");
}

static int read_signature(const uint8_t *der, size_t len, struct pe_program *p, struct error *err)
{
	const unsigned char *at = der;
	PKCS7 *signature = d2i_PKCS7(NULL, &at, (long)len);
	STACK_OF(PKCS7_SIGNER_INFO) *signers =
	        signature && PKCS7_type_is_signed(signature) && signature->d.sign
	                ? signature->d.sign->signer_info
	                : NULL;
	int count = signers ? sk_PKCS7_SIGNER_INFO_num(signers) : 0;

	for (int i = 0; i < count; i++)
		add_signer(p, sk_PKCS7_SIGNER_INFO_value(signers, i));
	PKCS7_free(signature);
	return count > 0 ? 0 : bad(err, "a signature in it can't be read");
}

static int read_table(struct cursor c, struct pe_program *p, struct error *err)
{
	while (c.left >= CERTIFICATE_HEADER) {
		uint32_t len = cursor_le32(&c);
		uint16_t revision = cursor_le16(&c), type = cursor_le16(&c);
		if (len == 0 && revision == 0 && type == 0)
			return 0; /* what fills up the table */
		if (len < CERTIFICATE_HEADER)
			return bad(err, "its certificate table can't be read");
		const uint8_t *der = cursor_take(&c, len - CERTIFICATE_HEADER);
		if (!der)
			return bad(err, "its certificate table can't be read");
		if (revision == REVISION_2 && type == TYPE_PKCS7) {
			int r = read_signature(der, len - CERTIFICATE_HEADER, p, err);
			if (r < 0)
				return r;
		}
		size_t fill = (8 - len % 8) % 8; /* each begins at a multiple of 8 */
		cursor_skip(&c, fill < c.left ? fill : c.left);
	}
	return 0;
}

int pe_read(const uint8_t *data, size_t len, struct pe_program *ret, struct error *err)
{
	struct table table = {0};

	*ret = (struct pe_program){0};
	int r = read_headers(data, len, ret, &table, err);
	if (r < 0 || table.size == 0)
		return r;
	return read_table(cursor_over(data + table.offset, table.size), ret, err);
}

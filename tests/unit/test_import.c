/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every dialect of exported recovery keys, each into an empty vault. */
#include "tests/unit/vault_place.h"

struct dialect {
	const char *name, *text;
	unsigned added, rejected;
	const char *says;           /* on the report */
	const char *name_or_serial; /* found by it, for keys without ID */
};

static const struct dialect dialects[] = {
        {"CrowdStrike",
                "\"Hostname\",\"KeyID\",\"RecoveryKey\",\"Directory\"\r\n"
                "\"CN=PC1,OU=X,DC=lab\",\"" ID "\",\"" PASSWORD "\",\"ActiveDirectory\"\r\n",
                1, 0, "column 1 'Hostname' is the machine's name, column 2 'KeyID' is the key ID",
                NULL},
        {"CrowdStrike, a machine with two keys",
                "\"Hostname\",\"KeyID\",\"RecoveryKey\",\"Directory\"\n"
                "\"PC1\",\"" ID "\",\"System.Object[]\",\"Entra\"\n"
                "\"PC2\",\"" OTHER_ID "\",\"" PASSWORD "\",\"Entra\"\n",
                1, 1, "line 2: System.Object[]", NULL},
        {"Entra", "\"Id\",\"Key\"\n\"063ea4e1-220c-4293-ba01-4754620a96e7\",\"" PASSWORD "\"\n", 1,
                0, "column 1 'Id' is the key ID", NULL},
        {"ConfigMgr with NULL", "ID,Key\n" ID ",NULL\n" OTHER_ID "," PASSWORD "\n", 1, 1,
                "line 2: NULL instead", NULL},
        {"ConfigMgr, all of them NULL", "ID,Key\n" ID ",NULL\n" OTHER_ID ",NULL\n", 0, 2,
                "lines 2 to 3: NULL instead", NULL},
        {"zarevych",
                "ComputerName;OperatingSystem;Date;Time;GMT;PasswordID;RecoveryPassword;"
                "DistinguishedName\n"
                "PC1;Windows 11;2024-07-19;04:09:00;+00:00;{" ID "};" PASSWORD
                ";CN=PC1,OU=Workstations,DC=lab\n",
                1, 0, "column 1 'ComputerName' is the machine's name, column 6 'PasswordID'", NULL},
        {"semicolons, no header, a long distinguished name",
                "PC1;{" ID "};" PASSWORD ";CN=PC1,OU=A,OU=B,OU=C,DC=lab,DC=test\n", 1, 0,
                "column 2 is the key ID", NULL},
        {"GUID inside the AD name",
                "Name\tPassword\n2024-07-19T04:09:00-00:00{" ID "}\t" PASSWORD "\n", 1, 0,
                "column 1 'Name' is the key ID", NULL},
        {"csvde",
                "DN,objectClass,msFVE-RecoveryPassword,msFVE-RecoveryGuid,msFVE-VolumeGuid\n"
                "\"CN=2024-07-19T04:09:00-00:00{" ID
                "},CN=PC1,OU=X,DC=lab\",msFVE-RecoveryInformation," PASSWORD
                ",X'e1a43e060c229342ba014754620a96e7',"
                "X'11111111222233334444555555555555'\n",
                1, 0, "column 4 'msFVE-RecoveryGuid' is the key ID", NULL},
        {"MBAM",
                "VolumeId,LastUpdateTime,RecoveryKeyId,RecoveryKey,Disclosed\n" OTHER_ID
                ",2024-07-19 04:09:00," ID "," PASSWORD ",0\n",
                1, 0, "column 3 'RecoveryKeyId' is the key ID", NULL},
        {"MBAM, the whole table",
                "Id,VolumeId,RecoveryKeyId,RecoveryKey\n" THIRD_ID "," OTHER_ID "," ID "," PASSWORD
                "\n",
                1, 0, "column 3 'RecoveryKeyId' is the key ID", NULL},
        {"the same ID in each row beside another",
                OTHER_ID "," ID "," PASSWORD "\n" OTHER_ID "," THIRD_ID "," PASSWORD "\n" OTHER_ID
                         ",12345678-0000-0000-0000-000000000000," PASSWORD "\n",
                3, 0, "column 2 is the key ID", NULL},
        {"one record three times", ID "," PASSWORD "\n" ID "," PASSWORD "\n" ID "," PASSWORD "\n",
                1, 0, "column 1 is the key ID", NULL},
        {"numbers as serials, no header", "7700123," PASSWORD "\n7700124," PASSWORD2 "\n", 2, 0,
                "column 1 is the machine's name or serial number", "7700124"},
        {"MBAM by machine",
                "Machine Name,Recovery Key ID,Recovery Key,LastUpdateTime\nPC1," ID "," PASSWORD
                ",2024-07-19\n",
                1, 0, "column 1 'Machine Name' is the machine's name", NULL},
        {"a tenant's ID beside", "Tenant,Id,Key\n" OTHER_ID "," ID "," PASSWORD "\n", 1, 0,
                "column 2 'Id' is the key ID", NULL},
        {"two columns of IDs, nothing tells which", OTHER_ID "," ID "," PASSWORD "\n", 2, 0,
                "column 1 may be the key ID (each key is kept under all of these)", NULL},
        {"the only GUID is the device's", "DeviceId,Name,Key\n" OTHER_ID ",PC7," PASSWORD "\n", 1,
                0, "there are no key IDs", "PC7"},
        {"no key ID, blank after the comma, filler",
                "HostName, RecoveryPassword\nPC1, " PASSWORD "\nPC2, NOData\n", 1, 1,
                "line 3: the export says that there is no", "pc1.example.org"},
        {"serial and password", "Serial,Password\n5CD1234XYZ," PASSWORD "\n", 1, 0,
                "column 1 'Serial' is the serial number", "5cd1234xyz"},
        {"serial of digits only", "SerialNumber,RecoveryKey\n7700123," PASSWORD "\n", 1, 0,
                "column 1 'SerialNumber' is the serial number", "7700123"},
        {"name or serial, no header", "5CD1234XYZ," PASSWORD "\n", 1, 0,
                "column 1 is the machine's name or serial number", "5CD1234XYZ"},
        {"others",
                "Computer Name,whenCreated,msFVE-RecoveryPassword\nLAB\\PC3$,07/19/2024," PASSWORD
                "\n",
                1, 0, "column 1 'Computer Name' is the machine's name", "PC3"},
        {"#TYPE line",
                "#TYPE Selected.System.String\n\"Id\",\"Key\"\n\"" ID "\",\"" PASSWORD "\"\n", 1, 0,
                "column 1 'Id' is the key ID", NULL},
        {"sep= line", "sep=|\nId|Key\n" ID "|" PASSWORD "\n", 1, 0, "column 1 'Id'", NULL},
        {"headers in another language",
                "Ordinateur;Cl\xc3\xa9;Mot de passe\nPC1;" ID ";" PASSWORD "\n", 1, 0,
                "column 2 'Cl\xc3\xa9' is the key ID", NULL},
        {"bare digits, blanks, typographic dashes",
                ID "," BARE "\n" OTHER_ID ",000011 000022 000033 000044 000055 000066 000077 "
                   "000088\n" THIRD_ID ",000011\xe2\x80\x93"
                   "000022\xe2\x80\x93"
                   "000033-000044-000055-000066-000077\xc2\xa0"
                   "000088\n",
                3, 0, NULL, NULL},
        {"against a spreadsheet's rounding",
                "Id,Key\n" ID ",=\"" BARE "\"\n" OTHER_ID ",'" BARE "\n", 2, 0, NULL, NULL},
        {"rounded by a spreadsheet", "Id,Key\n" ID ",1.10000220000330E+46\n", 0, 1,
                "a spreadsheet program has rounded", NULL},
        {"a bare GUID: both byte orders are kept",
                "Id,Key\n063EA4E1220C4293BA014754620A96E7," BARE "\n", 2, 0, NULL, NULL},
        {"two passwords in a row", "Host,Id,Key\nPC1," ID ",\"" PASSWORD "; " PASSWORD2 "\"\n", 2,
                0, NULL, NULL},
        {"two IDs and two passwords: all four are kept",
                "Host,Id,Key\nPC1,\"" ID "\n" OTHER_ID "\",\"" PASSWORD "\n" PASSWORD2 "\"\n", 4, 0,
                NULL, NULL},
        {"two columns of passwords", "Id,Key1,Key2\n" ID "," PASSWORD "," PASSWORD2 "\n", 2, 0,
                NULL, NULL},
        {"a password after an ID in one cell", "What\nA" ID " " PASSWORD "\n" ID " " PASSWORD2 "\n",
                2, 0, NULL, NULL},
        {"too many in a row", "Id,Key\n" ID ",\"" BARE "," BARE "," BARE "," BARE "," BARE "\"\n",
                0, 1, "line 2: more than 4", NULL},
        {"no line end at the end", "x," ID "," PASSWORD, 1, 0, NULL, NULL},
        {"typing error", ID ",000011-000022-000034-000044-000055-000066-000077-000088\n", 0, 1,
                "line 1: the recovery password has a typing error in group 3", NULL},
        {"a digit is missing, and no header",
                ID "," PASSWORD "\n" OTHER_ID
                   ",000011-000022-000033-000044-000055-000066-000077-00088\n",
                1, 1, "line 2: not 48 digits, but 47", NULL},
        {"a digit is missing in the first row, without ID",
                "PC1,000011-000022-000033-000044-000055-000066-000077-00088\nPC2," PASSWORD "\n", 1,
                1, "line 1: not 48 digits, but 47", NULL},
        {"UTF-8 BOM", "\xef\xbb\xbf\"Id\",\"Key\"\n" ID "," PASSWORD "\n", 1, 0, "(UTF-8)", NULL},
        {"quotes and line breaks in a cell", "\"a \"\"b\"\"\nc\"," ID "," PASSWORD "\n", 1, 0, NULL,
                NULL},
        {"an inch sign is no quote", "Screen,Id,Key\n24\" wide," ID "," PASSWORD "\n", 1, 0, NULL,
                NULL},
        {"a quote that is never closed",
                "Id,Key\n" ID "," PASSWORD "\n\"" OTHER_ID "," PASSWORD "\nx\n", 1, 1,
                "lines 3 to 5: a quote that is never closed", NULL},
        {"blank rows", "\n\nId,Key\n,\n" ID "," PASSWORD "\n\n", 1, 0, NULL, NULL},
        {"nothing to find it by", "Id,Name,Key\n,," PASSWORD "\n" ID ",PC1," PASSWORD "\n", 1, 1,
                "line 2: neither key ID", NULL},
        {"a serial that says nothing",
                "Serial,Key\nTo be filled by O.E.M.," PASSWORD "\nX1," PASSWORD "\n", 1, 1,
                "line 2: neither key ID", NULL},
        {"an empty password", "Id,Key\n" ID ",\n" OTHER_ID "," PASSWORD "\n", 1, 1,
                "line 2: the recovery password is empty", NULL},
        {"no password column", "Id,Name\n" ID ",PC1\n", 0, 1, "line 2: no recovery password", NULL},
        {"a machine's row without its ID",
                "Host,Id,Key\nPC1," ID "," PASSWORD "\nPC2,," PASSWORD "\n", 2, 0, NULL, "PC2"},
        {"two exports in one file",
                "Id,Key\n" ID "," PASSWORD "\nId,Key\n" OTHER_ID "," PASSWORD "\n", 2, 1,
                "line 3: no recovery password in this row", NULL},
        {"empty", "", 0, 0, "empty", NULL},
        {"a header alone", "Id,Key\n", 0, 0, NULL, NULL},
};

static void import_text(const char *dir, const void *text, size_t len, bool dry_run,
        struct import_counts *counts, char **report)
{
	struct vault *vault = open_vault(dir, &automatic);
	struct error err = {0};
	size_t size;
	FILE *out = open_memstream(report, &size);
	const struct import i = {.vault = vault, .name = "file", .report = out, .dry_run = dry_run};
	int fd = text_fd(text, len);

	assert_int_equal(import_csv(&i, fd, counts, &err), 0);
	vault_close(vault);
	(void)close(fd);
	(void)fclose(out);
}

static void fresh_folder(struct place *p, char out[96])
{
	(void)snprintf(out, 96, "%s/%u", p->dir, p->next++);
	assert_int_equal(mkdir(out, 0700), 0);
}

static void check_dialect(struct place *p, const struct dialect *d, const void *text, size_t len)
{
	struct import_counts first, again, dry;
	char *report, dir[96];

	fresh_folder(p, dir);
	import_text(dir, text, len, true, &dry, &report);
	free(report);
	import_text(dir, text, len, false, &first, &report);
	if (first.added != d->added || first.rejected != d->rejected ||
	        (d->says && !strstr(report, d->says)))
		fail_msg("%s: %u added, %u rejected: %s", d->name, (unsigned)first.added,
		        (unsigned)first.rejected, report);
	assert_int_equal(dry.added, first.added); /* it kept nothing */
	assert_int_equal(dry.rejected, first.rejected);
	assert_null(strstr(report, "0000")); /* never a value */
	free(report);
	import_text(dir, text, len, false, &again, &report);
	assert_int_equal(again.added, 0);
	assert_int_equal(dry.repeated, first.repeated);
	assert_int_equal(first.present, 0);
	assert_int_equal(again.present, first.added);
	assert_int_equal(again.repeated, first.repeated);
	free(report);
	if (d->name_or_serial) {
		struct vault *v = open_vault(dir, &automatic);
		bool found = strcmp(by_name(v, d->name_or_serial, ""), "-") != 0 ||
		             strcmp(by_name(v, "", d->name_or_serial), "-") != 0;
		if (!found)
			fail_msg("%s: not found by %s", d->name, d->name_or_serial);
		vault_close(v);
	}
}

static void test_dialects(void **state)
{
	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++)
		check_dialect(*state, &dialects[i], dialects[i].text, strlen(dialects[i].text));
}

/* The same bytes in UTF-16: ASCII only, so the name of a dialect in UTF-8 is left out. */
static void test_utf16(void **state)
{
	static const struct {
		bool big, mark;
	} forms[] = {{false, true}, {false, false}, {true, true}, {true, false}};

	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++) {
		const char *text = dialects[i].text;
		size_t len = strlen(text);
		uint8_t wide[4096];
		struct dialect d = dialects[i];
		for (size_t k = 0; k < len; k++)
			if ((uint8_t)text[k] >= 0x80)
				len = 0;
		if (len == 0)
			continue;
		for (size_t f = 0; f < sizeof(forms) / sizeof(*forms); f++) {
			size_t at = 0;
			if (forms[f].mark) {
				wide[at++] = forms[f].big ? 0xfe : 0xff;
				wide[at++] = forms[f].big ? 0xff : 0xfe;
			}
			for (size_t k = 0; k < len; k++) {
				wide[at++] = forms[f].big ? 0 : (uint8_t)text[k];
				wide[at++] = forms[f].big ? (uint8_t)text[k] : 0;
			}
			check_dialect(*state, &d, wide, at);
		}
	}
}

static int take_host(void *context, const struct vault_record *r)
{
	(void)snprintf(context, VAULT_HOST, "%s", r->host);
	return 0;
}

static void test_utf16_letters(void **state)
{
	/* "Büro-😀" in UTF-16LE, then a lone surrogate. */
	static const char head[] = "Hostname,KeyID,RecoveryKey\n",
	                  tail[] = "," ID "," PASSWORD "\n";
	static const uint16_t name[] = {'B', 0xfc, 'r', 'o', '-', 0xd83d, 0xde00, 0xdc00};
	uint16_t wide[512];
	size_t at = 0;
	struct import_counts counts;
	char *report, host[VAULT_HOST];
	struct place *p = *state;

	wide[at++] = 0xfeff;
	for (const char *c = head; *c; c++)
		wide[at++] = (uint8_t)*c;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
		wide[at++] = name[i];
	for (const char *c = tail; *c; c++)
		wide[at++] = (uint8_t)*c;
	import_text(p->dir, wide, 2 * at, false, &counts, &report);
	assert_int_equal(counts.added, 1);
	free(report);
	struct vault *v = open_vault(p->dir, &automatic);
	assert_int_equal(vault_each(v, take_host, host, NULL), 0);
	assert_string_equal(host, "B\xc3\xbcro-\xf0\x9f\x98\x80\xef\xbf\xbd");
	vault_close(v);
}

/* Of MBAM's two GUIDs the volume's finds nothing. */
static void test_the_right_guid(void **state)
{
	static const char text[] = "VolumeId,LastUpdateTime,RecoveryKeyId,RecoveryKey\n" OTHER_ID
	                           ",2024," ID "," PASSWORD "\n";
	struct place *p = *state;
	struct import_counts counts;
	char *report;

	import_text(p->dir, text, strlen(text), false, &counts, &report);
	free(report);
	struct vault *v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	assert_string_equal(by_id(v, OTHER_ID, NULL), "-");
	vault_close(v);
}

/* Rows longer than may be, and an open quote in a long file: the rows after it are read. */
static void test_long_rows(void **state)
{
	struct place *p = *state;
	struct import_counts counts;
	struct buffer text;
	char *report;

	buffer_init(&text, 4 << 20);
	assert_int_equal(
	        buffer_printf(&text, "Id,Key\n" ID "," PASSWORD "\n\"never closed,x\n"), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buffer_printf(&text,
		                         "%08X-0000-0000-0000-000000000000," PASSWORD "\n", i + 1),
		        0);
	assert_int_equal(buffer_printf(&text, "x"), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(buffer_printf(&text, "y"), 0);
	assert_int_equal(buffer_printf(&text, "\n" OTHER_ID "," PASSWORD "\n"), 0);
	import_text(p->dir, text.data, text.len, false, &counts, &report);
	buffer_free(&text);
	assert_non_null(strstr(report, "a quote that is never closed"));
	assert_non_null(strstr(report, "longer than 16384 bytes"));
	assert_int_equal(counts.rejected, 2);
	assert_in_range(
	        counts.added, 800, 1000); /* what 16 KiB swallowed is in the report's lines */
	free(report);
	struct vault *v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, OTHER_ID, NULL), "01 ");
	assert_string_equal(by_id(v, "000003E8-0000-0000-0000-000000000000", NULL), "01 ");
	vault_close(v);
}

static void test_stopped(void **state)
{
	static const char text[] = ID "," PASSWORD "\n";
	volatile sig_atomic_t stop = 1;
	struct place *p = *state;
	struct import_counts counts;
	struct vault *v = open_vault(p->dir, &automatic);
	char *report;
	size_t size;
	FILE *out = open_memstream(&report, &size);
	const struct import i = {.vault = v, .name = "file", .report = out, .stop = &stop};
	int fd = text_fd(text, strlen(text));

	assert_int_equal(import_csv(&i, fd, &counts, NULL), 0);
	assert_true(counts.stopped);
	assert_int_equal(counts.added, 0);
	(void)close(fd);
	(void)fclose(out);
	free(report);
	vault_close(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_dialects, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_utf16, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_utf16_letters, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_the_right_guid, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_long_rows, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

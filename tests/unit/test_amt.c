/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent to Intel AMT, byte for byte, and what its answers may and may not be. */
#include "appliance/power/amt_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SOAP       "http://www.w3.org/2003/05/soap-envelope"
#define ADDRESSING "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define MANAGEMENT "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
#define BEGIN                                                                   \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"" SOAP \
	"\" xmlns:a=\"" ADDRESSING "\" xmlns:w=\"" MANAGEMENT                   \
	"\"><s:Header><a:Action s:mustUnderstand=\"true\">"
#define TO                                                                        \
	"</a:Action><a:To s:mustUnderstand=\"true\">/wsman</a:To><w:ResourceURI " \
	"s:mustUnderstand=\"true\">"
#define REPLY                                                                           \
	"</a:MessageID><a:ReplyTo><a:Address>" ADDRESSING "/role/anonymous</a:Address>" \
	"</a:ReplyTo><w:OperationTimeout>PT30S</w:OperationTimeout>"
#define ID "</w:ResourceURI><a:MessageID s:mustUnderstand=\"true\">"

static const struct amt_class config = {AMT_CIM_SCHEMA, "CIM_BootConfigSetting"};
static const struct amt_class source = {AMT_CIM_SCHEMA, "CIM_BootSourceSetting"};
static const struct amt_class software = {AMT_CIM_SCHEMA, "CIM_SoftwareIdentity"};
static const struct amt_class settings = {AMT_AMT_SCHEMA, "AMT_BootSettingData"};

static void assert_envelope(const struct amt_question *q, unsigned number, const char *want)
{
	char *text = amt_envelope(q, number);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_get(void **state)
{
	static const struct amt_question q = {.class = &software,
	        .action = "",
	        .selector = "InstanceID",
	        .value = "A<M>T & \"co\""};

	(void)state;
	assert_envelope(&q, 7,
	        BEGIN
	        "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get" TO AMT_CIM_SCHEMA
	        "CIM_SoftwareIdentity" ID "7" REPLY
	        "<w:SelectorSet><w:Selector Name=\"InstanceID\">A&lt;M&gt;T &amp; &quot;co&quot;"
	        "</w:Selector></w:SelectorSet></s:Header><s:Body></s:Body></s:Envelope>");
}

static void test_put(void **state)
{
	static const struct amt_question q = {
	        .class = &settings, .action = "", .put = true, .body = "<h:x/>"};

	(void)state;
	assert_envelope(&q, 1,
	        BEGIN "http://schemas.xmlsoap.org/ws/2004/09/transfer/Put" TO AMT_AMT_SCHEMA
	              "AMT_BootSettingData" ID "1" REPLY
	              "</s:Header><s:Body><h:x/></s:Body></s:Envelope>");
}

static void test_method(void **state)
{
	char *reference = amt_reference("Source", &source, "<w:Selector Name=\"A\">b</w:Selector>");
	char *input = amt_method_input(&config, "ChangeBootOrder", reference);
	struct amt_question q = {.class = &config, .action = "ChangeBootOrder", .body = input};

	(void)state;
	assert_envelope(&q, 4294967295U,
	        BEGIN AMT_CIM_SCHEMA
	        "CIM_BootConfigSetting/ChangeBootOrder" TO AMT_CIM_SCHEMA "CIM_BootConfigSetting" ID
	        "4294967295" REPLY
	        "</s:Header><s:Body><h:ChangeBootOrder_INPUT xmlns:h=\"" AMT_CIM_SCHEMA
	        "CIM_BootConfigSetting\"><h:Source><a:Address>" ADDRESSING
	        "/role/anonymous</a:Address><a:ReferenceParameters><w:ResourceURI>" AMT_CIM_SCHEMA
	        "CIM_BootSourceSetting</w:ResourceURI><w:SelectorSet><w:Selector Name=\"A\">b"
	        "</w:Selector></w:SelectorSet></a:ReferenceParameters></h:Source>"
	        "</h:ChangeBootOrder_INPUT></s:Body></s:Envelope>");
	free(reference);
	free(input);
}

/* ---- answers ---- */

#define ANSWER(body)                                                                       \
	"<?xml version=\"1.0\"?><a:Envelope xmlns:a=\"" SOAP "\"><a:Header/><a:Body>" body \
	"</a:Body></a:Envelope>"

static struct amt_xml *parse(const char *text)
{
	struct amt_xml *x = NULL;

	assert_int_equal(amt_xml_parse(text, strlen(text), &x), 0);
	return x;
}

static void test_fields(void **state)
{
	struct amt_xml *x =
	        parse(ANSWER("\n<g:C xmlns:g=\"urn:c\"> <g:A> 1 </g:A><!-- no --><g:R><g:A>9"
	                     "</g:A></g:R><g:A>2</g:A><g:B><![CDATA[<&>]]></g:B>"
	                     "<g:E/><g:N>4294967296</g:N></g:C>"));
	const char *name = NULL, *text = NULL;
	int64_t n = -7;

	(void)state;
	assert_string_equal(amt_xml_name(x), "C");
	assert_string_equal(amt_xml_text(x, "A"), "1");
	assert_string_equal(amt_xml_text(x, "B"), "<&>");
	assert_string_equal(amt_xml_text(x, "E"), "");
	assert_null(amt_xml_text(x, "R"));
	assert_null(amt_xml_text(x, "Z"));
	assert_true(amt_xml_field(x, 1, &name, &text));
	assert_string_equal(name, "A");
	assert_string_equal(text, "2");
	assert_false(amt_xml_field(x, 5, &name, &text));
	assert_int_equal(amt_xml_number(x, "A", 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(amt_xml_number(x, "N", UINT32_MAX, &n), -EBADMSG);
	assert_int_equal(amt_xml_number(x, "E", 1, &n), -EBADMSG);
	assert_int_equal(amt_xml_number(x, "Z", 1, &n), -EBADMSG);
	assert_int_equal(n, 1);
	amt_xml_free(x);
}

static void test_fault(void **state)
{
	char code[16], text[24];
	struct amt_xml *x = parse(ANSWER(
	        "<a:Fault><a:Code><a:Value>a:Sender</a:Value><a:Subcode><a:Value>e:Outer</a:Value>"
	        "<a:Subcode><a:Value>f:AccessDenied</a:Value></a:Subcode></a:Subcode></a:Code>"
	        "<a:Reason><a:Text xml:lang=\"en\">No &#x202e;entry,\nnever</a:Text></a:Reason>"
	        "</a:Fault>"));

	(void)state;
	amt_xml_fault(x, code, sizeof(code), text, sizeof(text));
	assert_string_equal(code, "AccessDenied");
	assert_string_equal(text, "No ?entry,?never");
	amt_xml_free(x);
	x = parse(ANSWER("<a:Fault/>"));
	amt_xml_fault(x, code, sizeof(code), text, sizeof(text));
	assert_string_equal(code, "");
	assert_string_equal(text, "");
	amt_xml_free(x);
}

static void test_no_answers(void **state)
{
	static const char *const bad[] = {"", " ", "x", "<a/>", ANSWER(""), ANSWER("text"),
	        "<Envelope><Body><x/></Body></Envelope>",
	        "<a:Envelope xmlns:a=\"" SOAP "\"><Body><x/></Body></a:Envelope>",
	        "<!DOCTYPE a [<!ENTITY e \"x\">]>" ANSWER("<x>&e;</x>"),
	        "<!DOCTYPE a SYSTEM \"http://127.0.0.1/\">" ANSWER("<x/>"), ANSWER("<x>&e;</x>"),
	        ANSWER("<x>\x80</x>"), ANSWER("<x>\x01</x>"), ANSWER("<x><p:y>1</p:y></x>"),
	        ANSWER("<x>") "trailing"};
	struct amt_xml *x = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = amt_xml_parse(bad[i], strlen(bad[i]), &x);
		if (r != -EBADMSG)
			print_error("case %zu: %s\n", i, bad[i]);
		assert_int_equal(r, -EBADMSG);
	}
	assert_null(x);
	assert_int_equal(amt_xml_parse(ANSWER("<x/>") "\0", sizeof(ANSWER("<x/>")), &x), -EBADMSG);
}

static void write_fields(char *text, size_t size, size_t count)
{
	FILE *f = fmemopen(text, size, "w");

	assert_non_null(f);
	(void)fputs("<a:Envelope xmlns:a=\"" SOAP "\"><a:Body><x>", f);
	for (size_t i = 0; i < count; i++)
		(void)fputs("<y>1</y>", f);
	(void)fputs("</x></a:Body></a:Envelope>", f);
	assert_int_equal(fclose(f), 0);
}

static void test_bounds(void **state)
{
	char *text = calloc(1, AMT_ANSWER_MAX + 512);
	struct amt_xml *x = NULL;

	(void)state;
	assert_non_null(text);
	write_fields(text, AMT_ANSWER_MAX, 128);
	assert_int_equal(amt_xml_parse(text, strlen(text), &x), 0);
	amt_xml_free(x);
	write_fields(text, AMT_ANSWER_MAX, 129);
	assert_int_equal(amt_xml_parse(text, strlen(text), &x), -EBADMSG);
	memset(text, ' ', AMT_ANSWER_MAX + 1);
	memcpy(text, ANSWER("<x/>"), strlen(ANSWER("<x/>")));
	text[AMT_ANSWER_MAX + 1] = 0;
	assert_int_equal(amt_xml_parse(text, AMT_ANSWER_MAX + 1, &x), -EBADMSG);
	text[AMT_ANSWER_MAX] = 0;
	assert_int_equal(amt_xml_parse(text, AMT_ANSWER_MAX, &x), 0);
	amt_xml_free(x);
	free(text);
}

/* ---- settings ---- */

static void assert_settings(const char *read, bool base, bool set, const char *want)
{
	struct amt_xml *x = parse(read);
	bool was_set = !set;
	char *text = amt_boot_settings(x, base, &was_set);

	assert_non_null(text);
	assert_string_equal(text, want);
	assert_true(was_set == set);
	free(text);
	amt_xml_free(x);
}

#define WITHIN(fields)                                                                     \
	"<h:AMT_BootSettingData xmlns:h=\"" AMT_AMT_SCHEMA "AMT_BootSettingData\">" fields \
	"</h:AMT_BootSettingData>"

static void test_settings(void **state)
{
	static const char on[] = ANSWER(
	        "<D><BIOSLastStatus>2</BIOSLastStatus><BIOSSetup>true</BIOSSetup><BootMediaIndex>1"
	        "</BootMediaIndex><ElementName>a &lt;b&gt; &amp; c</ElementName><EnforceSecureBoot>"
	        "true</EnforceSecureBoot><New>1</New><UseIDER>false</UseIDER><WinREBootEnabled>true"
	        "</WinREBootEnabled></D>");
	static const char off[] =
	        ANSWER("<D><EnforceSecureBoot>true</EnforceSecureBoot><RPEEnabled>true"
	               "</RPEEnabled><UseIDER>false</UseIDER></D>");

	(void)state;
	assert_settings(on, false, true,
	        WITHIN("<h:BIOSSetup>false</h:BIOSSetup><h:BootMediaIndex>0</h:BootMediaIndex>"
	               "<h:ElementName>a &lt;b&gt; &amp; c</h:ElementName><h:EnforceSecureBoot>true"
	               "</h:EnforceSecureBoot><h:New>1</h:New><h:UseIDER>false</h:UseIDER>"));
	assert_settings(on, true, true,
	        WITHIN("<h:BIOSSetup>false</h:BIOSSetup><h:BootMediaIndex>0</h:BootMediaIndex>"
	               "<h:ElementName>a &lt;b&gt; &amp; c</h:ElementName><h:EnforceSecureBoot>true"
	               "</h:EnforceSecureBoot><h:UseIDER>false</h:UseIDER>"));
	assert_settings(off, false, false,
	        WITHIN("<h:EnforceSecureBoot>true</h:EnforceSecureBoot><h:UseIDER>false</"
	               "h:UseIDER>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_get),
	        cmocka_unit_test(test_put),
	        cmocka_unit_test(test_method),
	        cmocka_unit_test(test_fields),
	        cmocka_unit_test(test_fault),
	        cmocka_unit_test(test_no_answers),
	        cmocka_unit_test(test_bounds),
	        cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

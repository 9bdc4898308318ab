/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent to AMT (DSP0226; the classes of Intel's SDK). */
#include "appliance/power/amt_internal.h"

#include <stdlib.h>
#include <string.h>

#define SOAP       "http://www.w3.org/2003/05/soap-envelope"
#define ADDRESSING "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define ANONYMOUS  ADDRESSING "/role/anonymous"
#define MANAGEMENT "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
#define TRANSFER   "http://schemas.xmlsoap.org/ws/2004/09/transfer/"

static void put_escaped(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			(void)fputs("&lt;", f);
			break;
		case '>':
			(void)fputs("&gt;", f);
			break;
		case '&':
			(void)fputs("&amp;", f);
			break;
		case '"':
			(void)fputs("&quot;", f);
			break;
		case '\r': /* as it is, it would be read as the end of a line */
			(void)fputs("&#13;", f);
			break;
		default:
			(void)fputc(*text, f);
		}
	}
}

/* The text, when f has it all. */
static char *finish(FILE *f, char **text)
{
	bool failed = ferror(f) != 0;

	if (fclose(f) != 0 || failed) {
		free(*text);
		return NULL;
	}
	return *text;
}

char *amt_envelope(const struct amt_question *q, unsigned number)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	(void)fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"" SOAP
	            "\" xmlns:a=\"" ADDRESSING "\" xmlns:w=\"" MANAGEMENT
	            "\"><s:Header><a:Action s:mustUnderstand=\"true\">",
	        f);
	if (q->action[0])
		(void)fprintf(f, "%s%s/%s", q->class->schema, q->class->name, q->action);
	else
		(void)fprintf(f, TRANSFER "%s", q->put ? "Put" : "Get");
	(void)fprintf(f,
	        "</a:Action><a:To s:mustUnderstand=\"true\">/wsman</a:To><w:ResourceURI "
	        "s:mustUnderstand=\"true\">%s%s</w:ResourceURI><a:MessageID "
	        "s:mustUnderstand=\"true\">%u</a:MessageID><a:ReplyTo><a:Address>" ANONYMOUS
	        "</a:Address></a:ReplyTo><w:OperationTimeout>PT30S</w:OperationTimeout>",
	        q->class->schema, q->class->name, number);
	if (q->selector) {
		(void)fprintf(f, "<w:SelectorSet><w:Selector Name=\"%s\">", q->selector);
		put_escaped(f, q->value);
		(void)fputs("</w:Selector></w:SelectorSet>", f);
	}
	(void)fprintf(f, "</s:Header><s:Body>%s</s:Body></s:Envelope>", q->body ? q->body : "");
	return finish(f, &text);
}

char *amt_method_input(const struct amt_class *class, const char *method, const char *inner)
{
	char *text = NULL;

	if (asprintf(&text, "<h:%s_INPUT xmlns:h=\"%s%s\">%s</h:%s_INPUT>", method, class->schema,
	            class->name, inner, method) < 0)
		return NULL;
	return text;
}

char *amt_reference(const char *name, const struct amt_class *class, const char *selectors)
{
	char *text = NULL;

	if (asprintf(&text,
	            "<h:%s><a:Address>" ANONYMOUS "</a:Address><a:ReferenceParameters>"
	            "<w:ResourceURI>%s%s</w:ResourceURI><w:SelectorSet>%s</w:SelectorSet>"
	            "</a:ReferenceParameters></h:%s>",
	            name, class->schema, class->name, selectors, name) < 0)
		return NULL;
	return text;
}

/* ---- AMT_BootSettingData ---- */

/* Properties in AMT_BootSettingData: what happens to each of them. */
enum fate { KEEP, OFF, ZERO, LEAVE_OUT };

static const struct property {
	const char *name;
	enum fate fate;
	bool base; /* AMT 11 has it, too */
} properties[] = {
        {"BIOSPause", OFF, true},
        {"BIOSSetup", OFF, true},
        {"BootMediaIndex", ZERO, true},
        {"ConfigurationDataReset", OFF, true},
        {"ElementName", KEEP, true},
        {"EnforceSecureBoot", KEEP, true},
        {"FirmwareVerbosity", ZERO, true},
        {"ForcedProgressEvents", OFF, true},
        {"IDERBootDevice", ZERO, true},
        {"InstanceID", KEEP, true},
        {"LockKeyboard", OFF, true},
        {"LockPowerButton", OFF, true},
        {"LockResetButton", OFF, true},
        {"LockSleepButton", OFF, true},
        {"OwningEntity", KEEP, true},
        {"PlatformErase", OFF, false},
        {"ReflashBIOS", OFF, true},
        {"SecureErase", OFF, true},
        {"UefiBootNumberOfParams", ZERO, false},
        {"UseIDER", OFF, true},
        {"UseSOL", OFF, true},
        {"UseSafeMode", OFF, true},
        {"UserPasswordBypass", OFF, true},
        /* To be read only: newer firmware refuses a Put that has them. */
        {"BIOSLastStatus", LEAVE_OUT, false},
        {"BootguardStatus", LEAVE_OUT, false},
        {"OptionsCleared", LEAVE_OUT, false},
        {"RPEEnabled", LEAVE_OUT, false},
        {"RSEPassword", LEAVE_OUT, false},
        {"SecureBootControlEnabled", LEAVE_OUT, false},
        {"UEFIHTTPSBootEnabled", LEAVE_OUT, false},
        {"UEFILocalPBABootEnabled", LEAVE_OUT, false},
        {"UefiBootParametersArray", LEAVE_OUT, false},
        {"WinREBootEnabled", LEAVE_OUT, false},
};

static const struct property *property_of(const char *name)
{
	static const struct property unknown = {"", KEEP, false};

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (strcmp(properties[i].name, name) == 0)
			return &properties[i];
	return &unknown;
}

char *amt_boot_settings(const struct amt_xml *read, bool base, bool *ret_set)
{
	static const char open[] =
	        "<h:AMT_BootSettingData xmlns:h=\"" AMT_AMT_SCHEMA "AMT_BootSettingData\">";
	const char *name, *value;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	*ret_set = false;
	(void)fputs(open, f);
	for (size_t i = 0; amt_xml_field(read, i, &name, &value); i++) {
		const struct property *p = property_of(name);
		const char *quiet = p->fate == OFF ? "false" : p->fate == ZERO ? "0" : value;
		if (p->fate == LEAVE_OUT)
			continue;
		*ret_set = *ret_set || strcmp(value, quiet) != 0;
		if (base && !p->base)
			continue;
		(void)fprintf(f, "<h:%s>", name);
		put_escaped(f, quiet);
		(void)fprintf(f, "</h:%s>", name);
	}
	(void)fputs("</h:AMT_BootSettingData>", f);
	return finish(f, &text);
}

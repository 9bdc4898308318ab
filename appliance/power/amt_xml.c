/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer of AMT, by libxml2: no DTD, so no entities but the five of XML itself; nothing is
 * fetched; not deeper than libxml2 allows by itself (256). */
#include "appliance/power/amt_internal.h"

#include "fixer/base/text.h"

#include <errno.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SOAP       "http://www.w3.org/2003/05/soap-envelope"
#define FIELDS_MAX 128

struct amt_xml {
	xmlDoc *doc;
	const xmlNode *element; /* in the SOAP body */
	size_t count;
	struct {
		const char *name;
		char *text;
	} fields[FIELDS_MAX];
};

static bool is_named(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static bool is_soap(const xmlNode *node, const char *name)
{
	return is_named(node, name) && node->ns && node->ns->href &&
	       strcmp((const char *)node->ns->href, SOAP) == 0;
}

static const xmlNode *first_element(const xmlNode *parent)
{
	const xmlNode *node = parent->children;

	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

static const xmlNode *child_named(const xmlNode *parent, const char *name)
{
	const xmlNode *node = parent ? parent->children : NULL;

	while (node && !is_named(node, name))
		node = node->next;
	return node;
}

static const xmlNode *body_of(const xmlDoc *doc)
{
	const xmlNode *root = xmlDocGetRootElement(doc);

	if (!root || !is_soap(root, "Envelope"))
		return NULL;
	for (const xmlNode *node = root->children; node; node = node->next)
		if (is_soap(node, "Body"))
			return node;
	return NULL;
}

/* malloc()ed text of a node without elements in it; blanks around it do not count. */
static int text_of(const xmlNode *node, char **ret)
{
	xmlChar *raw = xmlNodeGetContent(node);

	if (!raw)
		return -ENOMEM;
	const char *begin = (const char *)raw + strspn((const char *)raw, " \t\r\n");
	size_t len = strlen(begin);
	while (len > 0 && strchr(" \t\r\n", begin[len - 1]))
		len--;
	*ret = strndup(begin, len);
	xmlFree(raw);
	return *ret ? 0 : -ENOMEM;
}

static int read_fields(struct amt_xml *x)
{
	for (const xmlNode *node = x->element->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || first_element(node))
			continue;
		if (x->count == FIELDS_MAX)
			return -EBADMSG;
		int r = text_of(node, &x->fields[x->count].text);
		if (r < 0)
			return r;
		x->fields[x->count++].name = (const char *)node->name;
	}
	return 0;
}

/* NULL: not XML with all its namespaces. */
static xmlDoc *read_document(const char *body, size_t len)
{
	xmlParserCtxt *parser = xmlNewParserCtxt();
	xmlDoc *doc = parser ? xmlCtxtReadMemory(parser, body, (int)len, NULL, "UTF-8",
	                               XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
	                                       XML_PARSE_NOCDATA)
	                     : NULL;

	if (doc && (!parser->nsWellFormed || doc->intSubset || doc->extSubset)) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(parser);
	return doc;
}

int amt_xml_parse(const char *body, size_t len, struct amt_xml **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (pthread_once(&once, xmlInitParser) != 0)
		return -EIO;
	/* Before the parser sees it: what entities are is never read. The encoding is ours, not the
	 * document's, so that this is all there can be. */
	if (len > AMT_ANSWER_MAX || strlen(body) != len || strstr(body, "<!DOCTYPE"))
		return -EBADMSG;
	struct amt_xml *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->doc = read_document(body, len);
	const xmlNode *soap_body = x->doc ? body_of(x->doc) : NULL;
	x->element = soap_body ? first_element(soap_body) : NULL;
	int r = x->element ? read_fields(x) : -EBADMSG;
	if (r < 0) {
		amt_xml_free(x);
		return r;
	}
	*ret = x;
	return 0;
}

void amt_xml_free(struct amt_xml *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->count; i++)
		free(x->fields[i].text);
	xmlFreeDoc(x->doc);
	free(x);
}

const char *amt_xml_name(const struct amt_xml *x)
{
	return (const char *)x->element->name;
}

bool amt_xml_field(const struct amt_xml *x, size_t n, const char **ret_name, const char **ret_text)
{
	if (n >= x->count)
		return false;
	*ret_name = x->fields[n].name;
	*ret_text = x->fields[n].text;
	return true;
}

const char *amt_xml_text(const struct amt_xml *x, const char *name)
{
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->fields[i].name, name) == 0)
			return x->fields[i].text;
	return NULL;
}

int amt_xml_number(const struct amt_xml *x, const char *name, int64_t max, int64_t *ret)
{
	const char *text = amt_xml_text(x, name);
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return -EBADMSG;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || *end || value > max)
		return -EBADMSG;
	*ret = value;
	return 0;
}

static void clean_text(const xmlNode *node, char *out, size_t size)
{
	char *text = NULL;

	out[0] = 0;
	if (node && text_of(node, &text) == 0)
		text_clean(out, size, text);
	free(text);
}

void amt_xml_fault(
        const struct amt_xml *x, char *code, size_t code_size, char *text, size_t text_size)
{
	char raw[160];
	const xmlNode *outer = child_named(x->element, "Code"), *inner;

	/* Code holds Value and Subcode, which may hold the same again. */
	while ((inner = child_named(outer, "Subcode")))
		outer = inner;
	clean_text(child_named(outer, "Value"), raw, sizeof(raw));
	const char *local = strrchr(raw, ':');
	(void)snprintf(code, code_size, "%s", local ? local + 1 : raw);
	clean_text(child_named(child_named(x->element, "Reason"), "Text"), text, text_size);
}

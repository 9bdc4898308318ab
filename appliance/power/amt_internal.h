/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intel AMT: WS-Management, SOAP over HTTP with Digest. What is asked: one Get, Put or method of
 * one class at a time; what it answers is parsed by libxml2 (amt_xml.c) and is taken apart by the
 * names of elements alone.
 */
#ifndef POWER_AMT_INTERNAL_H
#define POWER_AMT_INTERNAL_H

#include "appliance/power/https.h"

#include <stdio.h>

#define AMT_CIM_SCHEMA "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
#define AMT_AMT_SCHEMA "http://intel.com/wbem/wscim/1/amt-schema/1/"
#define AMT_IPS_SCHEMA "http://intel.com/wbem/wscim/1/ips-schema/1/"

#define AMT_ANSWER_MAX 65536 /* bytes */

struct amt {
	struct bmc_https *https;
	const char *address;
	unsigned messages; /* so many were sent: the next one's number */
};

/* ---- amt_xml.c: an answer ---- */

struct amt_xml;

/* body: len bytes, and a NUL. -EBADMSG: no SOAP envelope with a body, or one with a DTD. */
int amt_xml_parse(const char *body, size_t len, struct amt_xml **ret);
void amt_xml_free(struct amt_xml *x); /* NULL is fine */

/* Name of the element in the SOAP body: "CIM_Chassis", "ChangeBootOrder_OUTPUT", "Fault". */
const char *amt_xml_name(const struct amt_xml *x);

/* Text of the n-th simple element in it, and its name; false: there are fewer. Elements that hold
 * others are not counted. Valid until amt_xml_free(). */
bool amt_xml_field(const struct amt_xml *x, size_t n, const char **ret_name, const char **ret_text);

/* Text of the first simple element of that name; NULL: there is none. */
const char *amt_xml_text(const struct amt_xml *x, const char *name);

/* A number within 0 and max; -EBADMSG: none, or no such number. */
int amt_xml_number(const struct amt_xml *x, const char *name, int64_t max, int64_t *ret);

/* Of a fault: its most exact code without prefix ("AccessDenied"), and its sentence; "" where it
 * has none. Clean. */
void amt_xml_fault(
        const struct amt_xml *x, char *code, size_t code_size, char *text, size_t text_size);

/* ---- amt_envelope.c: a question ---- */

/* A class of one of the schemas above. */
struct amt_class {
	const char *schema, *name;
};

struct amt_question {
	const struct amt_class *class;
	const char *action;           /* of the class, "" for a Get or Put; see put */
	const char *selector, *value; /* InstanceID and the like; or NULL */
	const char *body;             /* XML within the SOAP body; or NULL */
	bool put;
};

/* malloc()ed; NULL: no memory. */
char *amt_envelope(const struct amt_question *q, unsigned number);

/* malloc()ed METHOD_INPUT of a class, with inner (XML, prefix h) in it. */
char *amt_method_input(const struct amt_class *class, const char *method, const char *inner);

/* malloc()ed <h:NAME>: a reference to the instance of class that selectors (XML) name. */
char *amt_reference(const char *name, const struct amt_class *class, const char *selectors);

/* malloc()ed AMT_BootSettingData as it was read, with each one-time option off and without what is
 * only to be read. base: only properties that AMT 11 has. *ret_set: an option was on. */
char *amt_boot_settings(const struct amt_xml *read, bool base, bool *ret_set);

/* ---- amt_wsman.c: asking ---- */

/* 0 and *ret, whose element is checked to be the class's own. */
int amt_get(struct amt *a, int64_t deadline, const struct amt_class *class, const char *selector,
        const char *value, struct amt_xml **ret, struct error *err);
int amt_put(struct amt *a, int64_t deadline, const struct amt_class *class, const char *body,
        struct error *err);

/* *ret_value: what the method returns, 0 for "done". inner: as of amt_method_input(). */
int amt_invoke(struct amt *a, int64_t deadline, const struct amt_class *class, const char *method,
        const char *inner, int64_t *ret_value, struct error *err);

/* ---- parts of power_amt ---- */

int amt_identify(void *bmc, int64_t deadline, struct power_identity *ret, struct error *err);
int amt_boot_set(void *bmc, int64_t deadline, const struct power_boot *b, struct error *err);
int amt_boot_get(void *bmc, int64_t deadline, struct power_boot *ret, struct error *err);

#endif

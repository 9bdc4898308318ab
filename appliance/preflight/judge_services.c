/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificate and escrow. */
#include "appliance/preflight/judge.h"

#include "fixer/base/text.h"

#define SOON (30 * 24 * 3600)

static void renew(struct finding *f, const struct config *c)
{
	finding_fix(f,
	        "a certificate for the same key: machines know the key (%s/tls/key.pem), so it "
	        "must stay while a repair runs",
	        c->state);
	finding_fix(f,
	        "openssl req -x509 -new -key %s/tls/key.pem -days 3650 -subj /CN=netmend "
	        "-addext subjectAltName=IP:%s -out %s/tls/cert.pem, then restart serve",
	        c->state, c->address, c->state);
}

static void judge_dates(const struct facts *f, struct findings *all)
{
	const struct certificate_facts *c = &f->certificate;
	char from[ISO8601_TEXT], until[ISO8601_TEXT];

	iso8601_format(c->from * 1000000000, from);
	iso8601_format(c->until * 1000000000, until);
	if (f->clock.now < c->from)
		renew(finding_add(all, "certificate", FINDING_PROBLEM,
		              "the certificate is valid from %s on: it, or this host's clock, is "
		              "wrong",
		              from),
		        &f->config);
	else if (f->clock.now >= c->until)
		renew(finding_add(all, "certificate", FINDING_PROBLEM,
		              "the certificate ran out %s: browsers refuse the page", until),
		        &f->config);
	else if (c->until - f->clock.now < SOON)
		renew(finding_add(all, "certificate", FINDING_PROBLEM,
		              "the certificate runs out %s", until),
		        &f->config);
	else
		finding_add(all, "certificate", FINDING_OK, "valid until %s", until);
}

void judge_certificate(const struct facts *f, struct findings *all)
{
	const struct certificate_facts *c = &f->certificate;
	struct finding *found;

	if (!c->there) {
		finding_add(all, "certificate", FINDING_OK,
		        "none yet: serve makes one for %s at its first start", f->config.address);
		return;
	}
	if (!c->readable || !c->fits_key) {
		found = finding_add(all, "certificate", FINDING_PROBLEM, "%s",
		        c->readable ? "certificate and key in STATE/tls do not belong together"
		                    : c->why);
		finding_fix(found,
		        "put the pair that belongs together into %s/tls (cert.pem, key.pem); "
		        "without both, serve makes new ones",
		        f->config.state);
		return;
	}
	judge_dates(f, all);
	if (!c->names_address) {
		found = finding_add(all, "certificate", FINDING_NOTE,
		        "the certificate does not name %s, where the page and the machines go: "
		        "browsers "
		        "warn; machines know the key alone and do not mind",
		        f->config.address);
		renew(found, &f->config);
	}
}

static void judge_answer(const struct facts *f, struct findings *all)
{
	const struct escrow_facts *e = &f->escrow;
	struct finding *found;

	if (e->locked) {
		found = finding_add(all, "escrow", FINDING_PROBLEM,
		        "the vault is locked: no machine gets a key");
		finding_fix(found, "netmend keys unlock");
	} else {
		finding_add(all, "escrow", FINDING_OK, "answers; %lld keys in the vault",
		        (long long)e->keys);
	}
	if (e->sources[0]) {
		found = finding_add(all, "escrow", FINDING_PROBLEM,
		        "sources of keys that do not answer: %s", e->sources);
		finding_fix(found, "netmend check asks each of them and says more");
	}
}

void judge_escrow(const struct facts *f, struct findings *all)
{
	const struct escrow_facts *e = &f->escrow;
	struct finding *found;

	if (e->answers) {
		judge_answer(f, all);
	} else if (e->serve_runs) {
		found = finding_add(all, "escrow", FINDING_PROBLEM,
		        "serve runs, and escrow does not "
		        "answer: %s",
		        e->why);
		finding_fix(found, "journalctl -u netmend -n 50");
	} else if (!e->program) {
		found = finding_add(all, "escrow", FINDING_PROBLEM, "%s", e->why);
		finding_fix(found, "make install");
	} else {
		found = finding_add(all, "escrow", FINDING_NOTE,
		        "not running, as serve is not: keys and their sources were not asked");
		finding_fix(found,
		        "netmend check asks them without starting anything; or run preflight "
		        "again beside serve");
	}
}

void judge_everything(const struct facts *f, struct findings *all)
{
	judge_link(f, all);
	judge_dhcp(f, all);
	judge_ports(f, all);
	judge_firewall(f, all);
	judge_limits(f, all);
	judge_clock(f, all);
	judge_certificate(f, all);
	judge_escrow(f, all);
	judge_trial(f, all);
}

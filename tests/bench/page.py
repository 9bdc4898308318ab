#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A company looks at one appliance: MACHINES (10,000) known to a real `netmend serve`, TABS (200) pages open. What the calls of the page
cost and how long they keep everybody else waiting; what Chromium makes of it: first useful paint, an update, what it takes in memory; what
dnsmasq pays for being told. The inventory is imported as a person does it; how far each machine is is written into the store. Figures
beside the budgets of design section 12, never a verdict.
"""
import asyncio
import collections
import contextlib
import gzip
import json
import os
import random
import shutil
import sqlite3
import ssl
import statistics
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../module"))

import appliance_lab as lab  # noqa: E402
from browser import Browser  # noqa: E402
from swarm_lab import Usage  # noqa: E402

MACHINES = int(os.environ.get("MACHINES", "10000"))
TABS = int(os.environ.get("TABS", "200"))
CHANGES, AT_ONCE, SECONDS = 200, 20, 8  # machines changed a second, in one call, for so long
ROUNDS = 5
OF_ONE = 20  # streams one caller has open
MB = 1 << 20
# (share, state, reason, text) of the machines.
STATES = ((40, "returned", "OK", "Windows answers on port 445"), (15, "seen", "OK", ""), (12, "waiting", "WAITING_KEY", "place 40, about 1 minute"),
          (8, "planning", "OK", ""), (8, "repairing", "OK", "24 sectors"), (6, "rebooting", "REPAIRED", ""),
          (5, "waiting", "KEY_NOT_FOUND", "no source has the key of protector 063EA4E1-220C-4293-BA01-4754620A96E7"),
          (3, "attention", "KEY_MISMATCH", "2 passwords tried"), (2, "attention", "NOT_RETURNED", "for 18 minutes"), (1, "held", "HELD", "ask finance first"))
# Tells when the list of machines was first drawn, and how far apart frames are from then on.
WATCH = """(() => {
    window.seen = {useful: 0, long: [], frames: [], updates: []};
    let changed = false, begun = 0;
    const drawn = new MessageChannel(); // its message comes when callbacks, style, layout and paint of a frame are done
    drawn.port1.onmessage = () => {
        if (changed)
            seen.updates.push(performance.now() - begun);
        changed = false;
    };
    new MutationObserver(() => { changed = true; }).observe(document, {subtree: true, childList: true, characterData: true});
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((e) => e.duration))).observe({type: "longtask", buffered: true});
    let last = 0;
    const frame = (now) => {
        if (!seen.useful && document.querySelector("#rows .row"))
            requestAnimationFrame(() => { seen.useful ||= performance.now(); });
        if (last)
            seen.frames.push(now - last);
        last = now;
        begun = performance.now();
        requestAnimationFrame(frame);
        drawn.port2.postMessage(0);
    };
    requestAnimationFrame(frame);
})();"""


def row(what, measured, budget=""):
    print(f"  {what:<62} {measured:>26}  {budget}", flush=True)


def inventory():
    """CSV with MACHINES lines, the same at each run."""
    dice = random.Random(1)
    sites = ["Bern", "Zürich", "Genf", "Basel", "Lugano", "Winterthur", "St. Gallen", "Luzern"]
    lines = ["name,serial,uuid,mac,site,floor,owner,ring"]
    for i in range(MACHINES):
        uuid = "%08X-1111-2222-3333-%012X" % (i + 1, i + 1)
        lines.append(f"PC-{i:05d},5CG{i:07d},{uuid},52:54:01:{i >> 16:02x}:{i >> 8 & 255:02x}:{i & 255:02x},{dice.choice(sites)},{dice.randrange(12)},"
                     f"{dice.choice(('Finance', 'Sales', 'Care', 'Lab'))} {dice.randrange(40)},{'canary' if i % 50 == 0 else 'broad'}")
    return "\n".join(lines).encode()


class Company:
    def __init__(self):
        self.appliance = lab.Appliance("page", rest="[escrow]\nsyslog = no\n")
        self.appliance.start()
        self.appliance.admin()
        self.usage = Usage()
        self.context = ssl._create_unverified_context()

    def ask(self, path, body=None, **headers):
        """(seconds, bytes as sent)"""
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", body, {
            "Authorization": f"Bearer {self.appliance.bearer}", "X-Netmend": "1", **headers})
        begun = time.monotonic()
        with urllib.request.urlopen(request, timeout=120, context=self.context) as answer:
            data = answer.read()
        return time.monotonic() - begun, data

    def fill(self):
        seconds, told = self.ask("/api/v1/inventory", inventory(), **{"Content-Type": "text/csv"})
        assert json.loads(told)["added"] == MACHINES, told[:500]
        now, dice = int(time.time() * 1000), random.Random(2)
        pick = dice.choices([s[1:] for s in STATES], [s[0] for s in STATES], k=MACHINES)
        with contextlib.closing(sqlite3.connect(self.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            ids = [i for i, in db.execute("SELECT id FROM machines ORDER BY id")]
            db.executemany("UPDATE machines SET state = ?, reason = ?, text = ?, ip = ?, product = 'EliteBook 840 14 inch G10 Notebook PC', in_scope = 1,"
                           " attempt = 1, since = ?, first_seen = ?, last_seen = ? WHERE id = ?",
                           [(*what, f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", now - dice.randrange(3600000), now - 7200000, now - dice.randrange(60000), i)
                            for what, i in zip(pick, ids)])
        row(f"import of {MACHINES} lines", f"{seconds:.1f} s")
        return ids

    def web(self):
        return self.appliance.children()["web"]

    def cpu(self, name="web"):
        return Usage.read(self.appliance.children()[name])[0]


class Others:
    """With-block: somebody asks for something small all the time; how long that took each time."""

    def __init__(self, company):
        self.company, self.times, self.stop = company, [], False

    def __enter__(self):
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.stop:
            self.times.append(self.company.ask("/api/v1/me")[0])

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()

    def text(self):
        return f"{1000 * statistics.median(self.times):.0f} ms, at most {1000 * max(self.times):.0f} ms"


def calls(company):
    print(f"\nCalls of the page with {MACHINES} machines, median of {ROUNDS}")
    for what, path, headers in (("snapshot, gzip as browsers ask for", "/api/v1/snapshot", {"Accept-Encoding": "gzip"}), ("snapshot", "/api/v1/snapshot", {}),
                                ("machines", "/api/v1/machines", {}), ("machines.csv", "/api/v1/machines.csv", {}), ("metrics", "/metrics", {}),
                                ("wallboard", "/api/v1/wallboard", {})):
        before = company.cpu()
        answers = [company.ask(path, **headers) for _ in range(ROUNDS)]
        spent = (company.cpu() - before) / ROUNDS
        row(what, f"{1000 * statistics.median(s for s, _ in answers):.0f} ms, {len(answers[0][1]) / MB:.2f} MB", f"{1000 * spent:.0f} ms of web's processor time")
    with Others(company) as others:
        for _ in range(ROUNDS):
            company.ask("/api/v1/snapshot")
            company.ask("/api/v1/machines.csv")
    row("another call meanwhile", others.text())


# ---- many tabs ----

async def tab(company, path, take, ready, bearer=None):
    """One that asks and gives take() what comes, until that says no."""
    reader, writer = await asyncio.open_connection(lab.SERVER, 443, ssl=company.context, limit=1 << 24)
    await ready.wait()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer {bearer or company.appliance.bearer}\r\n\r\n".encode())
    while take(await reader.read(1 << 16)):
        pass
    writer.close()


async def open_tabs(company):
    """Seconds until all have their snapshot."""
    ready, bodies = asyncio.Event(), []

    def taker():
        got = bytearray()

        def take(data):
            got.extend(data)
            head = got.find(b"\r\n\r\n")
            if head < 0:
                return bool(data)
            length = int(got[:head].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(got) < head + 4 + length and data:
                return True
            bodies.append(got[head + 4:])
            return False
        return take
    tabs = [asyncio.create_task(tab(company, "/api/v1/snapshot", taker(), ready)) for _ in range(TABS)]
    await asyncio.sleep(3)
    begun = time.monotonic()
    ready.set()
    await asyncio.gather(*tabs)
    seconds = time.monotonic() - begun
    assert len(bodies) == TABS
    for body in (bodies[0], bodies[-1]):
        assert len(json.loads(gzip.decompress(body))["machines"]) == MACHINES
    return seconds


def change(company, ids, seconds):
    """CHANGES machines a second are held or let go. How many were."""
    begun, done, held = time.monotonic(), 0, set()
    while time.monotonic() < begun + seconds:
        chosen = random.sample(ids, AT_ONCE)
        for verb, some in (("hold", [i for i in chosen if i not in held]), ("release", [i for i in chosen if i in held])):
            if some:
                company.ask("/api/v1/machines/act", json.dumps({"v": 1, "verb": verb, "machines": some, "text": ""}).encode())
        held.symmetric_difference_update(chosen)
        done += AT_ONCE
        time.sleep(max(0, begun + done / CHANGES - time.monotonic()))
    return done


async def feeds(company, ids):
    """TABS streams are open while machines change."""
    ready, told = asyncio.Event(), collections.Counter()

    def taker(number):
        def take(data):
            assert number in told or b" 200 " in data[:16], data
            told[number] += len(data)
            return bool(data)
        return take
    people = [company.appliance.command("user", "token", "add", f"tab{i}", "--role", "viewer").stdout.strip() for i in range(-(-TABS // OF_ONE))]
    tabs = [asyncio.create_task(tab(company, "/api/v1/events", taker(i), ready, people[i // OF_ONE])) for i in range(TABS)]
    ready.set()
    while len(told) < TABS:
        failed = [t.exception() for t in tabs if t.done()]
        assert not failed, failed
        await asyncio.sleep(0.2)
    before = {name: company.cpu(name) for name in ("web", "dnsmasq", "serve") if name in company.appliance.children()}
    bytes_before, begun = sum(told.values()), time.monotonic()
    with Others(company) as others:
        done = await asyncio.to_thread(change, company, ids, SECONDS)
    seconds = time.monotonic() - begun
    spent = {name: (company.cpu(name) - s) / seconds for name, s in before.items()}
    row(f"{TABS} tabs, {done / seconds:.0f} machines a second change: web's processor", f"{100 * spent['web']:.0f} %")
    row("told to the tabs", f"{(sum(told.values()) - bytes_before) / seconds / MB:.1f} MB/s")
    row("another call meanwhile", others.text())
    row("dnsmasq's processor, with so many in scope", f"{100 * spent['dnsmasq']:.0f} %")
    for task in tabs:
        task.cancel()
    await asyncio.gather(*tabs, return_exceptions=True)


def tabs(company, ids):
    print(f"\n{TABS} tabs")
    before = company.cpu()
    seconds = asyncio.run(open_tabs(company))
    row("all of them ask for the snapshot at once: the last has it after", f"{seconds:.2f} s", f"{company.cpu() - before:.2f} s of web's processor time")
    time.sleep(5)  # until the appliance has let go of their connections: an address may not have that many
    asyncio.run(feeds(company, ids))


# ---- Chromium ----

def metrics(page):
    return {m["name"]: m["value"] for m in page.call("Performance.getMetrics")["metrics"]}


def transferred(page):
    """Bytes on the wire by kind of answer, headers included."""
    sizes, kinds = collections.Counter(), {}
    for event in page.events:
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            kinds[params["requestId"]] = "snapshot" if params["request"]["url"].endswith("/snapshot") else "other" if "/api/" in params["request"]["url"] else "page"
        if event.get("method") == "Network.loadingFinished":
            sizes[kinds.get(params["requestId"], "other")] += params["encodedDataLength"]
    return sizes, len([k for k in kinds.values() if k == "page"])


def paint(company):
    """A page that shows the fleet; figures of how it got there."""
    useful, cold = [], None
    for _ in range(ROUNDS):
        page = Browser()
        page.call("Performance.enable")
        page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        page.sign_in(f"https://{lab.SERVER}/", company.appliance.admin())
        page.open(f"https://{lab.SERVER}/")
        page.wait_text(f"of {MACHINES:,} machines recovered".replace(",", "."), "#headline")
        page.wait_text("PC-", "#rows")
        time.sleep(1)
        useful.append(page.run("seen.useful"))
        cold = cold or transferred(page)
        if len(useful) < ROUNDS:
            page.close()
    sizes, files = cold
    row("first useful paint, from the address to the list; nothing cached", f"{statistics.median(useful):.0f} ms ({min(useful):.0f} to {max(useful):.0f})", "1000 ms")
    row("long tasks until then", " ".join(f"{t:.0f}" for t in page.run("seen.long")) + " ms")
    row(f"the page's {files} files on the wire, with headers", f"{sizes['page'] / 1024:.0f} KB")
    row("the snapshot on the wire", f"{sizes['snapshot'] / MB:.2f} MB")
    page.open(f"https://{lab.SERVER}/")
    page.wait_text("PC-", "#rows")
    time.sleep(1)
    row("the same once more, with what the browser keeps", f"{page.run('seen.useful'):.0f} ms")
    return page


def update(company, page, ids):
    page.run("(() => { seen.long.length = seen.frames.length = seen.updates.length = 0; })()")
    before = metrics(page)
    changed = change(company, ids, SECONDS)
    after = metrics(page)
    frames, long, updates = page.run("[seen.frames, seen.long, seen.updates]")
    late = [f for f in frames if f > 1.5 * 1000 / 60]
    work = {name: 1000 * (after[name] - before[name]) / len(updates) for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")}
    updates.sort()
    row(f"an update drawn ({len(updates)} of them), half below, 90 %, all", " ".join(f"{updates[int(q * (len(updates) - 1))]:.1f}" for q in (.5, .9, 1)) + " ms",
        "16.7 ms: one frame")
    row("  script, layout, style for each", " + ".join(f"{s:.1f}" for s in work.values()) + " ms")
    row(f"frames while {changed / SECONDS:.0f} machines a second change: late", f"{len(late)} of {len(frames)}, at most {max(frames):.0f} ms")
    row("long tasks", " ".join(f"{t:.0f} ms" for t in long) or "none")
    page.call("HeapProfiler.collectGarbage")
    row("elements in the document, rows of the list", f"{page.run('document.querySelectorAll(`*`).length')}, {page.run('document.querySelectorAll(`#rows .row`).length')}")
    row("JavaScript heap", f"{metrics(page)['JSHeapUsedSize'] / MB:.1f} MB")


def main():
    lab.enter()
    company = Company()
    print(f"{MACHINES} machines, {TABS} tabs, {os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}")
    ids = company.fill()
    calls(company)
    tabs(company, ids)
    row("web's memory, at most", lab.status_of(company.web())["VmHWM"], "64 MB = 65536 kB")
    row("web's memory now", lab.status_of(company.web())["VmRSS"])
    if shutil.which("chromium"):
        print("\nChromium")
        page = paint(company)
        update(company, page, ids)
        page.close()
    company.appliance.stop()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What pictures.py takes its pictures with: screens, themes, and what a person need not look for."""
import json
import os
import re
import time

import appliance_lab as lab
from browser import Browser

FOLDER = os.environ.get("PICTURES", "")
VIEWS = re.compile(os.environ.get("VIEWS", ""))
SCREENS = {name: size for name, size in {"desk": (1280, 800), "large": (1920, 1080), "phone": (360, 740)}.items()
           if name in os.environ.get("SCREENS", "desk large phone").split()}
THEMES = os.environ.get("THEMES", "light dark").split()
HEIGHT = int(os.environ.get("HEIGHT", 4))  # a picture has at most so many screens of a view
# What of a view a person does not see at once: too wide; too small for a thumb, unless it stands in a sentence; cut off without dots.
FINDINGS = """((width) => {
    const shown = (n) => n.offsetParent && n.getClientRects().length && getComputedStyle(n).visibility !== "hidden" && !n.closest(".unseen");
    const name = (n) => (n.innerText || n.ariaLabel || n.title || n.name || n.type || n.tagName).trim().slice(0, 30);
    const all = [...document.querySelectorAll("body *")].filter(shown), found = [];
    if (document.documentElement.scrollWidth > width)
        found.push(`too wide: ${document.documentElement.scrollWidth}`);
    if (width < 700)
        for (const n of all.filter((x) => x.matches("button, select, input, summary, textarea, a:not(p a, li a, td a, dd a, small a)"))) {
            const r = (n.closest("label") ?? n).getBoundingClientRect();
            if (r.height < 43.5 && !n.matches(".tile"))
                found.push(`small ${Math.round(r.height)}: ${name(n)}`);
        }
    for (const n of all.filter((x) => !x.children.length && x.scrollWidth > x.clientWidth + 1 && getComputedStyle(x).overflowX !== "visible"
                               && getComputedStyle(x).display !== "inline" && !x.matches("input, textarea")))
        found.push(`cut: ${name(n)}`);
    return [...new Set(found)];
})"""


class Camera:
    """Takes what is open on every screen, in every theme."""

    def __init__(self, fleet):
        self.fleet, self.page, self.findings = fleet, Browser(1280, 800), {}

    def wanted(self, name):
        return bool(VIEWS.search(f"{self.fleet}-{name}"))

    def screen(self, name, width, height):
        phone = name == "phone"
        self.page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def take(self, name, screens=None, themes=None, whole=True):
        for screen, (width, height) in (screens or SCREENS).items():
            self.screen(screen, width, height)
            time.sleep(0.25)
            for found in self.page.run(f"{FINDINGS}({width})"):
                self.findings.setdefault((screen, found), []).append(name)
            tall = self.page.run("document.documentElement.scrollHeight") if whole else height
            if tall > height:
                self.screen(screen, width, min(tall, HEIGHT * height))
            for theme in themes or THEMES:
                self.page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
                time.sleep(0.25)
                self.page.screenshot(os.path.join(FOLDER, f"{self.fleet}-{name}-{screen}-{theme}.png"))
        self.page.call("Emulation.clearDeviceMetricsOverride")

    def view(self, name, address, *patterns, before=None, screens=None, once=False, **how):
        """Opens an address anew on each screen, waits for what it says, does what `before` does, and takes it. once: that cannot be done again."""
        if not self.wanted(name):
            return
        every = screens or SCREENS
        try:
            for screen, size in every.items():
                self.screen(screen, *size)
                self.page.open("about:blank")
                self.page.open(f"https://{lab.SERVER}/{address}")
                for pattern in patterns:
                    self.page.wait_text(pattern, seconds=20)
                if before:
                    before()
                self.take(name, every if once else {screen: size}, **how)
                if once:
                    break
        except (AssertionError, RuntimeError) as error:
            print(f"  {self.fleet}-{name}: {str(error)[:300]}", flush=True)

    def press(self, label, where="body"):
        found = self.page.run(f"(() => {{ const n = [...document.querySelectorAll('{where} button, {where} a, {where} summary')].find((b) => b.offsetParent"
                              f" && (b.innerText.trim() || b.ariaLabel || '').startsWith({json.dumps(label)})); n?.click(); return Boolean(n); }})()")
        assert found, f"no button {label!r}"
        time.sleep(0.3)

    def set(self, selector, value):
        self.page.run(f"(() => {{ const i = document.querySelector({json.dumps(selector)}); i.value = {json.dumps(value)};"
                      " i.dispatchEvent(new Event('input', {bubbles: true})); i.dispatchEvent(new Event('change', {bubbles: true})); })()")
        time.sleep(0.2)

    def tell(self):
        for (screen, found), names in sorted(self.findings.items()):
            print(f"  {screen:<6} {found:<60} {' '.join(sorted(set(names)))[:100]}")

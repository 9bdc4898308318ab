# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium, headless, for tests that look at the page as a person does."""
import base64
import json
import os
import re
import select
import subprocess
import tempfile
import time

# Where to click on it, or null while it is not to be seen, is drawn elsewhere in the next picture or lies under something.
STEADY = """async (selector) => {
    const place = () => {
        const r = document.querySelector(selector).getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2];
    };
    const picture = () => new Promise((done) => { requestAnimationFrame(done); setTimeout(done, 200); });
    document.querySelector(selector).scrollIntoView({block: "center"});
    await picture();
    const [x, y] = place();
    await picture();
    const [x2, y2] = place();
    const node = document.querySelector(selector), whole = node.closest("a, button, label, summary") ?? node;
    const free = whole.contains(document.elementFromPoint(x2, y2));
    return node.getClientRects().length > 0 && x === x2 && y === y2 && free ? [x2, y2] : null;
}"""

# Until netmendClick.end(): the mouse reaches nothing but that. What moved away in the last moment is not missed unnoticed, nor is its neighbour hit.
GUARD = """(selector) => {
    const node = document.querySelector(selector), wanted = node.closest("a, button, label, summary") ?? node;
    const kinds = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"];
    const state = window.netmendClick = {hit: false};
    const check = (event) => {
        if (state.hit)
            return;
        if (!wanted.isConnected || !wanted.contains(event.target)) {
            event.preventDefault();
            event.stopImmediatePropagation();
        } else if (event.type === "click")
            state.hit = true;
    };
    for (const kind of kinds)
        addEventListener(kind, check, {capture: true});
    state.end = () => {
        for (const kind of kinds)
            removeEventListener(kind, check, {capture: true});
        delete window.netmendClick;
        return state.hit;
    };
}"""


class Replaced(RuntimeError):
    """The page that was asked is gone: another one is loaded in its place."""


class Browser:
    """Chromium over its debugging pipe: NUL-terminated JSON on descriptors 3 and 4."""

    def __init__(self, width=1280, height=900):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place():
            high = [os.dup(to_read), os.dup(to_write)]
            for target, fd in zip((3, 4), high):
                os.dup2(fd, target)
        self.folder = tempfile.TemporaryDirectory(prefix="netmend-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--ignore-certificate-errors", "--remote-debugging-pipe", "--user-data-dir=" + self.folder.name,
             f"--window-size={width},{height}", "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def close(self):
        os.close(self.to)
        os.close(self.back)
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def receive(self, end):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            more = os.read(self.back, 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            answer = self.receive(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def run(self, expression):
        try:
            answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        except RuntimeError as error:  # of the protocol; what the script itself has to say comes as an answer
            raise Replaced(str(error)) from error
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def sign_in(self, url, cookie):
        """As if it had signed in there: "name=value" of the cookie."""
        name, value = cookie.split("=", 1)
        self.call("Network.setCookie", url=url, name=name, value=value, path="/", secure=True, httpOnly=True, sameSite="Strict")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def text(self, selector="body"):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def wait_text(self, pattern, selector="body", seconds=60):
        """Seconds until the visible text matches."""
        begun = time.monotonic()
        while not re.search(pattern, text := self.text_now(selector)):
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"no {pattern!r} in {seconds} s: {text[:600]!r}")
            time.sleep(0.03)
        return time.monotonic() - begun

    def text_now(self, selector):
        """The same; empty between two pages, while one is loaded anew."""
        try:
            return self.text(selector)
        except Replaced:
            return ""

    def click(self, selector):
        """As the mouse does it, in the middle of what is there: once that stays where it is, with nothing else before it."""
        end = time.monotonic() + 60
        while True:
            while (place := self.run(f"({STEADY})({json.dumps(selector)})")) is None:
                if time.monotonic() > end:
                    raise AssertionError(f"{selector} cannot be clicked: it moves, or something lies over it")
            self.run(f"({GUARD})({json.dumps(selector)})")
            if self.hit(place):
                return
            if time.monotonic() > end:
                raise AssertionError(f"{selector} takes no click")

    def hit(self, place):
        """Whether it took the click; also when that led to another page, where nobody knows of it."""
        try:
            for kind in ("mousePressed", "mouseReleased"):
                self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)
        except RuntimeError:  # no answer from a page that is gone
            return self.run_anew("!window.netmendClick")
        return self.run_anew("window.netmendClick ? netmendClick.end() : true")

    def run_anew(self, expression):
        """As run(); asked of the page that comes, when one is just being loaded."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.run(expression)
            except Replaced:
                if time.monotonic() > end:
                    raise

    def press(self, *keys, pause=0, apart=None):
        """Key by key: characters, or names such as Enter, Tab, Backspace. apart: seconds between two, as the browser is told."""
        when = time.time()
        codes = {"Enter": 13, "Tab": 9, "Backspace": 8, "Space": 32, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for key in keys:
            text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
            code = codes.get(key, ord(key[0].upper()))
            name = " " if key == "Space" else key
            times = {"timestamp": when} if apart is not None else {}
            when += apart or 0
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=name, text=text, windowsVirtualKeyCode=code,
                      **times)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code, **times)
            time.sleep(pause)

    def paste(self, text):
        """From the clipboard into what has the focus."""
        self.run("(async () => { const to = document.activeElement; const from = document.createElement('textarea');"
                 f" from.value = {json.dumps(text)}; document.body.append(from); from.select(); document.execCommand('copy');"
                 " from.remove(); to.focus(); })()")
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", key="v", modifiers=2, windowsVirtualKeyCode=86, commands=["paste"])
        self.call("Input.dispatchKeyEvent", type="keyUp", key="v", modifiers=2, windowsVirtualKeyCode=86)

    def complaints(self):
        """Console errors and uncaught exceptions so far."""
        return [json.dumps(e["params"])[:300] for e in self.events
                if e.get("method") == "Runtime.exceptionThrown"
                or e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"]

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def hosts(self):
        urls = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return {u.split("/")[2] for u in urls if u.startswith("http")}

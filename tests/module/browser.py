# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium, headless, for tests that look at the page as a person does."""
import base64
import json
import os
import re
import select
import subprocess
import time


class Browser:
    """Chromium over its debugging pipe: NUL-terminated JSON on descriptors 3 and 4."""

    def __init__(self, width=1280, height=900):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()

        def place():
            high = [os.dup(to_read), os.dup(to_write)]
            for target, fd in zip((3, 4), high):
                os.dup2(fd, target)
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--ignore-certificate-errors", "--remote-debugging-pipe", "--user-data-dir=/run/browser-" + os.urandom(4).hex(),
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
        end = time.monotonic() + 30
        while True:
            answer = self.receive(end)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def run(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)

    def text(self, selector="body"):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def wait_text(self, pattern, selector="body", seconds=10):
        """Seconds until the visible text matches."""
        begun = time.monotonic()
        while not re.search(pattern, self.text(selector)):
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"no {pattern!r} in {seconds} s: {self.text(selector)[:600]!r}")
            time.sleep(0.03)
        return time.monotonic() - begun

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

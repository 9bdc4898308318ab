# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine tells `netmend serve` on its way through a repair, for tests that look at its page."""
import json
import re
import ssl
import urllib.parse
import urllib.request

import appliance_lab as lab
import bundle_maker
from web_server import event, events, hello, installation, result


def send(method, path, body):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(f"https://{lab.SERVER}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
        return json.load(answer)


def boot(mac, serial, **machine):
    """A session of its own. machine: what else its fixer says of it."""
    query = urllib.parse.urlencode({"mac": mac, "uuid": hello("", mac)["machine"]["uuid"], "serial": serial, "asset": "",
                                    "product": "Latitude 7420", "platform": "efi", "buildarch": "x86_64"})
    with urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?{query}", timeout=30) as answer:
        token = re.search(r"netmend\.token=([0-9a-f]{32})", answer.read().decode()).group(1)
    body = hello(token, mac)
    body["machine"] |= machine
    return send("POST", "/v1/sessions", body)["session"]


def tell(session, *steps):
    """(state, step, text, numbers) of each."""
    told = [event(n, state, step, text=text, **numbers) for n, (state, step, text, numbers) in enumerate(steps, 1)]
    send("POST", f"/v1/sessions/{session}/events", events(steps[-1][0], *told))


def end(session, reason, **changes):
    send("POST", f"/v1/sessions/{session}/result", result(reason, **changes))


def save(session, bundle):
    return send("PUT", f"/v1/sessions/{session}/journal", bundle)["sha256"]


def repaired(mac, serial, bundle=None):
    """Boots, is repaired, restarts; the bundle."""
    bundle = bundle or bundle_maker.bundle()
    session = boot(mac, serial)
    tell(session, ("planning", "inspect", "", {"volumes": 2}), ("planning", "plan", "delete", {"sectors": 7, "files": 1}),
         ("saving", "save", "", {"bytes": len(bundle)}), ("repairing", "commit", "", {"sectors": 7}))
    sha = save(session, bundle)
    body = result("REPAIRED", sha, sectors=7)
    body["volumes"][0] |= {"installations": [installation()], "reason": "REPAIRED", "sectors": 7}
    send("POST", f"/v1/sessions/{session}/result", body)
    return bundle

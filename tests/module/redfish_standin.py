# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of ours for a Redfish service (DSP0266): sessions, one system with power and boot override, virtual media, over HTTPS.

No BMC was asked: it behaves as the standard says and as public drivers (sushy, Ironic) and issues tell of vendors; quirks and faults
are attributes. It keeps what it was told in .log, and the sessions that are open in .sessions. tests/module/power_redfish_test.py has
python3-sushy and redfishtool judge it, too.
"""
import base64
import http.server
import json
import ssl
import threading
import time

ROOT = "/redfish/v1/"
SYSTEM = ROOT + "Systems/1"
MANAGER = ROOT + "Managers/1"
SETTINGS = SYSTEM + "/SD"
RESET = SYSTEM + "/Actions/ComputerSystem.Reset"
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


def refused(message, code="Base.1.0.GeneralError"):
    return {"error": {"code": code, "message": message, "@Message.ExtendedInfo": [{"MessageId": code, "Message": message}]}}


class Redfish:
    def __init__(self, context, vendor="Contoso", model="R1", host="127.0.0.1"):
        self.host, self.uuid = host, UUID
        self.user, self.password = "netmend", "s3cret!!and longer than IPMI's"
        self.vendor, self.model = vendor, model
        self.on, self.boot = False, {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None", "BootSourceOverrideMode": "UEFI"}
        self.image, self.log, self.sessions = None, [], {}
        self.targets = ["None", "Pxe", "Hdd", "Cd", "BiosSetup"]
        self.resets = ["On", "ForceOff", "ForceRestart", "GracefulShutdown"]
        self.systems, self.media_under = 1, SYSTEM
        # Quirks and faults.
        self.no_sessions = self.if_match = self.no_mode = self.all_three = self.settings = False
        self.lies = self.stuck = self.denied = self.bare_insert = self.patch_media = False
        self.later, self.later_as = 0, (503, refused("not ready", "IDRAC.2.8.SYS518"))
        self.mangle = None  # what to say to a GET in the place of its JSON: (status, headers, bytes)
        self.etag, self.lock = 1, threading.Lock()
        standin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with standin.lock:
                    status, headers, answer = standin.answer(self.command, self.path.rstrip("/") or "/", self.headers, body)
                if not isinstance(answer, bytes):
                    answer = b"" if answer is None else json.dumps(answer).encode()
                    headers = {"Content-Type": "application/json", **headers}
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_DELETE = do

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # whoever ends a connection early

        self.server = Server((host, 0), Handler)
        # The handshake is the handler's: one that goes wrong must not keep others waiting, nor be lost in accept().
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # --- what is there ---------------------------------------------------------------------------

    def things(self):
        media = self.media_under + "/VirtualMedia"
        named = {"Manufacturer": self.vendor, "Model": self.model, "SerialNumber": "RF00001", "UUID": self.uuid}
        actions = {"#ComputerSystem.Reset": {"target": RESET, "ResetType@Redfish.AllowableValues": self.resets}}
        boot = dict(self.boot, **{"BootSourceOverrideTarget@Redfish.AllowableValues": self.targets})
        system = {"@odata.id": SYSTEM, "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem", "Id": "1", "Name": "System", "Boot": boot,
                  "PowerState": "On" if self.on else "Off", "Actions": actions, **named}
        manager = {"@odata.id": MANAGER, "@odata.type": "#Manager.v1_9_0.Manager", "Id": "1", "Name": "Manager", "FirmwareVersion": "1.23"}
        (system if self.media_under == SYSTEM else manager)["VirtualMedia"] = {"@odata.id": media}
        cd = {"@odata.id": media + "/Cd", "@odata.type": "#VirtualMedia.v1_3_0.VirtualMedia", "Id": "Cd", "Name": "CD", "MediaTypes": ["CD", "DVD"],
              "Image": self.image, "Inserted": bool(self.image), "ConnectedVia": "URI" if self.image else "NotConnected", "WriteProtected": True,
              "Actions": {f"#VirtualMedia.{a}": {"target": f"{media}/Cd/Actions/VirtualMedia.{a}"} for a in ("InsertMedia", "EjectMedia")}}
        if self.settings:
            system["@Redfish.Settings"] = {"@odata.type": "#Settings.v1_3_0.Settings", "SettingsObject": {"@odata.id": SETTINGS}}
            system["Boot"] = dict(boot, BootSourceOverrideEnabled="Disabled", BootSourceOverrideTarget="None")

        def collection(path, kind, *members):
            return {"@odata.id": path, "@odata.type": f"#{kind}Collection.{kind}Collection", "Name": kind, "Members@odata.count": len(members),
                    "Members": [{"@odata.id": m} for m in members]}

        return {
            "/redfish/v1": {"@odata.id": ROOT, "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "Id": "RootService", "Name": "Root",
                            "RedfishVersion": "1.6.0", "UUID": self.uuid, "Vendor": self.vendor, "Systems": {"@odata.id": ROOT + "Systems"},
                            "Managers": {"@odata.id": ROOT + "Managers"}, "SessionService": {"@odata.id": ROOT + "SessionService"},
                            "Links": {"Sessions": {"@odata.id": ROOT + "SessionService/Sessions"}}},
            ROOT + "SessionService": {"@odata.id": ROOT + "SessionService", "@odata.type": "#SessionService.v1_1_8.SessionService", "Id": "S",
                                      "Name": "S", "ServiceEnabled": True, "SessionTimeout": 300,
                                      "Sessions": {"@odata.id": ROOT + "SessionService/Sessions"}},
            ROOT + "SessionService/Sessions": collection(ROOT + "SessionService/Sessions", "Session", *self.sessions.values()),
            ROOT + "Systems": collection(ROOT + "Systems", "ComputerSystem", *[ROOT + f"Systems/{n + 1}" for n in range(self.systems)]),
            ROOT + "Managers": collection(ROOT + "Managers", "Manager", MANAGER),
            SYSTEM: system, MANAGER: manager, SETTINGS: {"@odata.id": SETTINGS, "Id": "SD", "Boot": dict(self.boot)},
            media: collection(media, "VirtualMedia", media + "/Floppy", media + "/Cd"),
            media + "/Floppy": {"@odata.id": media + "/Floppy", "@odata.type": "#VirtualMedia.v1_3_0.VirtualMedia", "Id": "Floppy", "Name": "F",
                                "MediaTypes": ["Floppy"], "Inserted": False},
            media + "/Cd": cd,
        }

    # --- requests --------------------------------------------------------------------------------

    def answer(self, method, path, headers, body):
        """(status, headers, JSON or bytes)"""
        try:
            data = json.loads(body) if body else {}
        except ValueError:
            return 400, {}, refused("not JSON")
        if path == "/redfish/v1" and method == "GET":
            return 200, {}, self.things()[path]
        if path == ROOT + "SessionService/Sessions" and method == "POST":
            return self.log_in(data)
        if not self.let_in(headers):
            return 401, {"WWW-Authenticate": 'Basic realm="BMC"'}, refused("who are you?")
        if method == "DELETE":
            gone = [t for t, p in self.sessions.items() if p == path]
            for token in gone:
                del self.sessions[token]
            return (204 if gone else 404), {}, None
        if method == "GET":
            if self.mangle and path == SYSTEM:
                return self.mangle
            thing = self.things().get(path)
            return (200, {"ETag": f'W/"{self.etag}"'} if path in (SYSTEM, SETTINGS) else {}, thing) if thing else (404, {}, refused("no such thing"))
        self.log.append((method, path, data))
        if self.later:
            self.later -= 1
            return self.later_as[0], {}, self.later_as[1]
        if self.denied:
            return 403, {}, refused("no privilege", "Base.1.0.InsufficientPrivilege")
        if path == RESET:
            return self.reset(data.get("ResetType"))
        if path == (SETTINGS if self.settings else SYSTEM) and method == "PATCH":
            return self.patch(headers, data.get("Boot", {}))
        return self.media(method, path, data)

    def let_in(self, headers):
        if headers.get("X-Auth-Token") in self.sessions:
            return True
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return headers.get("Authorization") == "Basic " + basic

    def log_in(self, data):
        if self.no_sessions:
            return 405, {}, refused("no sessions")
        if (data.get("UserName"), data.get("Password")) != (self.user, self.password):
            return 401, {}, refused("wrong")
        if len(self.sessions) >= 6:
            return 503, {}, refused("too many sessions", "Base.1.0.SessionLimitExceeded")
        token = f"token{time.monotonic_ns()}"
        self.sessions[token] = ROOT + f"SessionService/Sessions/{len(self.sessions) + 1}"
        return 201, {"X-Auth-Token": token, "Location": f"https://{self.host}:{self.port}" + self.sessions[token]}, {
            "@odata.id": self.sessions[token], "@odata.type": "#Session.v1_3_0.Session", "Id": "1", "Name": "S", "UserName": self.user}

    def reset(self, kind):
        if kind not in self.resets:
            return 400, {}, refused("no such type", "Base.1.0.ActionParameterNotSupported")
        if (kind == "On") == self.on and kind != "ForceRestart":
            return 409, {}, refused("it is already", "Base.1.0.ActionParameterValueConflict")
        if self.stuck:
            return 204, {}, None
        self.on = kind != "ForceOff"
        if self.on:
            self.log.append(("start", self.boot["BootSourceOverrideTarget"] if self.boot["BootSourceOverrideEnabled"] != "Disabled" else "None",
                             self.boot["BootSourceOverrideMode"]))
            if self.boot["BootSourceOverrideEnabled"] == "Once":
                self.boot.update(BootSourceOverrideEnabled="Disabled", BootSourceOverrideTarget="None")
        return 204, {}, None

    def patch(self, headers, boot):
        if self.if_match and headers.get("If-Match") != f'W/"{self.etag}"':
            return 428, {}, refused("If-Match is needed", "Base.1.0.PreconditionRequired")
        if self.no_mode and "BootSourceOverrideMode" in boot:
            return 400, {}, refused("mode cannot be set", "Base.1.0.PropertyNotWritable")
        if self.all_three and len(boot) < 3 and boot.get("BootSourceOverrideEnabled") != "Disabled":
            return 400, {}, refused("all three", "Base.1.0.PropertyMissing")
        if "BootSourceOverrideTarget" in boot and boot["BootSourceOverrideTarget"] not in self.targets:
            return 400, {}, refused("no such target", "Base.1.0.PropertyValueNotInList")
        self.etag += 1
        if not self.lies:
            self.boot.update(boot)
            if boot.get("BootSourceOverrideEnabled") == "Disabled":
                self.boot["BootSourceOverrideTarget"] = "None"
        return 204, {}, None

    def media(self, method, path, data):
        cd = self.media_under + "/VirtualMedia/Cd"
        if method == "PATCH" and path == cd and self.patch_media:
            self.image = data.get("Image")
            return 204, {}, None
        if method == "POST" and path == cd + "/Actions/VirtualMedia.InsertMedia" and not self.patch_media:
            if self.bare_insert and set(data) != {"Image"}:
                return 400, {}, refused("unknown property", "Base.1.0.PropertyUnknown")
            self.image = None if self.lies else data["Image"]
            return 204, {}, None
        if method == "POST" and path == cd + "/Actions/VirtualMedia.EjectMedia" and not self.patch_media:
            self.image = None
            return 204, {}, None
        return 404, {}, refused("no such thing")

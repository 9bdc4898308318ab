# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of ours for Intel AMT: WS-Management over HTTP or HTTPS, Digest, power and the one-time boot.

No AMT was asked: it behaves as the classes of Intel's SDK and the answers recorded in public projects say. It judges each
envelope that comes in (namespaces, action, class, selectors, references, schema of what is put), answers a fault to what it does not
like and keeps it in .problems. Attributes say what goes wrong.
"""
import hashlib
import http.server
import os
import re
import threading
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ANONYMOUS = ADDRESSING + "/role/anonymous"
MANAGEMENT = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
SCHEMAS = {"CIM": "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/", "AMT": "http://intel.com/wbem/wscim/1/amt-schema/1/",
           "IPS": "http://intel.com/wbem/wscim/1/ips-schema/1/"}
REALM = "Digest:A4070000000000000000000000000000"
ON, OFF = "2", "8"
OLD_SETTINGS = ["BIOSLastStatus", "BIOSPause", "BIOSSetup", "BootMediaIndex", "ConfigurationDataReset", "ElementName", "EnforceSecureBoot",
                "FirmwareVerbosity", "ForcedProgressEvents", "IDERBootDevice", "InstanceID", "LockKeyboard", "LockPowerButton",
                "LockResetButton", "LockSleepButton", "OptionsCleared", "OwningEntity", "ReflashBIOS", "SecureErase", "UseIDER", "UseSOL",
                "UseSafeMode", "UserPasswordBypass"]
NEW_SETTINGS = OLD_SETTINGS + ["BootguardStatus", "PlatformErase", "RPEEnabled", "RSEPassword", "SecureBootControlEnabled",
                               "UEFIHTTPSBootEnabled", "UEFILocalPBABootEnabled", "UefiBootNumberOfParams", "UefiBootParametersArray",
                               "WinREBootEnabled"]
READ_ONLY = {"BIOSLastStatus", "BootguardStatus", "OptionsCleared", "RPEEnabled", "SecureBootControlEnabled", "UEFIHTTPSBootEnabled",
             "UEFILocalPBABootEnabled", "UefiBootParametersArray", "WinREBootEnabled"}
TEXTS = {"BIOSLastStatus": "2", "BootMediaIndex": "0", "ElementName": "Intel(r) AMT Boot Configuration Settings", "FirmwareVerbosity": "0",
         "IDERBootDevice": "0", "InstanceID": "Intel(r) AMT:BootSettingData 0", "OwningEntity": "Intel(r) AMT", "RSEPassword": "",
         "UefiBootNumberOfParams": "0", "UefiBootParametersArray": ""}
# The bytes as SMBIOS has them, and what that is as a UUID.
GUID, UUID = "33221100554477668899AABBCCDDEEFF", "00112233-4455-6677-8899-AABBCCDDEEFF"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Fault(Exception):
    def __init__(self, code, text="", status=400):
        super().__init__(code)
        self.code, self.text, self.status = code, text, status


class Amt:
    """One machine with Intel AMT, on a port of 127.0.0.1."""

    def __init__(self, tls=None, user="admin", password="P@ssw0rd-of AMT", port=0):
        self.user, self.password = user, password
        self.lock = threading.RLock()
        self.power, self.target, self.lag, self.left = OFF, None, 0, 0
        self.settings = {name: TEXTS.get(name, "false") for name in sorted(NEW_SETTINGS)}
        self.read_only = set(READ_ONLY)  # refused when it is put
        self.source, self.role = None, False  # of the next start
        self.started = []  # what each start was from
        self.chassis = {"Manufacturer": "Maker & Sons", "Model": "Desk <7>", "SerialNumber": "S-0042"}
        self.guid, self.version = GUID, "16.1.30"
        self.mode, self.opt_in, self.opt_in_state = "2", "0", "0"  # admin control mode, no consent
        self.absent = set()  # classes this version does not have
        self.returns = {}  # (method, its parameter) or method -> values it returns before it works
        self.faults = {}  # class or method -> Fault
        self.answers = {}  # class or method -> bytes in the place of the answer
        self.keeps_settings = True  # what is put is kept
        self.busy, self.retry_after = 0, "1"  # requests that are answered 503; seconds it tells then, and with faults
        self.uses = 1000  # of a nonce
        self.status = None  # HTTP status in the place of any answer
        self.asked, self.problems, self.logins = [], [], 0
        self.nonces = {}
        self.hold = threading.Event()  # while it is not set nobody is answered
        self.hold.set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (Handler,), {"amt": self}))
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def acts(self):
        """What was asked that changes something, in order."""
        with self.lock:
            return [a for a in self.asked if not a.startswith("Get ")]

    # ---- power ----

    def start(self):
        won = [n for n in ("UseIDER", "BIOSSetup") if self.settings[n] == "true"]
        self.started.append(won[0] if won else self.source if self.role and self.source else "disk")
        self.source, self.role = None, False
        self.power = ON

    def settle(self):
        """Power follows its order when it was asked for so often."""
        if self.target is None:
            return
        self.left -= 1
        if self.left >= 0:
            return
        target, self.target = self.target, None
        if target == OFF:
            self.power = OFF
        else:
            self.start()

    def request_power(self, state):
        if state == "2" and self.power == ON or state in ("5", "10") and self.power != ON:
            return 2
        if state not in ("2", "5", "8", "10"):
            return 5
        self.target, self.left = OFF if state == "8" else ON, self.lag
        return 0

    # ---- an envelope ----

    def judge(self, condition, text):
        if not condition:
            self.problems.append(text)
            raise Fault("SchemaValidationError", "The supplied SOAP violates the corresponding XML schema definition.")

    def one(self, parent, namespace, name):
        found = parent.findall(f"{{{namespace}}}{name}")
        self.judge(len(found) == 1, f"{len(found)} of {name} in {parent.tag}")
        return found[0]

    def selectors(self, parent):
        chosen = {}
        for s in parent.findall(f"{{{MANAGEMENT}}}SelectorSet/{{{MANAGEMENT}}}Selector"):
            self.judge(list(s.attrib) == ["Name"], f"a selector with {s.attrib}")
            chosen[s.attrib["Name"]] = s.text
        return chosen

    def reference(self, parent, uri, name, wanted_class):
        """The selectors of a reference to an instance."""
        node = self.one(parent, uri, name)
        self.judge(self.one(node, ADDRESSING, "Address").text == ANONYMOUS, "a reference's address")
        to = self.one(node, ADDRESSING, "ReferenceParameters")
        self.judge(self.one(to, MANAGEMENT, "ResourceURI").text == SCHEMAS["CIM"] + wanted_class, f"{name} is no {wanted_class}")
        return self.selectors(to)

    def take(self, text):
        """(class, action or "", element in the answer's body)"""
        root = ET.fromstring(text)
        self.judge(root.tag == f"{{{SOAP}}}Envelope", f"root is {root.tag}")
        header, body = self.one(root, SOAP, "Header"), self.one(root, SOAP, "Body")
        uri = self.one(header, MANAGEMENT, "ResourceURI").text
        action = self.one(header, ADDRESSING, "Action").text
        message = self.one(header, ADDRESSING, "MessageID").text
        self.judge(self.one(header, ADDRESSING, "To").text == "/wsman", "To")
        reply = self.one(header, ADDRESSING, "ReplyTo")
        self.judge(self.one(reply, ADDRESSING, "Address").text == ANONYMOUS, "ReplyTo")
        self.judge(re.fullmatch(r"PT\d+S", self.one(header, MANAGEMENT, "OperationTimeout").text), "OperationTimeout")
        kind = uri.rsplit("/", 1)[1]
        self.judge(uri == SCHEMAS.get(kind[:3], "") + kind, f"the class {uri}")
        self.judge(len(body) <= 1, "more than one element in the body")
        return uri, kind, action, message, self.selectors(header), body[0] if len(body) else None

    def answer(self, text):
        with self.lock:
            uri, kind, action, message, chosen, inner = self.take(text)
            self.judge(message, "no MessageID")
            if action.startswith(TRANSFER):
                name = action[len(TRANSFER):]
                self.asked.append(f"{name} {kind}")
                self.look_for_trouble(kind)
                self.judge(name in ("Get", "Put"), action)
                content = self.get(kind, chosen) if name == "Get" else self.put(uri, kind, inner)
                return uri, action + "Response", kind, content
            self.judge(action.startswith(uri + "/"), f"the action {action} of {uri}")
            method = action[len(uri) + 1:]
            self.judge(inner is not None and inner.tag == f"{{{uri}}}{method}_INPUT", f"the input of {method}")
            self.judge(all(c.tag.startswith(f"{{{uri}}}") for c in inner), f"parameters of {method}")
            value = self.invoke(uri, kind, method, inner)
            return uri, action + "Response", method + "_OUTPUT", [("ReturnValue", str(value))]

    def look_for_trouble(self, name):
        if name in self.absent:
            raise Fault("DestinationUnreachable", "No route can be determined to reach the destination role defined by the WSAddressing To.")
        if name in self.faults:
            raise self.faults[name]

    # ---- classes ----

    def get(self, kind, chosen):
        if kind == "CIM_AssociatedPowerManagementService":
            self.settle()
            return [("AvailableRequestedPowerStates", "8"), ("PowerState", self.power), ("ServiceProvided", None)]
        if kind == "CIM_ComputerSystemPackage":
            return [("Antecedent", None), ("PlatformGUID", self.guid)]
        if kind == "CIM_Chassis":
            return list(self.chassis.items())
        if kind == "CIM_SoftwareIdentity":
            self.judge(chosen == {"InstanceID": "AMT"}, f"software {chosen}")
            return [("InstanceID", "AMT"), ("VersionString", self.version)]
        if kind == "AMT_BootSettingData":
            return list(self.settings.items())
        if kind == "IPS_OptInService":
            return [("OptInRequired", self.opt_in), ("OptInState", self.opt_in_state)]
        if kind == "IPS_HostBasedSetupService":
            return [("AllowedControlModes", "2"), ("AllowedControlModes", "1"), ("CurrentControlMode", self.mode)]
        raise Fault("DestinationUnreachable", "No route")

    def put(self, uri, kind, inner):
        self.judge(kind == "AMT_BootSettingData" and inner is not None and inner.tag == f"{{{uri}}}{kind}", f"Put of {kind}")
        names = [c.tag.rsplit("}", 1)[1] for c in inner]
        self.judge(all(c.tag == f"{{{uri}}}{n}" for c, n in zip(inner, names)), "namespaces of what is put")
        known = set(self.settings) - self.read_only
        if not set(names) <= known or names != sorted(names) or len(set(names)) != len(names):
            raise Fault("InvalidRepresentation", "The XML content was not a valid representation of the resource.")
        self.judge(set(OLD_SETTINGS) - READ_ONLY <= set(names), "what is put lacks something")
        if self.keeps_settings:
            self.settings.update({n: c.text or "" for n, c in zip(names, inner)})
        return list(self.settings.items())

    def invoke(self, uri, kind, method, inner):
        parameter = ""
        if method == "ChangeBootOrder":
            self.judge(kind == "CIM_BootConfigSetting" and len(inner) <= 1, "ChangeBootOrder")
            if len(inner):
                parameter = self.reference(inner, uri, "Source", "CIM_BootSourceSetting").get("InstanceID")
        elif method == "SetBootConfigRole":
            self.judge(kind == "CIM_BootService", "SetBootConfigRole")
            config = self.reference(inner, uri, "BootConfigSetting", "CIM_BootConfigSetting")
            parameter = f"{config.get('InstanceID')}, {self.one(inner, uri, 'Role').text}"
        elif method == "RequestPowerStateChange":
            self.judge(kind == "CIM_PowerManagementService", "RequestPowerStateChange")
            machine = self.reference(inner, uri, "ManagedElement", "CIM_ComputerSystem")
            self.judge(machine == {"CreationClassName": "CIM_ComputerSystem", "Name": "ManagedSystem"}, f"power of {machine}")
            parameter = self.one(inner, uri, "PowerState").text
        else:
            self.judge(False, f"the method {method}")
        self.asked.append(f"{method} {parameter}".strip())
        self.look_for_trouble(kind)
        self.look_for_trouble(method)
        for key in ((method, parameter), method):
            if self.returns.get(key):
                return self.returns[key].pop(0)
        return self.carry_out(method, parameter)

    def carry_out(self, method, parameter):
        if method == "RequestPowerStateChange":
            return self.request_power(parameter)
        consents = self.opt_in_state in ("3", "4")
        if (self.mode == "1" or self.opt_in == "4294967295") and parameter and not consents:
            return 2
        if method == "SetBootConfigRole":
            if parameter != "Intel(r) AMT: Boot Configuration 0, 1":
                return 4
            self.role = True
        elif parameter not in ("", "Intel(r) AMT: Force PXE Boot"):
            return 4
        else:
            self.source = parameter or None
        return 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece
    amt = None

    def log_message(self, *args):
        pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    def send(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def ask_for_login(self, stale=False):
        nonce = os.urandom(16).hex()
        self.amt.nonces[nonce] = 0
        self.send(401, b"<html>401</html>",
                  WWW_Authenticate=f'Digest realm="{REALM}", nonce="{nonce}", stale="{str(stale).lower()}", qop="auth"')

    def logged_in(self):
        amt = self.amt
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        told = {n: quoted or plain for n, quoted, plain in re.findall(r'(\w+)=(?:"((?:\\.|[^"])*)"|([^",\s]+))', text)}
        if kind:
            amt.logins += 1
        if kind and kind != "Digest":
            amt.problems.append(f"a login by {kind}")
        if kind != "Digest" or told["nonce"] not in amt.nonces:
            self.ask_for_login(stale=kind == "Digest")
            return False
        ha1, ha2 = md5(f"{amt.user}:{REALM}:{amt.password}"), md5(f"POST:{self.path}")
        if told["response"] != md5(":".join([ha1, told["nonce"], told["nc"], told["cnonce"], told["qop"], ha2])):
            self.ask_for_login()
            return False
        if amt.nonces[told["nonce"]] >= amt.uses:
            del amt.nonces[told["nonce"]]
            self.ask_for_login(stale=True)
            return False
        amt.nonces[told["nonce"]] += 1
        return True

    def do_POST(self):
        amt = self.amt
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        amt.hold.wait(60)
        try:
            if amt.status:
                return self.send(amt.status, b"no")
            if self.path != "/wsman":
                return self.send(404, b"no")
            if not self.logged_in():
                return None
            if self.headers.get("Content-Type") != "application/soap+xml;charset=UTF-8":
                amt.problems.append(f"Content-Type {self.headers.get('Content-Type')}")
            if amt.busy > 0:
                amt.busy -= 1
                return self.send(503, b"", Retry_After=amt.retry_after)
            return self.send_answer(text)
        except OSError:
            self.close_connection = True

    def send_answer(self, text):
        try:
            uri, action, name, content = self.amt.answer(text)
        except Fault as fault:
            return self.send(fault.status, fault_envelope(fault), Content_Type="application/soap+xml; charset=UTF-8",
                             Retry_After=self.amt.retry_after)
        except ET.ParseError as error:
            self.amt.problems.append(f"no XML: {error}")
            return self.send(400)
        for key in (name, name.replace("_OUTPUT", "")):
            if key in self.amt.answers:
                return self.send(200, self.amt.answers[key])
        return self.send(200, envelope(uri, action, name, content), Content_Type="application/soap+xml; charset=UTF-8")


def envelope(uri, action, name, content):
    """As AMT writes it. content: [(name, text)]; None: an element with elements in it."""
    fields = "".join(f"<g:{n}><b:Address>{ANONYMOUS}</b:Address></g:{n}>" if t is None else f"<g:{n}>{escape(t)}</g:{n}>" for n, t in content)
    return (f'<?xml version="1.0" encoding="UTF-8"?><a:Envelope xmlns:a="{SOAP}" xmlns:b="{ADDRESSING}" xmlns:c="{MANAGEMENT}" '
            f'xmlns:g="{uri}"><a:Header><b:To>{ANONYMOUS}</b:To><b:RelatesTo>0</b:RelatesTo>'
            f'<b:Action a:mustUnderstand="true">{action}</b:Action><b:MessageID>uuid:00000000-8086-8086-8086-0000000000BC</b:MessageID>'
            f'<c:ResourceURI>{uri}</c:ResourceURI></a:Header><a:Body><g:{name}>{fields}</g:{name}></a:Body></a:Envelope>').encode()


def fault_envelope(fault):
    return (f'<?xml version="1.0" encoding="UTF-8"?><a:Envelope xmlns:a="{SOAP}" xmlns:e="{MANAGEMENT}"><a:Header></a:Header><a:Body>'
            f'<a:Fault><a:Code><a:Value>a:Sender</a:Value><a:Subcode><a:Value>e:{fault.code}</a:Value></a:Subcode></a:Code>'
            f'<a:Reason><a:Text xml:lang="en-US">{escape(fault.text)}</a:Text></a:Reason><a:Detail></a:Detail></a:Fault></a:Body>'
            '</a:Envelope>').encode()

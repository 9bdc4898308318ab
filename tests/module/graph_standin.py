# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of ours for Entra ID's login and Microsoft Graph's recovery keys, over TLS.

No tenant was asked: it behaves as Microsoft's documentation and the reports named in our notes say. The secrets, keys and codes
are made up. It judges what comes in (method, path, headers, form, the assertion's signature by the openssl tool) and keeps what it
refused in .problems; attributes say what goes wrong.
"""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

TENANT = "9f4ff3ee-0000-4444-8888-a0b1c2d3e4f5"
CLIENT = "1b730954-1111-4444-8888-a0b1c2d3e4f5"
SECRET = "s3cret~+&=%\u00fc. of the application"
RECORDS = "/v1.0/informationProtection/bitlocker/recoveryKeys"
SCOPE = "BitlockerKey.Read.All offline_access"


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], check=True, capture_output=True, input=data).stdout


def make_pki(folder):
    """An authority (ca.pem) and a server's certificate for localhost (server.pem, server.key)."""
    def at(name):
        return os.path.join(folder, name)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Stand-in CA",
            "-keyout", at("ca.key"), "-out", at("ca.pem"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stand-in",
            "-keyout", at("server.key"), "-out", at("server.csr"))
    with open(at("san"), "w") as f:
        f.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2",
            "-extfile", at("san"), "-out", at("server.pem"))
    return at


def make_application(folder, name="app", *key):
    """A key and certificate of an application, in one PEM text."""
    paths = [os.path.join(folder, f"{name}.{end}") for end in ("key", "pem")]
    openssl("req", "-x509", *(key or ("-newkey", "rsa:2048")), "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", paths[0], "-out", paths[1])
    return "".join(pathlib.Path(p).read_text() for p in paths)


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Refused(Exception):
    def __init__(self, status, body, **headers):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def login_refused(code, text, status=400):
    return Refused(status, {"error": code, "error_description": f"{text} Trace ID: 0\r\nTimestamp: now", "error_codes": [0]})


def graph_refused(status, code, text="", **headers):
    return Refused(status, {"error": {"code": code, "message": text, "innerError": {"request-id": "0"}}}, **headers)


class Entra:
    def __init__(self, folder, cert="server"):
        self.folder, self.problems = folder, []
        self.keys = {}  # id, lower case -> {"key", "deviceId", "createdDateTime", "volumeType"}
        self.page = 3  # records a page
        self.application = None  # PEM of the application's certificate
        self.wrapped = False  # the key's answer within "value", as one documented example has it
        self.seconds = 3600  # a token is good for
        self.throttle = []  # (status, Retry-After or None) for the next calls to Graph
        self.throttle_login = []
        self.forbidden, self.forbidden_list, self.no_key = set(), False, False
        self.unauthorized = 0  # so many calls are answered with 401
        self.raw = None  # bytes a key's GET is answered with, or a function that writes to the connection
        self.next_link = None  # instead of the true one
        self.delay = 0
        self.signed_in, self.declined, self.device_seconds, self.interval = False, False, 900, 1
        self.refresh_good = True
        self.tokens, self.refresh, self.devices = set(), None, {}
        self.calls, self.reads, self.polls = [], [], []  # (method, path), audit events, times
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        self.start(cert)

    def start(self, cert):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_args):
                pass

            def do_GET(self):
                outer.handle(self)

            do_POST = do_GET

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(os.path.join(self.folder, f"{cert}.{end}") for end in ("pem", "key")))

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def finish_request(self, request, address):
                with context.wrap_socket(request, server_side=True) as sock:
                    super().finish_request(sock, address)

            def handle_error(self, request, address):
                pass  # a client that goes away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def called(self, part):
        return [c for c in self.calls if part in c[1]]

    def problem(self, text):
        self.problems.append(text)

    # ---- HTTP ----

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        url = urllib.parse.urlsplit(request.path)
        with self.lock:
            self.calls.append((request.command, request.path))
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
        time.sleep(self.delay)
        try:
            if "/oauth2/" in url.path:
                answer = self.login(request, url.path, body)
            else:
                answer = self.graph(request, url)
            status, headers = 200, {}
        except Refused as r:
            status, answer, headers = r.status, r.body, r.headers
        finally:
            with self.lock:
                self.busy -= 1
        if callable(answer):
            answer(request)
            request.close_connection = True
            return
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        request.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(data))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    def throttled(self, steps):
        with self.lock:
            step = steps.pop(0) if steps else None
        if step:
            status, after = step
            headers = {} if after is None else {"Retry_After": str(after)}
            raise graph_refused(status, "TooManyRequests" if status == 429 else "serviceNotAvailable", "Slow down", **headers)

    # ---- login ----

    def login(self, request, path, body):
        self.throttled(self.throttle_login)
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded" or request.command != "POST":
            self.problem("login: not a form")
        form = {}
        for name, value in urllib.parse.parse_qsl(body.decode("ascii"), strict_parsing=True, keep_blank_values=True):
            if name in form:
                self.problem(f"login: {name} twice")
            form[name] = value
        if form.get("client_id") != CLIENT:
            raise login_refused("unauthorized_client", f"AADSTS700016: Application with identifier '{form.get('client_id')}' was not found.")
        if path == f"/{TENANT}/oauth2/v2.0/devicecode":
            return self.device(form)
        if path != f"/{TENANT}/oauth2/v2.0/token":
            raise login_refused("invalid_request", "AADSTS90002: Tenant not found.")
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self.by_application(form, f"{self.url}{path}")
        if grant == "refresh_token":
            self.fields(form, "client_id", "grant_type", "refresh_token", "scope")
            if not self.refresh_good or form["refresh_token"] != self.refresh:
                raise login_refused("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.")
            return self.token(True)
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            return self.poll(form)
        raise login_refused("unsupported_grant_type", "AADSTS70003")

    def fields(self, form, *names):
        if sorted(form) != sorted(names):
            self.problem(f"login: fields {sorted(form)}")

    def token(self, refresh=False):
        token = base64.b64encode(os.urandom(900)).decode()
        self.tokens.add(token)
        answer = {"token_type": "Bearer", "expires_in": self.seconds, "ext_expires_in": self.seconds, "access_token": token}
        if refresh:
            self.refresh = base64.b64encode(os.urandom(600)).decode()
            answer["refresh_token"] = self.refresh
        return answer

    def by_application(self, form, endpoint):
        if form.get("scope") != f"{self.url}/.default":
            self.problem(f"login: scope {form.get('scope')}")
        if self.application is None:
            self.fields(form, "client_id", "client_secret", "grant_type", "scope")
            if form.get("client_secret") != SECRET:
                raise login_refused("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
            return self.token()
        self.fields(form, "client_assertion", "client_assertion_type", "client_id", "grant_type", "scope")
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            self.problem("login: client_assertion_type")
        if not self.assertion_good(form.get("client_assertion", ""), endpoint):
            raise login_refused("invalid_client", "AADSTS700027: The certificate with identifier used to sign the client assertion is not "
                                "registered on application.", 401)
        return self.token()

    def assertion_good(self, jwt, endpoint):
        """Signature (by the openssl tool) and claims, as Microsoft asks for them."""
        head, claims, signature = jwt.split(".")
        header, said = json.loads(from_base64url(head)), json.loads(from_base64url(claims))
        der = openssl("x509", "-outform", "DER", data=self.application.encode())
        thumb = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        if header != {"alg": "PS256", "typ": "JWT", "x5t#S256": thumb}:
            return False
        now = time.time()
        if sorted(said) != ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"] or said["aud"] != endpoint or \
                said["iss"] != CLIENT or said["sub"] != CLIENT or not said["nbf"] <= now + 1 or not now < said["exp"] <= now + 900:
            self.problem(f"assertion: {said}")
            return False
        with tempfile.TemporaryDirectory() as folder:
            for name, data in (("public", openssl("x509", "-pubkey", "-noout", data=self.application.encode())),
                               ("signature", from_base64url(signature))):
                with open(os.path.join(folder, name), "wb") as f:
                    f.write(data)
            done = subprocess.run(["openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest",
                                   "-verify", os.path.join(folder, "public"), "-signature", os.path.join(folder, "signature")],
                                  input=f"{head}.{claims}".encode(), capture_output=True)
        return done.returncode == 0

    def device(self, form):
        self.fields(form, "client_id", "scope")
        if form.get("scope") != f"{self.url}/{SCOPE}":
            self.problem(f"device: scope {form.get('scope')}")
        code, user = base64.b64encode(os.urandom(90)).decode(), f"CODE{len(self.devices):05}"
        self.devices[code] = time.monotonic() + self.device_seconds
        return {"device_code": code, "user_code": user, "verification_uri": "https://login.example/devicelogin",
                "expires_in": self.device_seconds, "interval": self.interval, "message": "To sign in ..."}

    def poll(self, form):
        self.fields(form, "client_id", "device_code", "grant_type")
        self.polls.append(time.monotonic())
        until = self.devices.get(form.get("device_code"))
        if until is None:
            raise login_refused("bad_verification_code", "AADSTS70019")
        if time.monotonic() > until:
            raise login_refused("expired_token", "AADSTS70020: The code has expired.")
        if self.declined:
            raise login_refused("authorization_declined", "AADSTS: declined")
        if len(self.polls) > 1 and self.polls[-1] - self.polls[-2] < 0.9 * self.interval:
            self.problem("polled sooner than allowed")
            raise login_refused("slow_down", "AADSTS: slow down")
        if not self.signed_in:
            raise login_refused("authorization_pending", "AADSTS70016: The user has not signed in yet.")
        return self.token(True)

    # ---- Graph ----

    def graph(self, request, url):
        if not request.headers.get("User-Agent") or request.headers.get("ocp-client-name") != "netmend" or \
                not request.headers.get("ocp-client-version"):
            self.problem("Graph asks for User-Agent, ocp-client-name, ocp-client-version")
        self.throttled(self.throttle)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        with self.lock:
            unauthorized = self.unauthorized > 0
            self.unauthorized -= unauthorized
        if kind != "Bearer" or token not in self.tokens or unauthorized:
            raise graph_refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        if request.command != "GET":
            raise graph_refused(405, "MethodNotAllowed")
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == RECORDS:
            return self.list(query)
        return self.one(url.path, query)

    def list(self, query):
        if set(query) - {"$skiptoken", "$filter"}:
            raise graph_refused(400, "BadRequest", "The query specified in the URI is not valid.")
        if self.forbidden_list:
            raise graph_refused(403, "authorization_error", "Failed to authorize, token doesn't have the required permissions.")
        at = int(query.get("$skiptoken", 0))
        ids = sorted(self.keys)
        answer = {"@odata.context": "x", "value": [{"id": i} | {k: v for k, v in self.keys[i].items() if k != "key"}
                                                   for i in ids[at:at + self.page]]}
        if at + self.page < len(ids):
            answer["@odata.nextLink"] = self.next_link or f"{self.url}{RECORDS}?$skiptoken={at + self.page}"
        return answer

    def one(self, path, query):
        if self.raw is not None:
            return self.raw
        name = path.removeprefix(RECORDS + "/")
        if name in self.forbidden:
            raise graph_refused(403, "authorization_error", "Failed to authorize.")
        if name not in self.keys:  # an id in upper case as well
            raise graph_refused(404, "ResourceNotFound", "The key is not found.")
        if set(query) - {"$select"}:
            raise graph_refused(400, "BadRequest", "The query specified in the URI is not valid.")
        record = {"@odata.context": "x", "id": name} | {k: v for k, v in self.keys[name].items() if k != "key"}
        if query.get("$select") == "key" and not self.no_key:  # with another field besides there is no key
            self.reads.append(name)
            record["key"] = self.keys[name]["key"]
        return {"value": record} if self.wrapped else record

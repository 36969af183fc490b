"""An identity provider over TLS that signs in one agent without asking. Runs in the network of a pod.

Its folder holds its certificate and its signing key; the key set of the latter is in the configuration.
"""

import base64
import json
import ssl
import subprocess
import sys
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FOLDER, ISSUER = Path(sys.argv[1]), sys.argv[2]
AUDIENCE = "postern-desk"
# The nonce of each sign-in by its code.
NONCES: dict[str, str] = {}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: dict) -> str:
    """A JWT under the signing key (ES256)."""
    parts = [encoded(json.dumps(it).encode()) for it in ({"alg": "ES256", "kid": "login", "typ": "JWT"}, claims)]
    text = ".".join(parts).encode()
    command = ["openssl", "dgst", "-sha256", "-sign", FOLDER / "signing.key"]
    der = subprocess.run(command, input=text, capture_output=True, check=True).stdout
    # Two integers, each with its length; JWS wants both in 32 bytes.
    first = der[4 : 4 + der[3]]
    second = der[6 + der[3] :]
    numbers = [int.from_bytes(it).to_bytes(32) for it in (first, second)]
    return f"{text.decode()}.{encoded(b''.join(numbers))}"


class Provider(BaseHTTPRequestHandler):
    def answer(self, status: int, body: dict | None = None, location: str = "") -> None:
        data = json.dumps(body or {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        asked = urllib.parse.urlsplit(self.path)
        if asked.path == "/.well-known/openid-configuration":
            endpoints = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}
            self.answer(200, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"} | endpoints)
        elif asked.path == "/authorize":
            query = dict(urllib.parse.parse_qsl(asked.query))
            code = uuid.uuid4().hex
            NONCES[code] = query["nonce"]
            back = urllib.parse.urlencode({"code": code, "state": query["state"]})
            self.answer(302, location=f"{query['redirect_uri']}?{back}")
        else:
            self.answer(404)

    def do_POST(self) -> None:
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "agent-7", "iat": now, "exp": now + 600, "auth_time": now,
            "nonce": NONCES.pop(form["code"]), "roles": ["helpdesk"], "employee_id": "agent-7", "name": "Ada",
        }
        tokens = {"token_type": "Bearer", "access_token": "none", "expires_in": 600, "id_token": signed(claims)}
        self.answer(200, tokens)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


if __name__ == "__main__":
    server = HTTPServer(("", 443), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "login.crt", FOLDER / "login.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()

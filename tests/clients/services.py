"""Starts the three services over a Redis, behind a gateway that divides the paths of one URL among them."""

import os
import secrets
import tempfile
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from server import Server, free_ports, running

# The code issuer's paths of the public URL, and of the help desk's. All others are the journey runner's.
ISSUERS = ("/oidc/token", "/ido/api/v2/token/exchange", "/cis/v1/auth/otp/send")


@contextmanager
def services(config: Path) -> Iterator[Server]:
    """Runs the services until the end of the block."""
    with ExitStack() as stack:
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        draw(keys)
        at = [f"127.0.0.1:{port}" for port in free_ports(9)]
        redis, http, pages, issuer, verifier, runner, *admins = at
        public = f"http://{stack.enter_context(gateway(http, pages))}"
        host, port = redis.split(":")
        stack.enter_context(running(["redis-server", "--bind", host, "--port", port, "--save", ""], redis))
        trusts = ["--client-keys", keys / "issuer-public", "--client-issuer", public]
        flags = {
            "code-issuer": [
                "--grpc-listen", issuer, "--http-listen", http, "--peppers", keys / "peppers", "--issuer", public,
                "--signing-keys", keys / "issuer", "--journey-runner", f"http://{runner}",
                "--runner-keys", keys / "runner-public",
            ],
            "verifier": [
                "--grpc-listen", verifier, "--peppers", keys / "peppers", *trusts,
                "--runner-keys", keys / "runner-public", "--runner-issuer", public,
            ],
            "journey-runner": [
                "--grpc-listen", runner, "--http-listen", pages, "--verifier", f"http://{verifier}", *trusts,
                "--signing-keys", keys / "runner", "--issuer", public, "--sealing-key", keys / "sealing.key",
            ],
        }
        for (name, own), admin, listens in zip(flags.items(), admins, (http, verifier, pages)):
            program = Path(os.environ["POSTERN_BIN"]).with_name(name)
            shared = ["--config", config, "--store", f"redis://{redis}", "--store-checks", "off", "--admin-listen", admin]
            stack.enter_context(running([program, *shared, *own], listens))
        yield Server(public.removeprefix("http://"), issuer, verifier, runner)


def draw(folder: Path) -> None:
    """Each service's own key, the other's public half, and what is random."""
    (folder / "peppers").mkdir()
    for name in ("peppers/locator.key", "peppers/current.pepper", "sealing.key"):
        (folder / name).write_bytes(secrets.token_bytes(32))
    for name in ("issuer", "runner"):
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for kind, pem in (
            (name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())), (f"{name}-public", public)
        ):
            (folder / kind).mkdir()
            (folder / kind / "1.pem").write_bytes(pem)


@contextmanager
def gateway(issuer: str, runner: str) -> Iterator[str]:
    """Sends each request to its service. Follows no redirect."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    onward = urllib.request.build_opener(Stay)

    class Route(BaseHTTPRequestHandler):
        def answer(self) -> None:
            to = issuer if self.path.split("?")[0] in ISSUERS else runner
            body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
            request = urllib.request.Request(f"http://{to}{self.path}", body, dict(self.headers), method=self.command)
            try:
                answer = onward.open(request, timeout=10)
            except urllib.error.HTTPError as refused:
                answer = refused
            with answer:
                told = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Logs nothing: the tests' output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Route)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()

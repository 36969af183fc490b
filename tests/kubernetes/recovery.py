"""Runs on the small node: the guide from a client's secret to a redeemed code, and the end of the pods.
Returns observations, which test_pods.py checks."""

import json
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from cluster import SERVICES

LIMIT = 60.0
NETWORK = 0.8


def ask(url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Sends one request with JSON or a form. A refusal is returned like any reply."""
    data, headers = None, dict(headers or {})
    if isinstance(body, dict):
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    elif body is not None:
        data = urllib.parse.urlencode(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def wait_for(what: str, holds) -> None:
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > LIMIT:
            raise TimeoutError(what)
        time.sleep(0.05)


def wait_until_ready(container, url: str) -> None:
    """Fails if a container has ended."""
    wait_for(f"{container.name} is ready", lambda: ask(url)[0] == 200 or container.process.poll() is not None)
    assert container.process.poll() is None, f"{container.name} has ended: {container.log()}"


def recover(node) -> dict[str, Any]:
    """Starts all pods, recovers one user, and stops all pods."""
    seen: dict[str, Any] = {"pods": {}, "first_readiness": {}}
    checked = node.containers["verifier"].inside(["/postern/postern", "check", "/etc/postern/config"])
    seen["check"] = run(checked)
    for name in SERVICES:
        node.containers[name].start()
    # A new pod's network may take a second: a policy engine admits its address late.
    time.sleep(NETWORK)
    for name, container in node.containers.items():
        if name not in SERVICES:
            container.start()
    try:
        admin = {name: f"http://{node.addresses[name]}:9090" for name in SERVICES}
        for name in SERVICES:
            wait_for(f"{name} is alive", lambda: ask(f"{admin[name]}/livez")[0] == 200)
            seen["first_readiness"][name] = ask(f"{admin[name]}/readyz")[0]
        for name in SERVICES:
            wait_until_ready(node.containers[name], f"{admin[name]}/readyz")
        issuer, runner = (f"http://{node.addresses[it]}:8080" for it in ("code-issuer", "journey-runner"))
        secret = node.containers["code-issuer"].root / "etc/postern/secrets/clients/help-desk"
        seen["outcome"] = redeem(issuer, runner, secret.read_text().strip())
        if (tls := node.containers["verifier"].root / "etc/postern/secrets/tls").exists():
            at = (node.addresses["verifier"], 50052)
            own = node.containers["journey-runner"].root / "etc/postern/secrets/tls"
            seen["let_in"] = {"runner": is_let_in(at, tls, own), "stranger": is_let_in(at, tls, None)}
        for name, container in node.containers.items():
            seen["pods"][name] = container.status() | {"writes": writes(container)}
        stop(node, seen)
    except TimeoutError as error:
        error.add_note("\n".join(f"{name}: {it.log()[-2000:]}" for name, it in node.containers.items()))
        raise
    finally:
        seen["logs"] = {name: it.log() for name, it in node.containers.items()}
        for container in node.containers.values():
            container.process.kill()
    return seen


def token(issuer: str, secret: str, client: str = "help-desk") -> str:
    """A client's token."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    status, text = ask(f"{issuer}/oidc/token", list(form.items()))
    assert status == 200, text
    return json.loads(text)["access_token"]


def redeem(issuer: str, runner: str, secret: str, user: str = "alice") -> str:
    """Gets a client's token, issues a code and redeems it in a journey; returns how that ended."""
    return redeem_with(token(issuer, secret), issuer, runner, user)


def redeem_with(bearer: str, issuer: str, runner: str, user: str, address: str | None = None) -> str:
    """The same with a given token and source address."""
    request = {"channel": "direct", "identifier_type": "user_id", "identifier": user}
    status, text = ask(f"{issuer}/cis/v1/auth/otp/send", request, {"Authorization": f"Bearer {bearer}"})
    assert status == 200, text
    params = {"external_user_id": user, "temp_code": json.loads(text)["code"]}
    start = {"headers": [], "data": {"policy_request_id": "temp-code-authentication", "params": params}}
    path = "/ido/api/v2/auth/anonymous_invoke?clientId=acme-web"
    # As a gateway forwards the client's address.
    status, text = ask(runner + path, start, {"X-Forwarded-For": address} if address else None)
    assert status == 200, text
    return json.loads(text)["data"]["state"]


def is_let_in(at: tuple[str, int], authority: Path, own: Path | None) -> bool:
    """Whether the verifier accepts a client with that certificate, or with none."""
    context = ssl.create_default_context(cafile=authority / "ca.crt")
    context.set_alpn_protocols(["h2"])
    if own:
        context.load_cert_chain(own / "tls.crt", own / "tls.key")
    try:
        with socket.create_connection(at, 5) as plain, context.wrap_socket(plain, server_hostname="verifier") as told:
            # The settings of HTTP/2, which come first.
            return len(told.recv(9)) == 9
    except ssl.SSLError as refused:
        if "ALERT" not in (refused.reason or ""):
            raise
        return False


def writes(container) -> bool:
    """Whether anything in the container's root is writable."""
    script = "for at in / /etc /usr /etc/postern; do echo x > $at/x && echo $at; done 2>/dev/null; true"
    return run(container.inside(["/bin/sh", "-c", script]))["printed"] != ""


def run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return {"code": done.returncode, "printed": done.stdout + done.stderr}


def stop(node, seen: dict[str, Any]) -> None:
    """Sends all services the signal to end at the same time, as the shutdown of a node does."""
    begun = time.monotonic()
    services = {name: node.containers[name] for name in SERVICES}
    for container in services.values():
        container.terminate()
    admin, http = f"http://{node.addresses['code-issuer']}:9090", f"http://{node.addresses['code-issuer']}:8080"
    wait_for("it says that it is not ready", lambda: ask(f"{admin}/readyz")[0] == 503)
    seen["served_while_draining"] = ask(f"{http}/.well-known/jwks.json")[0]
    for name, container in services.items():
        code = container.process.wait(timeout=LIMIT)
        seen["pods"][name] |= {"code": code, "took": time.monotonic() - begun}

"""Starts the `postern` binary on free loopback ports, and reads the table of inputs."""

import json
import os
import random
import socket
import subprocess
import tempfile
import time
import unicodedata
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "inputs.json").read_text())
LIMIT_S = 20.0


@dataclass(frozen=True)
class Server:
    """Where a `postern` listens."""

    http: str
    issuer: str
    verifier: str
    runner: str


@contextmanager
def postern() -> Iterator[Server]:
    """One that ends with the block."""
    names = ["http", "issuer-grpc", "verifier-grpc", "runner-grpc", "admin"]
    at = [f"127.0.0.1:{port}" for port in free_ports(len(names))]
    listen = [word for name, address in zip(names, at) for word in (f"--{name}-listen", address)]
    command = [os.environ["POSTERN_BIN"], "--config", str(HERE / "config"), "--starts-per-minute", "10000", *listen]
    # A variable of that prefix that is no setting would stop it, and the tests have one: POSTERN_BIN.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            begun = time.monotonic()
            while not accepts(at[0]):
                if process.poll() is not None or time.monotonic() - begun > LIMIT_S:
                    log.seek(0)
                    raise RuntimeError(f"postern does not start:\n{log.read()}")
                time.sleep(0.02)
            yield Server(*at[:4])
        finally:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; all are held until all are known, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for it in sockets:
            it.bind(("127.0.0.1", 0))
        return [it.getsockname()[1] for it in sockets]


def accepts(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        return True
    except OSError:
        return False


def someone() -> dict[str, str]:
    """Digits and letters that no other case has."""
    n = "".join(random.choice("123456789") for _ in range(8))
    return {"n": n, "name": "jane" + n.translate(str.maketrans("123456789", "abcdefghi"))}


def filled_in(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def typed(case: dict[str, str], code: str) -> Any:
    """What is sent for a code: JSON, or nothing at all for `missing`, which is for the caller to see."""
    wrong = ("3" if code.startswith("2") else "2") + code[1:]
    zero = ord(case.get("digits", "0"))
    in_script = "".join(chr(zero + unicodedata.digit(digit)) for digit in code)
    text = filled_in(case["typed"], {"code": in_script, "wrong": wrong})
    return {"text": text, "number": int(text) if case.get("as") == "number" else None, "null": None, "list": [text]}.get(
        case.get("as", "text")
    )


def parameters(case: dict[str, str], user: str, code: str) -> dict[str, Any]:
    """What starts the journey of a case about codes."""
    params = {"external_user_id": user, "temp_code": typed(case, code)}
    if case.get("as") == "missing":
        del params["temp_code"]
    return params

"""Starts the `postern` binary, and others, on free loopback ports."""

import os
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

LIMIT_S = 20.0


@dataclass(frozen=True)
class Server:
    """The addresses of a `postern`."""

    http: str
    issuer: str
    verifier: str
    runner: str


@contextmanager
def postern(*flags: str | Path) -> Iterator[Server]:
    """Runs a `postern` with these flags until the end of the block. Without flags, it serves the demo."""
    names = ["http", "issuer-grpc", "verifier-grpc", "runner-grpc", "admin", "console"]
    at = [f"127.0.0.1:{port}" for port in free_ports(len(names))]
    listen = [word for name, address in zip(names, at) for word in (f"--{name}-listen", address)]
    with running([os.environ["POSTERN_BIN"], *flags, *listen], at[0]):
        yield Server(*at[:4])


@contextmanager
def running(command: list[str | Path], address: str) -> Iterator[None]:
    """Runs a program that listens at that address until the end of the block."""
    # `postern` refuses unknown variables of that prefix, and the tests set one: POSTERN_BIN.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            begun = time.monotonic()
            while not accepts(address):
                if process.poll() is not None or time.monotonic() - begun > LIMIT_S:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} does not start:\n{log.read()}")
                time.sleep(0.02)
            yield
        finally:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Free ports. All are held until all are known, so that they differ."""
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

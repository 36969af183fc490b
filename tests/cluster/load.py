"""Calls at a steady rate until its input ends, then prints how many succeeded, and each that failed.

Runs in the network of a pod, which stands for a gateway (HTTP) or for a backend (gRPC).
"""

import argparse
import http.client
import itertools
import json
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Callable

import grpc
from recovery import token
from stubs import Issuer, Verifier

THREADS = 16
# A kept connection is replaced after so many calls, so that load spreads over new pods.
CALLS_PER_CONNECTION = 50
# As many as gRPC makes: see stubs.py.
ATTEMPTS = 5


class UnavailableError(AssertionError):
    """The answer 503, after which a client tries again."""


class Load:
    """Threads that take turns, so that together they keep the rate."""

    def __init__(self, rate: float) -> None:
        self.rate, self.began = rate, time.monotonic()
        self.turns, self.lock, self.over = itertools.count(), threading.Lock(), threading.Event()
        self.done, self.failed, self.slowest = 0, [], 0.0

    def run(self, make: Callable[[], Callable[[str], int]]) -> None:
        """Runs one thread's calls. Each act returns how many calls it made."""
        act = make()
        while not self.over.is_set():
            due = self.began + next(self.turns) / self.rate
            if self.over.wait(max(0.0, due - time.monotonic())):
                return
            begun = time.monotonic()
            try:
                calls = act(uuid.uuid4().hex)
            except (OSError, http.client.HTTPException, grpc.RpcError, AssertionError) as error:
                calls = 1
                with self.lock:
                    self.failed.append(f"{time.strftime('%X')} {type(error).__name__} {told(error)}")
            with self.lock:
                self.done += calls
                self.slowest = max(self.slowest, time.monotonic() - begun)


def told(error: Exception) -> str:
    return f"{error.code()}: {error.details()}" if isinstance(error, grpc.RpcError) else str(error)


def over_http(secret: str) -> Callable[[], Callable[[str], int]]:
    """Issues a code and redeems it, over kept connections."""
    bearer = token("http://code-issuer.postern.svc:8080", secret)

    def make() -> Callable[[str], int]:
        connections: dict[str, tuple[http.client.HTTPConnection, int]] = {}

        def send(service: str, path: str, body: dict, headers: dict[str, str]) -> dict:
            connection, used = connections.pop(service, (None, 0))
            if connection is None or used == CALLS_PER_CONNECTION:
                if connection:
                    connection.close()
                connection, used = http.client.HTTPConnection(f"{service}.postern.svc", 8080, timeout=10), 0
            connection.request("POST", path, json.dumps(body), headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            if not answer.will_close:
                connections[service] = (connection, used + 1)
            if answer.status == 503:
                raise UnavailableError(f"{service}: {text}")
            assert answer.status == 200, f"{service}: {answer.status} {text}"
            return json.loads(text)

        def act(user: str) -> int:
            """Begins again after a 503, with a new code, as people do."""
            for turn in range(ATTEMPTS):
                try:
                    return recover(user)
                except UnavailableError:
                    if turn + 1 == ATTEMPTS:
                        raise
                    time.sleep(0.2 * 2**turn)

        def recover(user: str) -> int:
            asked = {"channel": "direct", "identifier_type": "user_id", "identifier": user}
            issued = send("code-issuer", "/cis/v1/auth/otp/send", asked, {"Authorization": f"Bearer {bearer}"})
            params = {"external_user_id": user, "temp_code": issued["code"]}
            start = {"headers": [], "data": {"policy_request_id": "temp-code-authentication", "params": params}}
            # An address of its own, from a range for documentation.
            source = f"2001:db8:{user[:4]}:{user[4:8]}::1"
            path = "/ido/api/v2/auth/anonymous_invoke?clientId=acme-web"
            told = send("journey-runner", path, start, {"X-Forwarded-For": source})
            assert told["data"]["state"] == "completed", told
            return 2

        return act

    return make


def over_grpc(bearers: list[str], tls: Path | None) -> Callable[[], Callable[[str], int]]:
    """Issues a code and verifies it, each thread over its own connections."""

    def make() -> Callable[[str], int]:
        issuer = Issuer("code-issuer.postern.svc:50051", bearers[0], tls)
        verifier = Verifier("verifier.postern.svc:50052", bearers[1], tls)

        def act(user: str) -> int:
            code = issuer.issue(user).code
            assert verifier.verify(user, code).HasField("accepted"), "a right code is rejected"
            return 2

        return act

    return make


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("kind", choices=["http", "grpc"])
    given.add_argument("--rate", type=float, required=True, help="calls per second")
    given.add_argument("--tls", type=Path)
    options = given.parse_args()
    # The first line is the client's secret, or the tokens.
    first = json.loads(sys.stdin.readline())
    make = over_http(first) if options.kind == "http" else over_grpc(first, options.tls)
    load = Load(options.rate / 2)
    threads = [threading.Thread(target=load.run, args=(make,), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    load.over.set()
    for thread in threads:
        thread.join(timeout=30)
    seconds = time.monotonic() - load.began
    print(json.dumps({"done": load.done, "failed": load.failed, "slowest": load.slowest, "seconds": seconds}))


if __name__ == "__main__":
    main()

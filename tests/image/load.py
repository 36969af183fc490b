"""Load of recoveries by a few threads, spread over the ready replicas. As behind a Service, the end of a
pod is noticed with a delay."""

import itertools
import threading
import time

from cluster import SERVICES
from recovery import redeem_with, token
from stack import Running

THREADS = 3
# Less than the limit of a client at one replica: 600 codes per minute.
PAUSE = 0.2
# How many codes one token is used for.
TOKEN_FOR = 25
# The most recoveries of a test.
MOST = 5_000


class Load:
    """Runs until the end of the block."""

    def __init__(self, replicas: dict[str, list[Running]], secret: str) -> None:
        self.replicas = {service: list(running) for service, running in replicas.items()}
        self.ready = {service: list(running) for service, running in replicas.items()}
        self.secret, self.done, self.failed = secret, 0, []
        self.turn, self.over, self.lock = itertools.count(), threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.call) for _ in range(THREADS)]
        self.threads.append(threading.Thread(target=self.look))

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def add(self, running: Running) -> None:
        with self.lock:
            self.replicas[running.service].append(running)

    def remove(self, running: Running) -> None:
        with self.lock:
            self.replicas[running.service].remove(running)

    def look(self) -> None:
        """Checks which replicas are ready, twice a second."""
        while not self.over.wait(0.5):
            with self.lock:
                listed = {service: list(running) for service, running in self.replicas.items()}
            ready = {service: [it for it in listed[service] if it.is_ready()] for service in SERVICES}
            # If no replica is known to be ready, all are called.
            self.ready = {service: ready[service] or listed[service] for service in SERVICES}

    def call(self) -> None:
        bearer, used = "", 0
        while not self.over.is_set() and self.done < MOST:
            turn = next(self.turn)
            ready = self.ready
            issuer, runner = (
                ready[service][turn % len(ready[service])].url("8080")
                for service in ("code-issuer", "journey-runner")
            )
            try:
                if used % TOKEN_FOR == 0:
                    bearer = token(issuer, self.secret)
                used += 1
                # Each has an address of its own, from the ranges for documentation (RFC 5737).
                outcome = redeem_with(bearer, issuer, runner, f"user-{turn}", f"203.0.113.{turn % 256}")
            except AssertionError as error:
                outcome = str(error)
            with self.lock:
                self.done += 1
                if outcome != "completed":
                    self.failed.append(f"{issuer} {runner}: {outcome} at {time.strftime('%X')}")
            time.sleep(PAUSE)

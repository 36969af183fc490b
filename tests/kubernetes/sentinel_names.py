"""Three Redis servers and three sentinels that know each other by name, as the component redis-sentinel has
them. The pod of the primary goes, and its name with it. Tells how the failover went where the DNS takes some
time to deny the missing name:

    unshare --net --mount --pid --fork --kill-child --mount-proc python3 sentinel_names.py FOLDER SECONDS
"""

import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "deploy/kubernetes/components/redis-sentinel/start-sentinel"
NAMES = {f"redis-{number}.redis": f"127.0.1.{number + 1}" for number in range(3)}
# Longer than a sentinel waits before it calls a primary down, and an election.
LIMIT = 25.0
# As long as a service waits for a sentinel.
PATIENCE = 0.25


class Dns:
    """Answers for the names, and denies the missing ones after a delay."""

    def __init__(self, delay: float) -> None:
        self.delay, self.missing = delay, set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            question, client = self.socket.recvfrom(1500)
            threading.Thread(target=self.answer, args=(question, client), daemon=True).start()

    def answer(self, question: bytes, client: tuple[str, int]) -> None:
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode())
            at += length + 1
        name, (kind,) = ".".join(labels), struct.unpack(">H", question[at + 1 : at + 3])
        asked = question[12 : at + 5]
        if name not in NAMES or name in self.missing:
            time.sleep(self.delay)
            self.socket.sendto(question[:2] + b"\x81\x83" + struct.pack(">4H", 1, 0, 0, 0) + asked, client)
            return
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(NAMES[name])
        records = [record] if kind == 1 else []
        head = question[:2] + b"\x81\x80" + struct.pack(">4H", 1, len(records), 0, 0)
        self.socket.sendto(head + asked + b"".join(records), client)


def primary(name: str) -> str | None:
    """Which primary a sentinel names; `None` if it does not answer in time."""
    try:
        with socket.create_connection((NAMES[name], 26379), PATIENCE) as sentinel:
            sentinel.settimeout(PATIENCE)
            sentinel.sendall(b"SENTINEL GET-MASTER-ADDR-BY-NAME postern\r\n")
            named = re.search(r"redis-\d\.redis", sentinel.recv(200).decode())
            return named[0] if named else None
    except OSError:
        return None


def start(folder: Path, name: str) -> list[subprocess.Popen]:
    own, at = folder / name, NAMES[name]
    own.mkdir()
    server = ["--bind", at, "--dir", str(own), "--save", "", "--protected-mode", "no", "--replica-announce-ip", name]
    if name != "redis-0.redis":
        server += ["--replicaof", "redis-0.redis", "6379"]
    settings = re.findall(r'^ +echo "(sentinel (?!announce-ip|auth-)[^"]*)"$', SCRIPT.read_text(), re.MULTILINE)
    settings += [f"bind {at}", "port 26379", "protected-mode no", f"sentinel announce-ip {name}"]
    (own / "sentinel.conf").write_text("\n".join(settings) + "\n")
    commands = [["redis-server", *server], ["redis-server", str(own / "sentinel.conf"), "--sentinel"]]
    return [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]


def wait_until(holds) -> float | None:
    """The time until it holds; `None` if it does not within the limit."""
    begun = time.monotonic()
    while time.monotonic() - begun < LIMIT:
        if holds():
            return time.monotonic() - begun
        time.sleep(0.05)
    return None


def fail_over(folder: Path, delay: float) -> dict[str, float | None]:
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    dns, pods = Dns(delay), {name: start(folder, name) for name in NAMES}
    others = [name for name in NAMES if name != "redis-0.redis"]
    assert wait_until(lambda: all(primary(name) for name in NAMES)) is not None, "no sentinel starts"
    # The sentinels learn of the replicas and of each other.
    time.sleep(12)
    dns.missing.add("redis-0.redis")
    for process in pods["redis-0.redis"]:
        process.kill()
    silences, last = [0.0], time.monotonic()

    def is_elected() -> bool:
        nonlocal last
        named = [primary(name) for name in others]
        if any(named):
            last = time.monotonic()
        silences.append(time.monotonic() - last)
        return all(name in others for name in named)

    return {"elected_after": wait_until(is_elected), "silent_for": max(silences)}


if __name__ == "__main__":
    print(json.dumps(fail_over(Path(sys.argv[1]), float(sys.argv[2]))))

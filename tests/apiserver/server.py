"""An API server and its etcd on the loopback, without nodes: manifests are admitted and stored, and no pod
runs."""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

PROGRAMS = Path(os.environ["APISERVER"])
LIMIT = 120.0


@dataclass(frozen=True)
class Answer:
    """The output of kubectl, and whether it succeeded."""

    is_good: bool
    text: str


@dataclass(frozen=True)
class Server:
    """A running server, and the administrator's access to it."""

    url: str
    token: str
    authority: Path

    def kubectl(self, *arguments: str, given: str | None = None) -> Answer:
        who = ["--server", self.url, "--token", self.token, "--certificate-authority", str(self.authority)]
        command = [str(PROGRAMS / "kubectl"), *who, *arguments]
        # An environment without the user's files. Its data is removed with the server.
        home = str(self.authority.parent)
        environment = {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": os.devnull}
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, env=environment, timeout=LIMIT
        )
        return Answer(done.returncode == 0, done.stdout + done.stderr)

    def must(self, *arguments: str, given: str | None = None) -> str:
        answer = self.kubectl(*arguments, given=given)
        assert answer.is_good, f"kubectl {' '.join(arguments)}: {answer.text}"
        return answer.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextlib.contextmanager
def process(name: str, folder: Path, *flags: str) -> Iterator[subprocess.Popen]:
    """Runs a program until the end of the block, with its output in a file."""
    with open(folder / f"{name}.log", "w", encoding="utf-8") as log:
        started = subprocess.Popen([PROGRAMS / name, *flags], stdout=log, stderr=log, cwd=folder)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(timeout=30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    clients, peers, port = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}", free_port()
    token = secrets.token_hex(16)
    (folder / "tokens").touch(mode=0o600)
    (folder / "tokens").write_text(f"{token},administrator,1,system:masters\n")
    subprocess.run(["openssl", "genrsa", "-out", folder / "accounts.key", "2048"], check=True, capture_output=True)
    etcd = [
        f"--data-dir={folder}/etcd", f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}",
    ]
    api = [
        f"--etcd-servers={clients}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
        # No client reaches it by a Service.
        "--endpoint-reconciler-type=none",
        f"--secure-port={port}", f"--cert-dir={folder}/certificates", f"--token-auth-file={folder}/tokens",
        "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://127.0.0.1", f"--service-account-key-file={folder}/accounts.key",
        f"--service-account-signing-key-file={folder}/accounts.key",
    ]
    with process("server", folder, *etcd) as store, process("kube-apiserver", folder, *api) as serving:
        server = Server(f"https://127.0.0.1:{port}", token, folder / "certificates/apiserver.crt")
        begun = time.monotonic()
        while not server.kubectl("get", "--raw", "/readyz").is_good:
            logs = "\n".join((folder / f"{it}.log").read_text()[-3000:] for it in ("server", "kube-apiserver"))
            assert store.poll() is None and serving.poll() is None, logs
            assert time.monotonic() - begun < LIMIT, logs
            time.sleep(0.5)
        yield server

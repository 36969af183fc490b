"""Pods outside of Postern that stand for its callers: programs of this machine run in their networks."""

import base64
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from deployment import Deployment, is_ready
from testbed.control_plane import wait_for

HERE = Path(__file__).parent
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: caller, namespace: {namespace}, labels: {labels}}}
spec:
  containers: [{{name: caller, image: "registry.k8s.io/pause:3.10", imagePullPolicy: Never,
    securityContext: {{allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 10009,
      capabilities: {{drop: [ALL]}}, seccompProfile: {{type: RuntimeDefault}}}}}}]
  terminationGracePeriodSeconds: 0
"""
# As mutual-tls/kustomization.yaml says: a caller's certificate comes from the Issuer `postern`.
CERTIFICATE = """
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: caller, namespace: postern}
spec:
  secretName: caller-tls
  dnsNames: [caller]
  usages: [digital signature, client auth]
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {kind: Issuer, name: postern}
"""


@dataclass
class Outcome:
    """How a load ended."""

    done: int
    failed: list[str]
    slowest: float
    seconds: float

    def __str__(self) -> str:
        rate = self.done / self.seconds
        return f"{self.done} calls at {rate:.0f}/s, {len(self.failed)} failed, slowest {self.slowest * 1000:.0f} ms"


class Callers:
    """The pods, one in each namespace outside."""

    def __init__(self, deployment: Deployment, rate: float) -> None:
        self.deployment, self.bed, self.rate = deployment, deployment.bed, rate

    def pod(self, namespace: str, labels: str = "{app: caller}") -> dict[str, Any]:
        """The pod of a namespace, which is created if it is missing."""
        self.bed.kubectl("apply", "-f", "-", given=POD.format(namespace=namespace, labels=labels))
        wait_for("the pod of a caller", lambda: is_ready(self.bed.get("-n", namespace, "pod/caller")[0]))
        return self.bed.get("-n", namespace, "pod/caller")[0]

    def certificate(self) -> Path:
        """The files of a caller's certificate."""
        folder = self.bed.work / "caller"
        self.bed.kubectl("apply", "-f", "-", given=CERTIFICATE)
        self.deployment.kubectl("wait", "--for=condition=Ready", "certificate/caller", "--timeout=60s")
        folder.mkdir(exist_ok=True)
        (secret,) = self.bed.get("-n", "postern", "secret/caller-tls")
        for name, data in secret["data"].items():
            (folder / name).write_bytes(base64.b64decode(data))
        return folder

    def tokens(self) -> list[str]:
        """The tokens of the clients that issue and that verify."""
        issuer = "http://code-issuer.postern.svc:8080"
        asked = (
            "import json, sys; from recovery import token; secret = input(); print(json.dumps("
            "[token(sys.argv[1], secret, it) for it in ('help-desk', 'login')]))"
        )
        return json.loads(self.python("gateway", "-c", asked, issuer, given=self.deployment.secret))

    def python(self, namespace: str, *arguments: str, given: str = "") -> str:
        """Runs Python in the network of a caller. Secrets are its input, and on no command line."""
        done = self.bed.inside(self.pod(namespace), sys.executable, *arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def started(self, script: str, namespace: str, first: Any, *flags: str) -> Iterator[subprocess.Popen[str]]:
        """Runs a script of this folder in the network of a caller until the end of the block. Its first line of
        input has secrets, which are on no command line."""
        inside = self.bed.entering(self.pod(namespace), sys.executable, str(HERE / script), *flags)
        pipe = subprocess.PIPE
        process = subprocess.Popen(inside, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        try:
            process.stdin.write(json.dumps(first) + "\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def load(self, kind: str, share: float = 1) -> Iterator[Outcome]:
        """Calls at a share of the usual rate until the end of the block, which then knows the outcome."""
        outcome = Outcome(0, [], 0.0, 0.0)
        namespace, first, flags = "gateway", self.deployment.secret, [kind, f"--rate={self.rate * share}"]
        if kind == "grpc":
            namespace, first = "backends", self.tokens()
            flags += [f"--tls={self.certificate()}"] if self.deployment.has_tls else []
        with self.started("load.py", namespace, first, *flags) as process:
            yield outcome
            printed, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            outcome.__dict__.update(json.loads(printed))

    @contextmanager
    def desk(self) -> Iterator[Callable[..., Any]]:
        """Issues and verifies codes one by one: desk.py says how."""
        with self.started("desk.py", "backends", self.tokens(), str(self.certificate())) as process:

            def act(*asked: str) -> Any:
                process.stdin.write(json.dumps(asked) + "\n")
                process.stdin.flush()
                return json.loads(process.stdout.readline())

            yield act

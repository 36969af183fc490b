"""The control plane, and what every cluster has beside it, as processes: etcd, API server, controllers,
scheduler, metrics server and cert-manager."""

import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from testbed.host import sh
from testbed.network import CONTROL_PLANE, PODS, SERVICES
from testbed.programs import Program, start

LIMIT = 120.0
# Each user's groups. Those of the control plane may do everything here.
USERS = {"admin": "system:masters", "controllers": "system:masters", "system:kube-scheduler": "",
         "system:kube-proxy": ""} | {f"system:node:node{number}": "system:nodes" for number in (1, 2, 3)}


@dataclass
class ControlPlane:
    """A running API server, access to it, and the programs of the whole cluster."""

    folder: Path
    programs: dict[str, Program]

    def access(self, user: str) -> Path:
        """The kubeconfig of a user."""
        return self.folder / f"{user.replace(':', '-')}.kubeconfig"

    def kubectl(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        """Runs kubectl as the administrator and returns its output."""
        command = [Program.path("kubectl"), "--kubeconfig", str(self.access("admin")), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0 or not check, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + ("" if check else done.stderr)


def write_access(folder: Path) -> None:
    """A token for each user, and a kubeconfig with it."""
    tokens = {user: secrets.token_hex(16) for user in USERS}
    lines = [f'{token},{user},{user},"{USERS[user]}"\n' for user, token in tokens.items()]
    (folder / "tokens").write_text("".join(lines))
    for user, token in tokens.items():
        ControlPlane(folder, {}).access(user).write_text(f"""
apiVersion: v1
kind: Config
clusters:
  - name: cluster
    cluster: {{server: "https://{CONTROL_PLANE}:6443", certificate-authority: {folder}/certificates/apiserver.crt}}
users: [{{name: user, user: {{token: {token}}}}}]
contexts: [{{name: context, context: {{cluster: cluster, user: user}}}}]
current-context: context
""")


def run(work: Path) -> ControlPlane:
    """Starts the control plane, and waits until the API server is ready."""
    folder = work / "control-plane"
    folder.mkdir()
    write_access(folder)
    sh("openssl", "genrsa", "-out", folder / "accounts.key", "2048")
    # The API server shows this certificate to the metrics server, when it forwards a request.
    proxy = ["-keyout", folder / "proxy.key", "-out", folder / "proxy.crt", "-subj", "/CN=front-proxy"]
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *proxy)
    etcd, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    plane = ControlPlane(folder, {})
    plane.programs["etcd"] = start(work, "server", [
        f"--data-dir={folder}/etcd", "--unsafe-no-fsync", f"--listen-client-urls={etcd}",
        f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}",
    ])
    plane.programs["kube-apiserver"] = start(work, "kube-apiserver", [
        f"--etcd-servers={etcd}", f"--bind-address={CONTROL_PLANE}", f"--advertise-address={CONTROL_PLANE}",
        f"--cert-dir={folder}/certificates", f"--token-auth-file={folder}/tokens",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
        f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={folder}/accounts.key",
        f"--service-account-signing-key-file={folder}/accounts.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={folder}/proxy.crt", "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={folder}/proxy.crt", f"--proxy-client-key-file={folder}/proxy.key",
        "--enable-aggregator-routing=true",
    ])
    wait_for("the API server", lambda: "ok" in plane.kubectl("get", "--raw", "/readyz", check=False), plane)
    controllers = plane.access("controllers")
    plane.programs["kube-controller-manager"] = start(work, "kube-controller-manager", [
        f"--kubeconfig={controllers}", "--leader-elect=false", "--bind-address=127.0.0.1",
        "--use-service-account-credentials=true", f"--root-ca-file={folder}/certificates/apiserver.crt",
        f"--service-account-private-key-file={folder}/accounts.key", f"--cluster-cidr={PODS}",
        f"--service-cluster-ip-range={SERVICES}",
        # Faster than in production, where a test would wait for minutes.
        "--horizontal-pod-autoscaler-sync-period=5s", "--horizontal-pod-autoscaler-cpu-initialization-period=30s",
    ])
    plane.programs["kube-scheduler"] = start(work, "kube-scheduler", [
        f"--kubeconfig={plane.access('system:kube-scheduler')}", "--leader-elect=false", "--bind-address=127.0.0.1",
    ])
    return plane


def wait_for(what: str, holds, plane: ControlPlane | None = None, limit: float = LIMIT) -> float:
    """Waits until something holds, and returns the seconds that it took."""
    begun = time.monotonic()
    while not holds():
        logs = "".join(it.tail() for it in plane.programs.values() if it.has_ended()) if plane else ""
        assert not logs, logs
        assert time.monotonic() - begun < limit, f"{what}: not within {limit:.0f} s"
        time.sleep(0.2)
    return time.monotonic() - begun

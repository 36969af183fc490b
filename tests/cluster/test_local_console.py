"""The console beside the local overlay, as deploy/console.md and deploy/agents.md say: an agent signs in with the
company's identity provider and looks a caller up, through the Service as behind a gateway."""

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from callers import Callers
from deployment import NAMESPACE, Deployment, Overlay
from testbed.authority import LOGIN

HERE = Path(__file__).parent
ISSUER = f"https://{LOGIN}"
AGENTS = f"""
issuer: {ISSUER}
audience: postern-desk
clients: [acme-console]
jwks_file: keys.json
claim: roles
self: {{ user_id: employee_id }}
roles:
  helpdesk: {{ applications: [acme], may: [issue, revoke, read] }}
"""
CLIENT = """clients:
  - id: acme-console
    secret_sha256: {hashed}
    scopes: [codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]
"""
SETTINGS = f"""
      - console-url=https://console.example
      - console-provider={ISSUER}
      - console-provider-client=postern-desk
      - console-client=acme-console
"""
# The pod of the provider under a name.
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: login, namespace: login}
spec: {selector: {app: caller}, ports: [{port: 443}]}
"""


def add(deployment: Deployment) -> None:
    """Steps 3 to 5 of deploy/console.md."""
    configuration, secret = deployment.folder / "configuration", secrets.token_hex(24)
    application = configuration / "applications/acme.yaml"
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    application.write_text(application.read_text().replace("clients:\n", CLIENT.format(hashed=hashed), 1))
    (configuration / "agents").mkdir()
    (configuration / "agents/acme.yaml").write_text(AGENTS)
    (configuration / "agents/keys.json").write_text((deployment.bed.work / "login/keys.json").read_text())
    kustomization = configuration / "kustomization.yaml"
    agents = "  - name: postern-agents\n    files: [agents/acme.yaml, agents/keys.json]\n"
    text = kustomization.read_text().replace("    literals:\n", f"    literals:{SETTINGS}", 1)
    # A gateway's pods forward the address of browsers.
    text = text.replace("trusted-proxies=127.0.0.0/8", "trusted-proxies=10.244.0.0/16")
    kustomization.write_text(f"{text.rstrip()}\n{agents}")
    drawn = deployment.folder.parents[1] / "secrets/drawn/console-redis"
    made = {"console-provider": "--from-literal=secret=none", "console-client": f"--from-literal=secret={secret}",
            "console-redis": f"--from-file={drawn}"}
    for name, source in made.items():
        deployment.kubectl("create", "secret", "generic", name, source)


CONSOLE = Overlay(
    "console", "local",
    (
        ("  - configuration\n", "  - configuration\n  - ../../components/console\n"),
        ("images:\n", "images:\n  - name: postern.invalid/console\n    newName: postern/console\n    newTag: local\n"),
    ),
    add,
)


@pytest.fixture(scope="module", autouse=True)
def provider(deployment: Deployment, callers: Callers) -> Iterator[None]:
    deployment.have(CONSOLE)
    bed = deployment.bed
    bed.kubectl("create", "namespace", "login", check=False)
    bed.kubectl("apply", "-f", "-", given=SERVICE)
    command = [sys.executable, str(HERE / "login.py"), str(bed.work / "login"), ISSUER]
    process = subprocess.Popen(bed.entering(callers.pod("login"), *command))
    yield
    process.kill()
    process.wait()


def test_an_agent_signs_in_and_looks_a_caller_up(callers: Callers) -> None:
    page = callers.python("gateway", str(HERE / "browser.py"))
    assert "Ada" in page and "alice" in page, page


def test_the_consoles_pods_are_ready(deployment: Deployment) -> None:
    pods = deployment.bed.pods(NAMESPACE, "app.kubernetes.io/name=console")
    assert len(pods) == 2
    assert all(it["status"]["containerStatuses"][0]["restartCount"] == 0 for it in pods)

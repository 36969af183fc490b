"""The directory of users in Python answers Postern, and only Postern."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest
from quickstart import CLIENTS, ROOT, QuickStart
from server import LIMIT_S, Server, accepts, free_ports, postern

DEMO = ROOT / "services/postern/demo"
PYTHON = CLIENTS / "python"

pytestmark = pytest.mark.skipif("python" not in os.environ["LANGUAGES"].split(), reason="Python was not asked for")


@contextmanager
def directory(token: Path) -> Iterator[str]:
    """Serves the directory until the end of the block."""
    at = f"127.0.0.1:{free_ports(1)[0]}"
    command = [PYTHON / "venv/bin/python", "directory.py", at]
    process = subprocess.Popen(command, cwd=PYTHON, env={**os.environ, "TOKEN_FILE": str(token)})
    try:
        begun = time.monotonic()
        while not accepts(at):
            assert process.poll() is None and time.monotonic() - begun < LIMIT_S, "the directory does not start"
            time.sleep(0.02)
        yield at
    finally:
        process.kill()
        process.wait()


def send(at: Server, identifier_type: str, identifier: str) -> tuple[int, str]:
    """Asks for a code. Returns the status, and the code or the error."""
    form = {"grant_type": "client_credentials", "client_id": "acme-support", "client_secret": "acme-support-secret"}
    with urllib.request.urlopen(f"http://{at.http}/oidc/token", urllib.parse.urlencode(form).encode()) as answer:
        token = json.load(answer)["access_token"]
    body = {"channel": "direct", "identifier_type": identifier_type, "identifier": identifier}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{at.http}/cis/v1/auth/otp/send", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["code"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error_code"]


def test_the_directory_finds_its_users_for_who_has_the_token(tmp_path: Path) -> None:
    QuickStart("python").build()
    config, token, wrong = tmp_path / "config", tmp_path / "directory.token", tmp_path / "wrong.token"
    shutil.copytree(DEMO, config)
    application = config / "applications/acme.yaml"
    application.write_text(application.read_text() + "\nusers: { directory: grpc }\n")
    token.write_text("a token of the directory\n")
    wrong.write_text("another token\n")
    with directory(token) as at:
        flags = ["--config", config, "--directory", f"http://{at}", "--directory-token-file"]
        with postern(*flags, token) as trusted:
            assert send(trusted, "email", "Ada@Example.com")[0] == 200
            assert send(trusted, "user_id", "u-1001")[0] == 200
            assert send(trusted, "email", "bob@example.com") == (404, "user_not_found")
        with postern(*flags, wrong) as stranger:
            assert send(stranger, "email", "ada@example.com") == (503, "unavailable")

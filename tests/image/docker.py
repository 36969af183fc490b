"""A Docker daemon for these tests only, and its images."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

from roots import REDIS, add_programs

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


class Daemon:
    """A running daemon with all its data in one folder."""

    def __init__(self, folder: Path) -> None:
        self.socket = f"unix://{folder}/socket"

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Runs Debian's client and returns its output."""
        # Debian's client supports BuildKit without a plugin.
        command = ["/usr/bin/docker", "--host", self.socket, *arguments]
        environment = os.environ | {"DOCKER_BUILDKIT": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180)
        assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return (done.stdout + ("" if check else done.stderr)).strip()

    def inspect(self, name: str) -> Any:
        return json.loads(self.docker("inspect", name))[0]

    def build(self, service: str, context: Path) -> str:
        """Builds the last stage of the Dockerfile on `scratch`, from binaries that exist already."""
        image = f"postern/{service}:local"
        arguments = {"BASE": "scratch", "BINARIES": "given", "SERVICE": service, "REVISION": "tested"}
        given = [it for key, value in arguments.items() for it in ("--build-arg", f"{key}={value}")]
        self.docker("build", "--file", str(DOCKERFILE), *given, "--tag", image, str(context))
        return image


@contextlib.contextmanager
def daemon() -> Iterator[Daemon]:
    """Runs a daemon until the end of the block, and ends all its containers."""
    folder = Path(tempfile.mkdtemp(prefix="postern-docker-"))
    log = open(folder / "log", "w", encoding="utf-8")
    places = {"--data-root": "data", "--exec-root": "exec", "--pidfile": "pid"}
    command = ["dockerd", "--host", f"unix://{folder}/socket"]
    command += [it for flag, name in places.items() for it in (flag, str(folder / name))]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    started = Daemon(folder)
    try:
        begun = time.monotonic()
        while "Server Version" not in started.docker("info", check=False):
            assert process.poll() is None and time.monotonic() - begun < 60, (folder / "log").read_text()
            time.sleep(0.2)
        yield started
    finally:
        running = re.findall(r"^[0-9a-f]{12,}$", started.docker("ps", "-aq", check=False), re.M)
        if running:
            started.docker("rm", "-f", *running, check=False)
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def context(folder: Path) -> Path:
    """The input of the Dockerfile's stage `given`: static binaries, their bills of materials, and the
    authorities."""
    folder.mkdir()
    subprocess.run([ROOT / "deploy/docker/bills", folder], check=True, cwd=ROOT)
    for binary in ("code-issuer", "verifier", "journey-runner", "console", "postern"):
        shutil.copy2(Path(os.environ["POSTERN_STATIC"]) / binary, folder)
    shutil.copy2(AUTHORITIES, folder)
    return folder


def import_redis(running: Daemon, folder: Path, image: str) -> None:
    """Builds an image of the host's Redis with the programs that the scripts of deploy/ use."""
    add_programs(folder, REDIS)
    archive = folder.with_suffix(".tar")
    subprocess.run(["tar", "-C", folder, "-cf", archive, "."], check=True)
    running.docker("import", "--change", "ENV PATH=/usr/bin:/bin", str(archive), image)

"""The README of a client: its commands, and the output that it promises."""

import os
import re
import subprocess
import textwrap
from pathlib import Path

from server import Server

CLIENTS = Path(__file__).parents[1]
ROOT = CLIENTS.parents[1]
# The first build of a client fetches what it needs.
LIMIT_S = 1200


class QuickStart:
    def __init__(self, language: str):
        page = (CLIENTS / language / "README.md").read_text()
        commands, self.shown = (self._block(page, kind) for kind in ("sh", "text"))
        *self._before, self._last = re.sub(r"\\\n *", "", commands).splitlines()

    @staticmethod
    def _block(page: str, kind: str) -> str:
        blocks = re.findall(rf"^( *)```{kind}\n(.*?)^\1```$", page, re.DOTALL | re.MULTILINE)
        assert len(blocks) == 1, f"{len(blocks)} blocks of {kind}"
        return textwrap.dedent(blocks[0][1])

    def build(self) -> None:
        """Runs all commands but the last one."""
        self._run(self._before, {}).check_returncode()

    def recover(self, at: Server, *arguments: str) -> tuple[bool, str]:
        """Runs the last command with these arguments instead of `alice`. Returns its success and its output."""
        assert "alice" in self._last, self._last
        change_folder = self._before[0]
        assert change_folder.startswith("cd tests/clients/"), change_folder
        addresses = {"TOKEN_ENDPOINT": f"http://{at.http}/oidc/token", "ISSUER": at.issuer, "VERIFIER": at.verifier}
        done = self._run([change_folder, self._last.replace("alice", " ".join(arguments))], addresses)
        # Maven resets colours even where it uses none.
        return done.returncode == 0, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)

    def _run(self, commands: list[str], variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
        )

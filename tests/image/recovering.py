"""The time until recoveries succeed again."""

import time

from recovery import redeem
from stack import Running, Stack


def recovers_within(stack: Stack, services: dict[str, Running], seconds: float, what: str) -> None:
    """Retries until a recovery succeeds. Early failures are printed."""
    secret = next(stack.folder.glob("code-issuer-*/clients/help-desk"))
    issuer, runner = (services[it].url("8080") for it in ("code-issuer", "journey-runner"))
    begun, turn, outcome = time.monotonic(), 0, ""
    while outcome != "completed":
        assert time.monotonic() - begun < seconds, f"{what}: {outcome}\n{logs(stack)}"
        try:
            turn += 1
            outcome = redeem(issuer, runner, secret.read_text().strip(), f"{what}-{turn}")
        except AssertionError as refused:
            outcome = str(refused)
            time.sleep(0.5)
    print(f"\n{what}: service again after {time.monotonic() - begun:.1f} s")


def logs(stack: Stack) -> str:
    """The last lines of every container's log."""
    names = stack.daemon.docker("ps", "-a", "--format", "{{.Names}}").split()
    return "\n".join(f"{it}: {stack.daemon.docker('logs', '--tail', '20', it, check=False)}" for it in names)

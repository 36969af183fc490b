"""The quick starts do what their READMEs say, and their programs parse Postern's errors."""

import json
import re
import shutil
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from quickstart import ROOT, QuickStart
from server import Server, postern

DEMO = ROOT / "services/postern/demo"


def someone() -> str:
    return f"jane-{uuid.uuid4().hex}"


def masked(output: str) -> str:
    """The output without the parts that differ between runs."""
    return re.sub(r"grant [\w-]{22}", "grant GRANT", re.sub(r"issued \d{6}", "issued CODE", output))


def test_the_commands_print_what_the_page_shows(demo: Server, client: QuickStart) -> None:
    succeeds, output = client.recover(demo, someone())
    assert succeeds, output
    assert masked(output) == masked(client.shown)
    assert "issued CODE" in masked(output) and "grant GRANT" in masked(output), output


def test_the_delay_of_a_refusal_is_read(client: QuickStart, tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path, dirs_exist_ok=True)
    application = tmp_path / "applications/acme.yaml"
    policy = application.read_text()
    assert "temp_code:\n" in policy
    application.write_text(policy.replace("temp_code:\n", "temp_code:\n  issues_per_hour: 1\n"))
    with postern("--config", tmp_path) as strict:
        user = someone()
        assert client.recover(strict, user)[0]
        succeeds, output = client.recover(strict, user)
    assert not succeeds, output
    delay = re.search(r"^refused: ISSUE_QUOTA_EXCEEDED; .*; try again in (\d+) s$", output, re.MULTILINE)
    assert delay and 3000 < int(delay[1]) <= 3600, output


def test_a_code_is_paired_with_the_journey_that_shows_the_number(demo: Server, client: QuickStart) -> None:
    user = someone()
    succeeds, output = client.recover(demo, user, pairing_number(demo, user))
    assert succeeds, output
    assert re.search(r"^issued \d{6}: 3 attempts, paired$", output, re.MULTILINE), output
    assert "rejected: REJECTION_REASON_NOT_PAIRED" in output, "the code works in that journey only"

    succeeds, output = client.recover(demo, someone(), "123456")
    assert not succeeds, output
    assert "refused: PAIRING_NOT_FOUND; " in output


def pairing_number(demo: Server, user: str) -> str:
    """The number on the recovery page, fetched with the Web SDK's protocol."""
    data = {"policy_request_id": "account-recovery", "params": {}}
    first = post(demo, "anonymous_invoke", {}, {"headers": [], "data": data})
    ids = {header["type"]: header[header["type"]] for header in first["headers"]}
    step = first["data"]["control_flow"][0]
    answer = {
        "assertion_id": step["assertion_id"],
        "action": step["type"],
        "fch": first["data"]["challenge"],
        "assert": "action",
        "input": {"external_user_id": user},
    }
    query = {"sid": ids["session_id"], "did": ids["device_id"]}
    shown = post(demo, "assert", query, {"headers": first["headers"], "data": answer})
    return shown["data"]["control_flow"][0]["app_data"]["pairing"]["number"]


def post(demo: Server, operation: str, query: dict[str, str], body: Any) -> Any:
    query = urllib.parse.urlencode({"clientId": "acme-web", **query})
    url = f"http://{demo.http}/ido/api/v2/auth/{operation}?{query}"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

"""The inputs, sent by curl: issues over `otp/send`, redeems over the Web SDK's protocol."""

import json
import subprocess
from typing import Any

from server import Server
from table import filled_in, parameters, someone


def curl(url: str, *arguments: str) -> tuple[int, Any]:
    """Sends one request. A refusal is returned like any reply."""
    command = ["curl", "--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_code}", url, *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    body, _, status = told.rpartition("\n")
    return int(status), json.loads(body)


def post(url: str, body: Any, *arguments: str) -> tuple[int, Any]:
    # Sent as a file's content, which curl does not change.
    data = json.dumps(body)
    return curl(url, "--header", "Content-Type: application/json", "--data-binary", data, *arguments)


def issue(server: Server, kind: str, user: str) -> str:
    """Issues a code that a JSON number can hold: it does not begin with a zero."""
    form = {"grant_type": "client_credentials", "client_id": "acme-support", "client_secret": "acme-support-secret"}
    fields = [word for name, value in form.items() for word in ("--data-urlencode", f"{name}={value}")]
    status, answer = curl(f"http://{server.http}/oidc/token", *fields)
    assert status == 200, answer
    bearer = f"Authorization: Bearer {answer['access_token']}"
    body = {"channel": "direct", "identifier_type": kind, "identifier": user}
    while True:
        status, answer = post(f"http://{server.http}/cis/v1/auth/otp/send", body, "--header", bearer)
        assert status == 200, answer
        if not answer["code"].startswith("0"):
            return answer["code"]


def redeem(server: Server, kind: str, params: dict[str, Any]) -> tuple[str, str]:
    """Redeems a code; returns how the journey ended, and its message."""
    data = {"policy_request_id": f"redeem-{kind}", "params": params}
    url = f"http://{server.http}/ido/api/v2/auth/anonymous_invoke?clientId=acme-web"
    status, answer = post(url, {"headers": [], "data": data})
    message = answer["error_message"]
    if status == 400:
        return "unreadable", message
    assert status == 200, answer
    return {"completed": "accepted", "rejected": "rejected"}[answer["data"]["state"]], message


def test_codes(server: Server, code_case: dict[str, str]) -> None:
    user = someone()["name"]
    code = issue(server, "user_id", user)
    # One more than the policy allows: a malformed code costs no attempt.
    for _ in range(4 if code_case["outcome"] == "unreadable" else 1):
        outcome, message = redeem(server, "user_id", parameters(code_case, user, code))
        assert outcome == code_case["outcome"], message
    if outcome != "accepted":
        assert ("params.temp_code" in message) == (outcome == "unreadable"), message
        assert redeem(server, "user_id", {"external_user_id": user, "temp_code": code})[0] == "accepted"


def test_identifiers(server: Server, user_case: dict[str, str]) -> None:
    values = someone()
    issued, typed = (filled_in(user_case[key], values) for key in ("issued", "typed"))
    code = issue(server, user_case["type"], issued)
    outcome, message = redeem(server, user_case["type"], {"external_user_id": typed, "temp_code": code})
    assert outcome == user_case["outcome"], message
    assert ("params.external_user_id" in message) == (outcome == "unreadable"), message

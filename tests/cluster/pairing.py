"""Pairs a journey with a code: opens two journeys as the user, issues a code for the number of one as the
agent, and enters it in both. Runs in the network of a gateway, and prints how each ended."""

import json

from recovery import ask, token

ISSUER, RUNNER = "http://code-issuer.postern.svc:8080", "http://journey-runner.postern.svc:8080"
USER = "paired"


class Page:
    """A journey in a browser."""

    def __init__(self) -> None:
        begin = {"headers": [], "data": {"policy_request_id": "account-recovery", "params": {}}}
        self.first = self.shown = send("anonymous_invoke?clientId=acme-web", begin)
        self.enter(external_user_id=USER)

    def enter(self, **values: str) -> dict:
        """Answers the form that is shown."""
        (step,) = self.shown["data"]["control_flow"]
        data = {
            "assertion_id": step["assertion_id"], "action": step["type"], "fch": self.shown["data"]["challenge"],
            "assert": "action", "input": values,
        }
        ids = {it["type"]: it[it["type"]] for it in self.first["headers"]}
        query = f"clientId=acme-web&locale=en&sid={ids['session_id']}&did={ids['device_id']}"
        self.shown = send(f"assert?{query}", {"headers": self.first["headers"], "data": data})
        return self.shown["data"]

    def number(self) -> str:
        return self.shown["data"]["control_flow"][0]["app_data"]["pairing"]["number"]


def send(path: str, body: dict) -> dict:
    """One message of the Web SDK's protocol, as a gateway forwards it."""
    status, text = ask(f"{RUNNER}/ido/api/v2/auth/{path}", body, {"X-Forwarded-For": "192.0.2.7"})
    assert status == 200, text
    return json.loads(text)


def main() -> None:
    mine, other = Page(), Page()
    asked = {"channel": "direct", "identifier_type": "user_id", "identifier": USER, "pairing_number": mine.number()}
    bearer = {"Authorization": f"Bearer {token(ISSUER, input())}"}
    status, text = ask(f"{ISSUER}/cis/v1/auth/otp/send", asked, bearer)
    assert status == 200, text
    code = json.loads(text)["code"]
    print(json.dumps({"other": other.enter(temp_code=code)["state"], "own": mine.enter(temp_code=code)["state"]}))


if __name__ == "__main__":
    main()

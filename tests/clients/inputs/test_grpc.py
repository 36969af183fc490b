"""The inputs, sent by grpcio: to the verifier, and in a journey."""

import json
import sys
import tempfile
import urllib.parse
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from grpc_tools import protoc
from server import Server
from table import filled_in, parameters, someone

PROTO = Path(__file__).parents[3] / "proto"
TYPES = {"user_id": 1, "email": 2, "phone_number": 3, "username": 4}


class Client:
    """Stubs of the three services, each with a token of its client."""

    def __init__(self, server: Server, folder: str):
        sources = [str(it.relative_to(PROTO)) for it in PROTO.rglob("*.proto")]
        well_known = Path(protoc.__file__).parent / "_proto"
        paths = [f"-I{PROTO}", f"-I{well_known}"]
        out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        assert protoc.main(["protoc", *paths, *out, *sources]) == 0
        sys.path.insert(0, folder)
        self.code = import_module("postern.code.v1.verifier_pb2")
        self.user = import_module("postern.code.v1.user_pb2")
        self.issuing = import_module("postern.code.v1.code_issuer_pb2")
        self.journey = import_module("postern.journey.v1.journey_runner_pb2")
        services = {
            "issuer": ("postern.code.v1.code_issuer_pb2_grpc", "CodeIssuerServiceStub", "acme-support"),
            "verifier": ("postern.code.v1.verifier_pb2_grpc", "VerifierServiceStub", "acme-verifier"),
            "runner": ("postern.journey.v1.journey_runner_pb2_grpc", "JourneyRunnerServiceStub", "acme-backend"),
        }
        self.stubs, self.metadata = {}, {}
        for name, (module, stub, client) in services.items():
            channel = grpc.insecure_channel(getattr(server, name))
            self.stubs[name] = getattr(import_module(module), stub)(channel)
            self.metadata[name] = (("authorization", f"Bearer {token(server, client)}"),)

    def call(self, service: str, rpc: str, request: Any) -> Any:
        return getattr(self.stubs[service], rpc)(request, timeout=10, metadata=self.metadata[service])

    def whom(self, kind: str, value: str) -> Any:
        return self.user.UserIdentifier(type=TYPES[kind], value=value)

    def issue(self, kind: str, user: str) -> str:
        """Issues a code that a JSON number can hold: it does not begin with a zero."""
        while True:
            request = self.issuing.IssueCodeRequest(user=self.whom(kind, user))
            code = self.call("issuer", "IssueCode", request).code
            if not code.startswith("0"):
                return code

    def verify(self, kind: str, user: str, code: str) -> tuple[str, str]:
        """Verifies a code; returns the outcome and the malformed field."""
        request = self.code.VerifyCodeRequest(user=self.whom(kind, user), code=code)
        try:
            return self.call("verifier", "VerifyCode", request).WhichOneof("outcome"), ""
        except grpc.RpcError as refused:
            return unreadable(refused)

    def redeem(self, kind: str, params: dict[str, Any]) -> tuple[str, str]:
        """Redeems a code; returns how the journey ends and the malformed parameter."""
        sent = Struct()
        sent.update(params)
        request = self.journey.StartJourneyRequest(journey_id=f"redeem-{kind}", params=sent)
        try:
            state = self.call("runner", "StartJourney", request).state.WhichOneof("state")
            return {"completed": "accepted"}.get(state, state), ""
        except grpc.RpcError as refused:
            return unreadable(refused)


def unreadable(refused: Any) -> tuple[str, str]:
    assert refused.code() == grpc.StatusCode.INVALID_ARGUMENT, refused
    return "unreadable", refused.details().split(":")[0]


def token(server: Server, client: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": f"{client}-secret"}
    request = urllib.request.Request(f"http://{server.http}/oidc/token", urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as folder:
        yield Client(server, folder)


def test_codes_in_a_journey(client: Client, code_case: dict[str, str]) -> None:
    user = someone()["name"]
    code = client.issue("user_id", user)
    # One more than the policy allows: a malformed code costs no attempt.
    for _ in range(4 if code_case["outcome"] == "unreadable" else 1):
        outcome, named = client.redeem("user_id", parameters(code_case, user, code))
        assert outcome == code_case["outcome"]
    if outcome != "accepted":
        assert named == ("params.temp_code" if outcome == "unreadable" else "")
        assert client.redeem("user_id", {"external_user_id": user, "temp_code": code}) == ("accepted", "")


def test_codes_at_the_verifier(client: Client, code_case: dict[str, str]) -> None:
    user = someone()["name"]
    code = client.issue("user_id", user)
    sent = parameters(code_case, user, code).get("temp_code")
    # A protobuf field has no other form than a string.
    told = client.verify("user_id", user, sent if isinstance(sent, str) else "")
    expected = code_case["outcome"] if isinstance(sent, str) else "unreadable"
    assert told == (expected, "code" if expected == "unreadable" else "")
    if expected != "accepted":
        assert client.verify("user_id", user, code) == ("accepted", "")


def test_identifiers(client: Client, user_case: dict[str, str]) -> None:
    values, kind = someone(), user_case["type"]
    issued, typed = (filled_in(user_case[key], values) for key in ("issued", "typed"))
    code = client.issue(kind, issued)
    is_unreadable = user_case["outcome"] == "unreadable"
    told = client.redeem(kind, {"external_user_id": typed, "temp_code": code})
    assert told == (user_case["outcome"], "params.external_user_id" if is_unreadable else "")
    code = client.issue(kind, issued)
    told = client.verify(kind, typed, code)
    assert told == (user_case["outcome"], "user.value" if is_unreadable else "")

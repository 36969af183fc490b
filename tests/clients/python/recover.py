"""Issues a code as the help desk does, redeems it as a login backend does, and reads every refusal."""

import json
import os
import sys
import urllib.parse
import urllib.request
import uuid
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from postern.code.v1.code_issuer_pb2 import IssueCodeRequest
from postern.code.v1.code_issuer_pb2_grpc import CodeIssuerServiceStub
from postern.code.v1.user_pb2 import IDENTIFIER_TYPE_USER_ID, UserIdentifier
from postern.code.v1.verifier_pb2 import RejectionReason, VerifyCodeRequest
from postern.code.v1.verifier_pb2_grpc import VerifierServiceStub

# The demo's addresses and clients, whose secrets are public. Keep yours in files.
TOKEN_ENDPOINT = os.environ.get("TOKEN_ENDPOINT", "http://127.0.0.1:8080/oidc/token")
ISSUER = os.environ.get("ISSUER", "127.0.0.1:50051")
VERIFIER = os.environ.get("VERIFIER", "127.0.0.1:50052")
DEADLINE_S = 5


def authorization(client: str) -> list[tuple[str, str]]:
    """Gets an access token, as metadata of a call. It lives for an hour: keep it in a server."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": f"{client}-secret"}
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(TOKEN_ENDPOINT, data, timeout=DEADLINE_S) as answer:
        return [("authorization", f"Bearer {json.load(answer)['access_token']}")]


def refusal(error: Any) -> str:
    """Describes an error by its details. A call that is UNAVAILABLE may be sent again with the same key."""
    texts = [error.details()]
    for detail in getattr(rpc_status.from_call(error), "details", []):
        info, fields, retry = ErrorInfo(), BadRequest(), RetryInfo()
        if detail.Unpack(info):
            texts.insert(0, info.reason)
            texts += [f"{key}={value}" for key, value in info.metadata.items()]
        elif detail.Unpack(fields):
            texts += [f"field {it.field}" for it in fields.field_violations]
        elif detail.Unpack(retry):
            texts.append(f"try again in {retry.retry_delay.seconds} s")
    return "; ".join(texts)


def verify(verifier: VerifierServiceStub, metadata: list[tuple[str, str]], user: UserIdentifier, code: str) -> None:
    """Redeems a code. A denial is a reply, a malformed code is an error."""
    request = VerifyCodeRequest(user=user, code=code, idempotency_key=str(uuid.uuid4()))
    try:
        reply = verifier.VerifyCode(request, timeout=DEADLINE_S, metadata=metadata)
    except grpc.RpcError as error:
        print("refused:", refusal(error))
        return
    if reply.HasField("accepted"):
        print("accepted: grant", reply.accepted.grant_id)
    else:
        print("rejected:", RejectionReason.Name(reply.rejected.reason))


def main(name: str, pairing_number: str = "") -> None:
    """Recovers the user of that ID, with the number of the recovery page if there is one."""
    user = UserIdentifier(type=IDENTIFIER_TYPE_USER_ID, value=name)
    with grpc.insecure_channel(ISSUER) as to_issuer, grpc.insecure_channel(VERIFIER) as to_verifier:
        issuer, desk = CodeIssuerServiceStub(to_issuer), authorization("acme-support")
        verifier, login = VerifierServiceStub(to_verifier), authorization("acme-verifier")
        # A call that is sent again with the same key acts once.
        request = IssueCodeRequest(user=user, pairing_number=pairing_number, idempotency_key=str(uuid.uuid4()))
        try:
            issued = issuer.IssueCode(request, timeout=DEADLINE_S, metadata=desk)
        except grpc.RpcError as error:
            sys.exit(f"refused: {refusal(error)}")
        print(f"issued {issued.code}: {issued.attempts_allowed} attempts{', paired' if issued.paired else ''}")
        wrong = ("3" if issued.code.startswith("2") else "2") + issued.code[1:]
        for code in ("no code", wrong, issued.code):
            verify(verifier, login, user, code)


if __name__ == "__main__":
    main(*sys.argv[1:3])

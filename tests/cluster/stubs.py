"""Calls Postern's gRPC services from the descriptors in proto/released.binpb."""

import functools
import json
import uuid
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2  # noqa: F401  the pool needs them

RELEASED = Path(__file__).parents[2] / "proto/released.binpb"
USER_ID = 1
# As the documentation of the API tells clients: only UNAVAILABLE is tried again.
RETRIES = {
    "methodConfig": [{
        "name": [{}],
        "retryPolicy": {
            "maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        },
    }],
}


@functools.cache
def messages() -> dict[str, Any]:
    """The class of each message by its full name."""
    described = descriptor_pb2.FileDescriptorSet.FromString(RELEASED.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    names = [file.name for file in described.file]
    return message_factory.GetMessageClassesForFiles(names, pool)


class Caller:
    """A client of one service, over one connection."""

    def __init__(self, address: str, service: str, bearer: str, tls: Path | None = None, retry: bool = True) -> None:
        options = [("grpc.service_config", json.dumps(RETRIES))] if retry else [("grpc.enable_retries", 0)]
        # Otherwise channels to one address share a connection.
        options.append(("grpc.use_local_subchannel_pool", 1))
        if tls:
            files = [(tls / name).read_bytes() for name in ("ca.crt", "tls.key", "tls.crt")]
            self.channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(*files), options)
        else:
            self.channel = grpc.insecure_channel(address, options)
        self.service, self.messages = service, messages()
        self.metadata = [("authorization", f"Bearer {bearer}")]

    def call(self, rpc: str, timeout: float = 10, **fields: Any) -> Any:
        package = self.service.rsplit(".", 1)[0]
        request, response = (self.messages[f"{package}.{rpc}{it}"] for it in ("Request", "Response"))
        method = self.channel.unary_unary(
            f"/{self.service}/{rpc}", request.SerializeToString, response.FromString
        )
        return method(request(**fields), timeout=timeout, metadata=self.metadata, wait_for_ready=True)


class Issuer(Caller):
    def __init__(self, address: str, bearer: str, tls: Path | None = None) -> None:
        super().__init__(address, "postern.code.v1.CodeIssuerService", bearer, tls)

    def issue(self, user: str, **fields: Any) -> Any:
        return self.call("IssueCode", user=named(user), idempotency_key=uuid.uuid4().hex, **fields)


class Verifier(Caller):
    def __init__(self, address: str, bearer: str, tls: Path | None = None) -> None:
        super().__init__(address, "postern.code.v1.VerifierService", bearer, tls)

    def verify(self, user: str, code: str, key: str = "") -> Any:
        return self.call("VerifyCode", user=named(user), code=code, idempotency_key=key or uuid.uuid4().hex)


def named(user: str) -> dict[str, Any]:
    return {"type": USER_ID, "value": user}

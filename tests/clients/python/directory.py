"""A directory of users, which Postern asks. Put a query of your database in the place of USERS.

    TOKEN_FILE=directory.token venv/bin/python directory.py 127.0.0.1:50060
"""

import hmac
import os
import sys
from concurrent import futures
from pathlib import Path

import grpc

from postern.code.v1.user_pb2 import IDENTIFIER_TYPE_EMAIL, IDENTIFIER_TYPE_USER_ID, UserIdentifier
from postern.directory.v1.directory_pb2 import ResolveUserRequest, ResolveUserResponse, User
from postern.directory.v1.directory_pb2_grpc import DirectoryServiceServicer, add_DirectoryServiceServicer_to_server

TOKEN = Path(os.environ["TOKEN_FILE"]).read_text().strip()

# By application. The values are in the canonical form of their type, such as e-mail addresses in lowercase.
ADA = UserIdentifier(type=IDENTIFIER_TYPE_EMAIL, value="ada@example.com")
USERS = {"acme": [User(user_id="u-1001", identifiers=[ADA], tier="standard")]}


class Directory(DirectoryServiceServicer):
    def ResolveUser(self, request: ResolveUserRequest, context: grpc.ServicerContext) -> ResolveUserResponse:
        shown = dict(context.invocation_metadata()).get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {TOKEN}".encode()):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "not the token of this directory")
        for user in USERS.get(request.application_id, []):
            own = UserIdentifier(type=IDENTIFIER_TYPE_USER_ID, value=user.user_id)
            if request.identifier in (own, *user.identifiers):
                return ResolveUserResponse(user=user)
        return ResolveUserResponse()  # unknown: an answer, not an error


def serve(address: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor())
    add_DirectoryServiceServicer_to_server(Directory(), server)
    server.add_insecure_port(address)  # for users of other machines: add_secure_port
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1])

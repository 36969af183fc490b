"""Issues and verifies codes as its input asks, one line of JSON each: `["issue", USER]` is answered with the
code, `["verify", USER, CODE]` with whether it was accepted, and a failed call with null. Runs in the network of
a backend."""

import json
import sys
from pathlib import Path

import grpc
from stubs import Issuer, Verifier


def main() -> None:
    tokens, tls = json.loads(sys.stdin.readline()), Path(sys.argv[1]) if len(sys.argv) > 1 else None
    issuer = Issuer("code-issuer.postern.svc:50051", tokens[0], tls)
    verifier = Verifier("verifier.postern.svc:50052", tokens[1], tls)
    for line in sys.stdin:
        act, *given = json.loads(line)
        try:
            if act == "issue":
                reply = issuer.issue(*given).code
            else:
                reply = verifier.verify(*given).HasField("accepted")
        except grpc.RpcError as error:
            print(f"{act}: {error.code()} {error.details()}", file=sys.stderr)
            reply = None
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()

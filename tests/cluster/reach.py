"""Prints which of the given addresses accept a connection. Runs in the network of a pod."""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

# A refused flow may be dropped, too.
LIMIT = 2.0


def accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), LIMIT):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    addresses = sys.argv[1:]
    with ThreadPoolExecutor(len(addresses)) as pool:
        reached = zip(addresses, pool.map(accepts, addresses), strict=True)
        print(json.dumps([address for address, accepted in reached if accepted]))

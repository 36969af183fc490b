"""The authority that this cluster's images trust besides the public ones, and the files of its identity
provider."""

import base64
import json
import subprocess
from pathlib import Path

from certificates import NEW_KEY, openssl

# In /etc, which is a copy here, and from which the images of the services are made.
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
LOGIN = "login.login.svc.cluster.local"


def create(work: Path) -> None:
    """Creates the authority and the identity provider's files, and has new images trust it."""
    folder = work / "login"
    folder.mkdir()
    made = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=cluster"]
    openssl(folder, "req", "-x509", *NEW_KEY, "-days", "1", *made)
    openssl(folder, "req", *NEW_KEY, "-keyout", "login.key", "-out", "login.csr", "-subj", "/")
    (folder / "extensions").write_text(f"subjectAltName=DNS:{LOGIN}\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-days", "1", "-extfile", "extensions"]
    openssl(folder, "x509", "-req", "-in", "login.csr", *signed, "-out", "login.crt")
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "signing.key")
    (folder / "keys.json").write_text(json.dumps({"keys": [public(folder / "signing.key")]}))
    with open(TRUSTED, "a", encoding="utf-8") as trusted:
        trusted.write((folder / "ca.crt").read_text())


def public(key: Path) -> dict[str, str]:
    """The public half of a key as a JWK. Its last 64 bytes are the point."""
    command = ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"]
    point = subprocess.run(command, capture_output=True, check=True).stdout[-64:]
    x, y = (base64.urlsafe_b64encode(it).rstrip(b"=").decode() for it in (point[:32], point[32:]))
    return {"kty": "EC", "crv": "P-256", "kid": "login", "use": "sig", "alg": "ES256", "x": x, "y": y}

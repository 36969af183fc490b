"""Stands in for cert-manager: makes Secrets for an overlay's Certificates, signed by an authority of the
tests."""

import base64
import subprocess
from pathlib import Path

from cluster import Cluster, Document

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=20)


def with_certificates(cluster: Cluster, folder: Path) -> Cluster:
    """The overlay with those Secrets; the authority's own certificate stays in the folder."""
    made, authority = cluster.copy(), ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=postern"]
    openssl(folder, "req", "-x509", *NEW_KEY, "-days", "1", *authority)
    for wanted in made.of("Certificate"):
        if not wanted["spec"].get("isCA"):
            made.documents.append(secret(wanted["spec"], folder))
    return made


def secret(wanted: Document, folder: Path) -> Document:
    """One Secret. Its certificate has exactly the requested names."""
    name = wanted["secretName"]
    openssl(folder, "req", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/")
    uses = {"server auth": "serverAuth", "client auth": "clientAuth"}
    uses = [known for use, known in uses.items() if use in wanted["usages"]]
    names = ",".join(f"DNS:{it}" for it in wanted["dnsNames"])
    (folder / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage={','.join(uses)}\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-days", "1", "-extfile", "extensions"]
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt")
    files = {"tls.crt": f"{name}.crt", "tls.key": f"{name}.key", "ca.crt": "ca.crt"}
    data = {key: base64.b64encode((folder / file).read_bytes()).decode() for key, file in files.items()}
    return {"kind": "Secret", "metadata": {"name": name}, "data": data}

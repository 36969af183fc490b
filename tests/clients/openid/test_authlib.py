"""Signs a user in with Authlib, as a confidential client: the library draws state, nonce and code verifier,
redeems the code and checks the ID token."""

import re
import secrets
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from server import Server, postern
from services import services

CONFIG = Path(__file__).parent.parent / "inputs" / "config"
BACK = "https://portal.acme.example/back"
CLIENT = {"client_id": "acme-portal", "client_secret": "acme-portal-secret-acme"}


@pytest.fixture(scope="module", params=["one process", "three services"])
def server(request: pytest.FixtureRequest):
    started = postern("--config", CONFIG) if request.param == "one process" else services(CONFIG)
    with pytest.MonkeyPatch.context() as patch, started as running:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback speaks no TLS
        yield running


def issue(server: Server, user: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "acme-support", "client_secret": "acme-support-secret"}
    token = requests.post(f"http://{server.http}/oidc/token", form, timeout=10).json()["access_token"]
    body = {"channel": "direct", "identifier_type": "user_id", "identifier": user}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://{server.http}/cis/v1/auth/otp/send"
    return requests.post(url, json=body, headers=headers, timeout=10).json()["code"]


def visit(address: str, user: str, code: str) -> str:
    """What the browser and the page do: the address that the user is sent back to."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        interaction = re.search('data-interaction="([^"]+)"', page.text)
        assert page.ok and interaction, page.text
        query = {"clientId": CLIENT["client_id"], "ssoInteractionId": interaction[1]}
        data = {"params": {"external_user_id": user, "temp_code": code}}
        sso = address.split("/oidc/")[0] + "/ido/api/v2/auth/sso"
        answer = browser.post(sso, params=query, json={"headers": [], "data": data}, timeout=10).json()
        return answer["data"]["data"]["url"]


def sign_in(server: Server, user: str, code: str):
    """A sign-in: the library's session, what it drew, and the address that the user came back to."""
    metadata = requests.get(f"http://{server.http}/.well-known/openid-configuration", timeout=10).json()
    session = OAuth2Session(
        **CLIENT, scope="openid", redirect_uri=BACK, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )
    drawn = {"nonce": secrets.token_urlsafe(16), "code_verifier": secrets.token_urlsafe(48)}
    address, state = session.create_authorization_url(metadata["authorization_endpoint"], **drawn)
    back = visit(address, user, code)
    assert back.startswith(BACK)
    return metadata, session, {**drawn, "state": state}, back


def test_a_user_signs_in(server: Server) -> None:
    user = f"jane{secrets.token_hex(4)}"
    metadata, session, drawn, back = sign_in(server, user, issue(server, user))
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=drawn["state"],
        code_verifier=drawn["code_verifier"],
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    options = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": CLIENT["client_id"]},
        "sub": {"essential": True, "value": user},
    }
    decoded = jwt.decode(token["id_token"], keys)
    parameters = {"nonce": drawn["nonce"], "client_id": CLIENT["client_id"], "access_token": token["access_token"]}
    CodeIDToken(decoded.claims, decoded.header, options, parameters).validate()
    assert decoded.claims["amr"] == ["otp"]

    # A code works once.
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(
            metadata["token_endpoint"], authorization_response=back, state=drawn["state"],
            code_verifier=drawn["code_verifier"],
        )


def test_a_wrong_code_comes_back_as_access_denied(server: Server) -> None:
    _, _, drawn, back = sign_in(server, f"joe{secrets.token_hex(4)}", "123456123456")
    told = parse_qs(urlsplit(back).query)
    assert (told["error"], told["state"]) == (["access_denied"], [drawn["state"]])

//! Tokens that need the signing key: the signature is valid, so the other checks must refuse them.

mod services;

use std::fmt::Write as _;

use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use crate::Tested;
use crate::harness::http::{OTP_SEND, for_user};
use crate::harness::keys::{SigningKey, generation, now, signed_with_secret, unsigned, with};
use crate::harness::pairing::waiting;
use crate::harness::pb::journey::StartJourneyRequest;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::postern::{change, copy_of_config, utf8};
use crate::harness::rpcs::{
    CODE_ID, ISSUERS_OWN, LINKS_OWN, OF_THE_DESK, RPCS, RUNNERS_OWN, TARGETED, Target, submit,
};
use crate::harness::*;

const ISSUER: &str = "https://recovery.example";
/// A client and its scopes.
pub(crate) type Client = (&'static str, &'static str);

/// Two clients that together have every scope. No client may both issue and redeem.
const DESK: Client = (
    "acme-desk",
    "codes:issue codes:revoke codes:read lockouts:read lockouts:clear desk:approve desk:brake",
);
pub(crate) const LOGIN: Client =
    ("acme-login", "codes:verify codes:reason journeys:run journeys:read");

/// The client with that scope.
fn client(scope: &str) -> Client {
    if LOGIN.1.split(' ').any(|it| it == scope) { LOGIN } else { DESK }
}

/// A Postern with a known signing key.
pub(crate) struct Forge {
    pub(crate) postern: Postern,
    key: SigningKey,
    kid: String,
    _files: [TempDir; 2],
}

impl Forge {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let (folder, keys, key) = (copy_of_config()?, TempDir::new()?, SigningKey::generate()?);
        let mut clients = "clients:\n".to_owned();
        for (id, scopes) in [DESK, LOGIN] {
            let (file, scopes) = (format!("{id}.secret"), scopes.replace(' ', ", "));
            std::fs::write(folder.path().join("applications").join(&file), format!("{id}-secret"))?;
            writeln!(clients, "  - {{ id: {id}, secret_file: {file}, scopes: [{scopes}] }}")?;
        }
        change(&folder, "applications/acme.yaml", "clients:\n", &clients)?;
        std::fs::write(keys.path().join("1.pem"), key.private_pem())?;
        let (config, signing) = (utf8(folder.path())?, utf8(keys.path())?);
        let flags = ["--config", config, "--signing-keys", signing, "--issuer", ISSUER];
        let postern = Postern::with(&flags)?;
        let published: JwkSet = postern.get("/.well-known/jwks.json").send().await?.json().await?;
        let kid = published.keys[0].common.key_id.clone().expect("a key id");
        Ok(Self { postern, key, kid, _files: [folder, keys] })
    }

    /// A client's token, valid except for these changes to its header and claims.
    pub(crate) fn changed(
        &self,
        client: Client,
        header: &Value,
        claims: &Value,
    ) -> anyhow::Result<String> {
        let token = self.key.sign(&self.header(header), &good_claims(client, claims))?;
        self.postern.keep_secret(&token);
        Ok(token)
    }

    fn header(&self, changes: &Value) -> Value {
        with(json!({"typ": "at+jwt", "alg": "ES256", "kid": self.kid}), changes)
    }

    /// A token that has that scope.
    fn entitled(&self, scope: &str) -> anyhow::Result<String> {
        match scope {
            RUNNERS_OWN => self.runners(),
            LINKS_OWN => self.link(&json!({}), &json!({ "code_id": CODE_ID })),
            ISSUERS_OWN => self.issuers(),
            scope => self.good(client(scope)),
        }
    }

    /// A token of the code issuer's own.
    fn issuers(&self) -> anyhow::Result<String> {
        let claims = json!({
            "aud": "urn:postern:journey-runner", "sub": "code-issuer", "client_id": null,
            "scope": null, "secret_generation": null,
        });
        self.changed(LOGIN, &json!({"typ": "issuer+jwt"}), &claims)
    }

    /// A token of the journey runner's own.
    fn runners(&self) -> anyhow::Result<String> {
        let claims = json!({
            "aud": "urn:postern:verifier", "sub": "journey-runner", "client_id": null,
            "scope": null, "secret_generation": null,
        });
        self.changed(LOGIN, &json!({"typ": "service+jwt"}), &claims)
    }

    pub(crate) fn good(&self, client: Client) -> anyhow::Result<String> {
        self.changed(client, &json!({}), &json!({}))
    }

    /// Every kind of missing or invalid token of a client, each with a description.
    fn none_or_bad(&self, client: Client) -> anyhow::Result<Vec<(String, Option<String>)>> {
        let mut all = vec![("nothing".to_owned(), None)];
        all.extend(["", "garbage", "a.b.c"].map(|it| (it.to_owned(), Some(it.to_owned()))));
        all.extend(self.bad(client)?.into_iter().map(|(kind, token)| (kind, Some(token))));
        Ok(all)
    }

    /// Every kind of invalid token of a client, each with a description.
    fn bad(&self, client: Client) -> anyhow::Result<Vec<(String, String)>> {
        let now = now();
        let mut bad = Vec::new();
        for claims in [
            json!({"exp": now - 40, "iat": now - 3640}),
            json!({"nbf": now + 120}),
            json!({"iat": now + 120, "exp": now + 3720}),
            json!({"iss": "https://elsewhere.example"}),
            json!({"iss": format!("{ISSUER}/")}),
            json!({"aud": "urn:postern:verifier"}),
            json!({"aud": "acme-web"}),
            json!({"aud": ["urn:postern:services"]}),
            json!({"client_id": "acme-gone", "sub": "acme-gone"}),
            json!({"client_id": "acme-web", "sub": "acme-web"}),
            json!({"sub": "acme-support"}),
            json!({"application": "nowhere"}),
            json!({"application": "staff"}),
            json!({"exp": null}),
            json!({"client_id": null}),
            json!({"application": null}),
            json!({"scope": null}),
            json!({"secret_generation": null}),
            json!({"secret_generation": generation("another")}),
        ] {
            bad.push((claims.to_string(), self.changed(client, &json!({}), &claims)?));
        }
        let other = SigningKey::generate()?;
        for header in [
            json!({"typ": "service+jwt"}),
            json!({"typ": "user-at+jwt"}),
            json!({"typ": "journey+jwt"}),
            json!({"typ": "JWT"}),
            json!({"typ": null}),
            json!({"kid": null}),
            json!({"kid": "another"}),
            json!({"alg": "ES384"}),
            json!({"crit": ["exp"]}),
        ] {
            bad.push((header.to_string(), self.changed(client, &header, &json!({}))?));
        }
        let (header, claims) = (self.header(&json!({})), good_claims(client, &json!({})));
        bad.push(("another key".to_owned(), other.sign(&header, &claims)?));
        let none = self.header(&json!({"alg": "none"}));
        bad.push(("no algorithm".to_owned(), format!("{}.", unsigned(&none, &claims))));
        let shared = self.header(&json!({"alg": "HS256"}));
        let public = self.key.public_pem()?;
        let confused = signed_with_secret(public.as_bytes(), &shared, &claims)?;
        bad.push(("the public key as a secret".to_owned(), confused));
        Ok(bad)
    }
}

fn good_claims((client, scopes): Client, changes: &Value) -> Value {
    let now = now();
    let claims = json!({
        "iss": ISSUER, "aud": "urn:postern:services", "iat": now, "exp": now + 3600,
        "jti": unique("token"), "sub": client, "client_id": client, "application": "acme",
        "scope": scopes, "secret_generation": generation(&format!("{client}-secret")),
    });
    with(claims, changes)
}

/// A user with a code, one failure, and a form for the code.
async fn target(forge: &Forge) -> anyhow::Result<(Target, String)> {
    let postern = &forge.postern;
    let user = unique("jane");
    postern.keep_secret(&user);
    let request = IssueCodeRequest { user: user_id(&user), ..Default::default() };
    let issued =
        postern.issuer_with(Some(forge.good(DESK)?)).issue_code(request).await?.into_inner();
    postern.keep_secret(&issued.code);
    let _ = postern.verify(&user, &another(&issued.code)).await?;
    let start =
        StartJourneyRequest { journey_id: "temp-code-form".to_owned(), ..Default::default() };
    let answer =
        postern.runner_with(Some(forge.good(LOGIN)?)).start_journey(start).await?.into_inner();
    let Some(State::InputRequired(form)) = answer.state.and_then(|state| state.state) else {
        panic!("does not wait")
    };
    let mut runner = postern.verifier_with(Some(forge.runners()?));
    let number = runner.pair_journey(waiting(&user, TARGETED)).await?.into_inner().number;
    Ok((Target { user, code: issued.code, form, number }, issued.code_id))
}

/// Asserts that nothing was issued, revoked, compared, cleared or submitted.
async fn is_untouched(forge: &Forge, target: &Target, code_id: String) -> Tested {
    let postern = &forge.postern;
    let [desk, login] = [Some(forge.good(DESK)?), Some(forge.good(LOGIN)?)];
    let describe = DescribeCodeRequest { user: user_id(&target.user) };
    let described = postern.issuer_with(desk.clone()).describe_code(describe).await?.into_inner();
    assert_eq!((described.state(), described.code_id), (CodeState::Active, code_id));
    let describe = DescribeLockoutRequest { user: user_id(&target.user) };
    let lockout = postern.verifier_with(desk).describe_lockout(describe).await?;
    assert_eq!(lockout.into_inner().failures, 1);
    let answer = postern.runner_with(login).submit_input(submit(target)).await?;
    let state = answer.into_inner().state.and_then(|state| state.state);
    assert!(matches!(state, Some(State::Completed(_))), "{state:?}");
    Ok(())
}

#[tokio::test]
async fn a_forged_token_is_refused_by_every_rpc_and_changes_nothing() -> Tested {
    let forge = Forge::start().await?;
    let postern = &forge.postern;
    let (target, code_id) = target(&forge).await?;
    let mut told = Vec::new();
    for (rpc, scope, _, call) in RPCS {
        for (kind, token) in forge.none_or_bad(client(scope))? {
            let answer = call(postern, token, &target).await;
            let status = answer.expect_err("a forged token");
            assert_eq!(status.code(), Code::Unauthenticated, "{rpc}, {kind}: {status:?}");
            told.push(status.message().to_owned());
        }
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 1, "the refusals tell what was wrong: {told:?}");

    is_untouched(&forge, &target, code_id).await?;
    // The unchanged token is accepted by all of them, so the changes caused the refusals.
    let (target, _) = self::target(&forge).await?;
    for (rpc, scope, _, call) in RPCS {
        let answer = call(postern, Some(forge.entitled(scope)?), &target).await;
        if OF_THE_DESK.contains(&rpc) {
            refusal(answer, Code::FailedPrecondition, "DESK_OFF");
        } else {
            assert!(answer.is_ok(), "{rpc}: {answer:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_forged_token_issues_no_code_over_http() -> Tested {
    let forge = Forge::start().await?;
    let send = async |token: String| {
        let request = forge.postern.post(OTP_SEND).bearer_auth(token);
        request.json(&for_user("jane")).send().await
    };
    for (kind, token) in forge.bad(DESK)? {
        assert_eq!(send(token).await?.status(), 401, "{kind}");
    }
    assert_eq!(send(forge.good(DESK)?).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_token_gives_no_right_that_its_client_lacks() -> Tested {
    let forge = Forge::start().await?;
    let (target, code_id) = target(&forge).await?;
    for (rpc, scope, lacks_it, call) in RPCS {
        let configured = client(scope);
        // The token claims no scope, or claims one that its client does not have.
        let other = if scope == "codes:read" { "codes:issue" } else { "codes:read" };
        let narrow = forge.changed(configured, &json!({}), &json!({ "scope": other }))?;
        // No client may have the scope of a service or a link: a token that claims it is not valid.
        let claimed = forge.good((lacks_it, scope))?;
        let is_clients = ![RUNNERS_OWN, ISSUERS_OWN, LINKS_OWN].contains(&scope);
        for (token, is_valid) in [(claimed, is_clients), (narrow, true)] {
            let answer = call(&forge.postern, Some(token), &target).await;
            let status = answer.expect_err("a right that the client does not have");
            let expected = if is_valid { Code::PermissionDenied } else { Code::Unauthenticated };
            assert_eq!(status.code(), expected, "{rpc}: {status:?}");
        }
    }
    is_untouched(&forge, &target, code_id).await
}

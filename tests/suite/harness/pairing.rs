//! Acts as the journey runner at the verifier: it pairs journeys, and verifies codes in them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tempfile::TempDir;

use super::keys::SigningKey;
use super::pb::code::verifier_service_client::VerifierServiceClient;
use super::pb::code::{
    BrowserFamily, DescribePairingRequest, DescribePairingResponse, PairJourneyRequest,
    PairingFacts, WithdrawPairingRequest,
};
use super::postern::utf8;
use super::process::Variable;
use super::*;

const ISSUER: &str = "https://recovery.example";
/// The address of the users' browsers.
pub(crate) const BROWSER: &str = "192.0.2.7";

/// The binding of a journey.
pub(crate) type Binding = [u8; 16];

/// A request to pair a journey that lasts for an hour.
pub(crate) fn waiting(user: &str, binding: Binding) -> PairJourneyRequest {
    PairJourneyRequest {
        user: user_id(user),
        binding: binding.into(),
        facts: Some(PairingFacts {
            opened_at: Some(SystemTime::now().into()),
            source_address: BROWSER.to_owned(),
            browser_family: BrowserFamily::Firefox.into(),
        }),
        session_expires_at: Some((SystemTime::now() + Duration::from_secs(3600)).into()),
    }
}

/// A new journey. Its binding can be searched for: it is a text that occurs nowhere by chance.
pub(crate) fn journey() -> Binding {
    format!("{:016x}", rand::random::<u64>()).into_bytes().try_into().expect("16 digits")
}

/// A Postern with a key that signs as its journey runner does.
pub(crate) struct Waiting {
    pub(crate) postern: Postern,
    runner: VerifierServiceClient<Authorized>,
}

impl Waiting {
    /// Starts with the configuration of these tests.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(&postern::config(), &[], &[]).await
    }

    /// Starts with the configuration in `folder`.
    pub(crate) async fn serving(folder: &Path) -> anyhow::Result<Self> {
        Self::with(folder, &[], &[]).await
    }

    /// Starts with that configuration, these flags and these environment variables.
    pub(crate) async fn with(
        config: &Path,
        flags: &[&str],
        variables: &[Variable],
    ) -> anyhow::Result<Self> {
        let (keys, key) = (TempDir::new()?, SigningKey::generate()?);
        std::fs::write(keys.path().join("1.pem"), key.private_pem())?;
        let (config, signing) = (utf8(config)?, utf8(keys.path())?);
        let own = ["--config", config, "--signing-keys", signing, "--issuer", ISSUER];
        let postern = Postern::with_environment(&[&own[..], flags].concat(), variables)?;
        let published: jsonwebtoken::jwk::JwkSet =
            postern.get("/.well-known/jwks.json").send().await?.json().await?;
        let kid = published.keys[0].common.key_id.clone().expect("a key id");
        let token = service_token(&key, &kid)?;
        let runner = postern.verifier_with(Some(token));
        Ok(Self { postern, runner })
    }

    /// The verifier, as the journey runner calls it.
    pub(crate) fn runner(&self) -> VerifierServiceClient<Authorized> {
        self.runner.clone()
    }

    /// Pairs a journey. Returns its number.
    pub(crate) async fn pair(&self, user: &str, binding: Binding) -> Result<String, tonic::Status> {
        let paired = self.runner.clone().pair_journey(waiting(user, binding)).await;
        paired.map(|paired| paired.into_inner().number)
    }

    /// Ends a journey's pairing.
    pub(crate) async fn withdraw(&self, user: &str, binding: Binding) -> anyhow::Result<()> {
        let (user, binding) = (user_id(user), binding.into());
        self.runner.clone().withdraw_pairing(WithdrawPairingRequest { user, binding }).await?;
        Ok(())
    }

    /// Describes the journey under a number, as acme's support client.
    pub(crate) async fn describe(
        &self,
        user: &str,
        number: &str,
    ) -> anyhow::Result<Result<DescribePairingResponse, tonic::Status>> {
        let (user, pairing_number) = (user_id(user), number.to_owned());
        let request = DescribePairingRequest { user, pairing_number };
        let mut issuer = self.postern.issuer("acme-support").await?;
        Ok(issuer.describe_pairing(request).await.map(tonic::Response::into_inner))
    }

    /// Issues a code for the journey under a number, as acme's support client.
    pub(crate) async fn issue(&self, user: &str, number: &str) -> anyhow::Result<String> {
        let mut issuer = self.postern.issuer("acme-support").await?;
        let issued = issuer.issue_code(for_journey(user, number)).await?.into_inner();
        assert!(issued.paired);
        self.postern.keep_secret(&issued.code);
        self.postern.keep_secret(user);
        Ok(issued.code)
    }

    /// A user with a journey and a code for it.
    pub(crate) async fn user(&self) -> anyhow::Result<(String, Binding, String)> {
        let (user, binding) = (unique("jane"), journey());
        let number = self.pair(&user, binding).await?;
        let code = self.issue(&user, &number).await?;
        Ok((user, binding, code))
    }

    /// Verifies a code in a journey, or outside any. Returns the reason if it is denied.
    pub(crate) async fn verify(
        &self,
        user: &str,
        code: &str,
        binding: Option<Binding>,
        source: &str,
    ) -> anyhow::Result<Result<(), RejectionReason>> {
        let request = VerifyCodeRequest {
            user: user_id(user),
            code: code.to_owned(),
            binding: binding.map(Vec::from).unwrap_or_default(),
            context: Some(VerifyContext {
                source_address: source.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = self.runner.clone().verify_code(request).await?;
        Ok(match answer.into_inner().outcome {
            Some(verify_code_response::Outcome::Accepted(_)) => Ok(()),
            Some(verify_code_response::Outcome::Rejected(rejected)) => Err(rejected.reason()),
            None => anyhow::bail!("no outcome is set"),
        })
    }
}

/// A request for a code that works only in the journey under a number.
pub(crate) fn for_journey(user: &str, number: &str) -> IssueCodeRequest {
    let (user, pairing_number) = (user_id(user), number.to_owned());
    IssueCodeRequest { user, pairing_number, ..Default::default() }
}

/// A token of the journey runner's own.
fn service_token(key: &SigningKey, kid: &str) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({"typ": "service+jwt", "alg": "ES256", "kid": kid});
    // Longer than the runner's own tokens live, so that a slow machine does not end a test.
    let claims = json!({
        "iss": ISSUER, "aud": "urn:postern:verifier", "iat": now, "exp": now + 3600,
        "jti": unique("token"), "sub": "journey-runner", "application": "acme",
    });
    key.sign(&header, &claims)
}

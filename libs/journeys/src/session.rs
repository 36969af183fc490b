//! A waiting journey, and what the store keeps of it.
//!
//! No secret is stored: the temporary code is dropped when the journey waits, the user's tokens are
//! minted again, and of the session ID and the challenge only hashes are stored.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::pairing::PairingNumber;
use codes::user::{IdentifierType, UserId};
use definitions::Journey;
use expressions::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::engine::state::{State, error_value};
use crate::ids::fingerprint;
use crate::request::Tie;

/// How long a journey may take from its start.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(600);

/// How long a paired journey may take: its user calls support.
pub const PAIRED_LIFETIME: Duration = Duration::from_secs(3600);

/// The format of stored sessions. Raise it for an incompatible change: older sessions must then
/// start again.
const FORMAT: u8 = 1;

/// A session as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    format: u8,
    pub(crate) application: String,
    pub(crate) client: String,
    pub(crate) journey: String,
    digest: String,
    run: String,
    correlation_id: Option<String>,
    /// The source whose count the session belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<IpAddr>,
    expires_at_ms: i64,
    /// `None` in a session of an earlier version, which never lives longer than
    /// [`SESSION_LIFETIME`].
    #[serde(default)]
    opened_at_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pairing: Option<StoredPairing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tie: Option<Tie>,
    /// The hash of the challenge; `None` while a submission is processed.
    pub(crate) challenge: Option<String>,
    step: String,
    variables: BTreeMap<String, Json>,
    /// The error variables and their codes.
    errors: BTreeMap<String, String>,
    loops: BTreeMap<String, u32>,
    request: Json,
    device: Json,
    authentication: Option<StoredAuthentication>,
    failures: u32,
    failures_allowed: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredAuthentication {
    user: String,
    grant: String,
    at_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredPairing {
    identifier_type: String,
    identifier: String,
    number: String,
}

/// The facts of a session besides the state of its journey.
pub(crate) struct Facts {
    pub(crate) run: String,
    pub(crate) correlation_id: Option<String>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) opened_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) pairing: Option<Paired>,
    pub(crate) tie: Option<Tie>,
}

impl Facts {
    /// Whether a browser with that secret's hash may answer.
    pub(crate) fn admits(&self, secret: Option<&String>) -> bool {
        self.tie.as_ref().is_none_or(|tie| Some(&tie.browser) == secret)
    }
}

/// The user that a session has paired with, and its number.
pub(crate) struct Paired {
    pub(crate) identifier_type: IdentifierType,
    pub(crate) identifier: String,
    pub(crate) number: PairingNumber,
}

impl Paired {
    fn from_stored(stored: &StoredPairing) -> Option<Self> {
        Some(Self {
            identifier_type: IdentifierType::parse(&stored.identifier_type)?,
            identifier: stored.identifier.clone(),
            number: PairingNumber::parse(&stored.number).ok()?,
        })
    }

    fn to_stored(&self) -> StoredPairing {
        StoredPairing {
            identifier_type: self.identifier_type.as_str().to_owned(),
            identifier: self.identifier.clone(),
            number: self.number.expose().to_owned(),
        }
    }
}

impl Session {
    /// The session of a journey that waits for an answer to `challenge`.
    pub(crate) fn from_state(
        journey: &Journey,
        state: &State,
        facts: &Facts,
        challenge: &str,
    ) -> Self {
        let step = |index| journey.step(index).id.clone();
        let is_error = |name: &String| journey.guarded().contains(name);
        let plain = state.variables.iter().filter(|(name, _)| !is_error(name));
        Self {
            format: FORMAT,
            application: state.application.to_string(),
            client: state.client.to_string(),
            journey: journey.id().to_string(),
            digest: URL_SAFE_NO_PAD.encode(journey.digest()),
            run: facts.run.clone(),
            correlation_id: facts.correlation_id.clone(),
            source: facts.source,
            expires_at_ms: facts.expires_at.unix_millis(),
            opened_at_ms: Some(facts.opened_at.unix_millis()),
            pairing: facts.pairing.as_ref().map(Paired::to_stored),
            tie: facts.tie.clone(),
            challenge: Some(fingerprint("challenge", &[challenge])),
            step: step(state.step),
            variables: plain.map(|(name, value)| (name.clone(), value.to_json())).collect(),
            errors: state.errors(),
            loops: state.loops.iter().map(|(&index, &rounds)| (step(index), rounds)).collect(),
            request: state.request.to_json(),
            device: state.device.to_json(),
            authentication: state.authentication.as_ref().map(|authentication| {
                StoredAuthentication {
                    user: authentication.user.as_str().to_owned(),
                    grant: authentication.grant.to_string(),
                    at_ms: authentication.at.unix_millis(),
                }
            }),
            failures: state.failures,
            failures_allowed: state.failures_allowed,
        }
    }

    /// Parses a stored session; `None` if its format is another one.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let session: Self = serde_json::from_slice(body).ok()?;
        (session.format == FORMAT).then_some(session)
    }

    /// The session as the store keeps it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys: nothing that JSON could refuse.
        serde_json::to_vec(self).expect("a session is JSON")
    }

    /// Whether `challenge` is the current one. Hashes are compared, so the time that it takes
    /// reveals nothing.
    pub(crate) fn is_challenged_by(&self, challenge: &str) -> bool {
        self.challenge.as_deref() == Some(fingerprint("challenge", &[challenge]).as_str())
    }

    /// The facts of the session besides the state of its journey.
    pub(crate) fn facts(&self) -> Facts {
        let lifetime = i64::try_from(SESSION_LIFETIME.as_millis()).unwrap_or(i64::MAX);
        let opened_at_ms = self.opened_at_ms.unwrap_or(self.expires_at_ms - lifetime);
        Facts {
            run: self.run.clone(),
            correlation_id: self.correlation_id.clone(),
            source: self.source,
            opened_at: Timestamp::from_unix_millis(opened_at_ms),
            expires_at: Timestamp::from_unix_millis(self.expires_at_ms),
            pairing: self.pairing.as_ref().and_then(Paired::from_stored),
            tie: self.tie.clone(),
        }
    }

    /// Gives back the challenge of a submission that failed. A pairing stays.
    pub(crate) fn give_back(&mut self, challenge: &str, facts: &Facts) {
        self.challenge = Some(fingerprint("challenge", &[challenge]));
        self.expires_at_ms = facts.expires_at.unix_millis();
        self.pairing = facts.pairing.as_ref().map(Paired::to_stored);
    }

    /// The ID of the waiting step.
    pub(crate) fn step(&self) -> &str {
        &self.step
    }

    /// The state to continue from; `None` if it does not fit the current definition of the journey.
    pub(crate) fn to_state(&self, journey: &Journey) -> Option<State> {
        if self.digest != URL_SAFE_NO_PAD.encode(journey.digest()) {
            return None;
        }
        let application = ApplicationId::parse(&self.application).ok()?;
        let client = ClientId::parse(&self.client).ok()?;
        let authentication = match &self.authentication {
            None => None,
            Some(stored) => Some(Authentication {
                application: application.clone(),
                client: client.clone(),
                user: UserId::parse_subject(&stored.user).ok()?,
                grant: GrantId::parse(&stored.grant).ok()?,
                at: Timestamp::from_unix_millis(stored.at_ms),
            }),
        };
        let value = |json: &Json| Value::from_json(json.clone()).ok();
        let mut variables = BTreeMap::new();
        for (name, json) in &self.variables {
            variables.insert(name.clone(), value(json)?);
        }
        for (name, code) in &self.errors {
            variables.insert(name.clone(), error_value(code));
        }
        let mut loops = BTreeMap::new();
        for (id, rounds) in &self.loops {
            loops.insert(journey.index_of(id)?, *rounds);
        }
        Some(State {
            step: journey.index_of(&self.step)?,
            variables,
            loops,
            authentication,
            failures: self.failures,
            ..State::new(
                journey,
                (application, client),
                (value(&self.request)?, value(&self.device)?),
                self.failures_allowed,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session as the version before pairing stored it.
    const BEFORE_PAIRING: &str = r#"{"format":1,"application":"acme","client":"acme-web",
        "journey":"j","digest":"d","run":"r","correlation_id":null,"expires_at_ms":700000,
        "challenge":"c","step":"ask","variables":{},"errors":{},"loops":{},"request":{},
        "device":null,"authentication":null,"failures":0,"failures_allowed":3}"#;

    #[test]
    fn a_session_from_before_pairing_is_read_and_written() {
        let read = |bytes: &[u8]| Session::parse(bytes).expect("a session").facts();
        let facts = read(BEFORE_PAIRING.as_bytes());
        assert_eq!(facts.opened_at, Timestamp::from_unix_millis(100_000));
        assert!(facts.pairing.is_none());

        let mut session = Session::parse(BEFORE_PAIRING.as_bytes()).expect("a session");
        let number = PairingNumber::parse("123456").expect("a number");
        let identifier = "ada@example.com".to_owned();
        let paired = Paired { identifier_type: IdentifierType::Email, identifier, number };
        session.give_back("challenge", &Facts { pairing: Some(paired), ..facts });
        let pairing = read(&session.to_bytes()).pairing.expect("a pairing");
        assert_eq!(pairing.identifier_type, IdentifierType::Email);
        assert_eq!((&*pairing.identifier, pairing.number.expose()), ("ada@example.com", "123456"));
    }
}

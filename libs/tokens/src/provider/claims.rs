//! What an ID token says: the claims of `OpenID` Connect, and those that a provider adds.

use std::collections::BTreeMap;
use std::fmt;

use clock::Timestamp;
use codes::ids::AgentId;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Expected;
use crate::error::TokenError;
use crate::verify::TokenVerifier;

/// All claims of a token. None occurs twice: readers differ on which of the two counts.
pub(super) struct Claims(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut claims = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim occurs twice"));
                    }
                }
                Ok(Claims(claims))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// The claims of an ID token that was found valid.
#[derive(Debug)]
pub struct IdClaims {
    /// The agent, as the provider names them.
    pub subject: AgentId,
    /// When the agent signed in.
    pub authenticated_at: Timestamp,
    claims: BTreeMap<String, Value>,
}

impl IdClaims {
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a list of texts, or one text. A claim of another form holds none.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        texts(self.claims.get(name))
    }
}

impl Claims {
    /// Checks everything that `expected` asks for (`OpenID` Connect Core, section 3.1.3.7).
    pub(super) fn check(self, expected: Expected<'_>, now: i64) -> Result<IdClaims, TokenError> {
        // Keycloak signs access tokens with the same key, for the same audience if told to.
        if self.0.get("typ").is_some_and(|typ| typ != "ID") {
            return Err(TokenError::WrongType);
        }
        if self.text("iss")? != expected.issuer {
            return Err(TokenError::WrongIssuer);
        }
        self.check_audience(expected.audience)?;
        self.check_time(now)?;
        let signed_in = self.integer("auth_time")?;
        if signed_in > now.saturating_add(TokenVerifier::LEEWAY_SECONDS) {
            return Err(TokenError::Claim("auth_time"));
        }
        let max_age = i64::try_from(expected.max_age.as_secs()).unwrap_or(i64::MAX);
        if now.saturating_sub(signed_in) >= max_age {
            return Err(TokenError::SignedInTooLongAgo);
        }
        let methods = texts(self.0.get("amr"));
        if !expected.methods.iter().all(|method| methods.contains(&method.as_str())) {
            return Err(TokenError::MissingMethod);
        }
        let subject = AgentId::parse(self.text("sub")?).map_err(|_| TokenError::Claim("sub"))?;
        let authenticated_at = Timestamp::from_unix_millis(signed_in.saturating_mul(1000));
        Ok(IdClaims { subject, authenticated_at, claims: self.0 })
    }

    /// A token for several must say which of them asked for it.
    fn check_audience(&self, audience: &str) -> Result<(), TokenError> {
        let audiences = texts(self.0.get("aud"));
        if !audiences.contains(&audience) {
            return Err(TokenError::WrongAudience);
        }
        match self.0.get("azp") {
            Some(party) if party == audience => Ok(()),
            None if audiences.len() == 1 => Ok(()),
            Some(_) | None => Err(TokenError::Claim("azp")),
        }
    }

    fn check_time(&self, now: i64) -> Result<(), TokenError> {
        if now >= self.integer("exp")?.saturating_add(TokenVerifier::LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        if self.integer("iat")? > now.saturating_add(TokenVerifier::LEEWAY_SECONDS) {
            return Err(TokenError::IssuedInFuture);
        }
        if self.0.contains_key("nbf")
            && self.integer("nbf")? > now.saturating_add(TokenVerifier::LEEWAY_SECONDS)
        {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    fn text(&self, name: &'static str) -> Result<&str, TokenError> {
        self.0.get(name).and_then(Value::as_str).ok_or(TokenError::Claim(name))
    }

    fn integer(&self, name: &'static str) -> Result<i64, TokenError> {
        self.0.get(name).and_then(Value::as_i64).ok_or(TokenError::Claim(name))
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => {
            items.iter().map(Value::as_str).collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

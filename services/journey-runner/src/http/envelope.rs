//! The message of the Web SDK's protocol: headers and data, in clear or encrypted. Read strictly
//! where we rely on it; what a newer SDK adds is ignored.

use axum::http::HeaderMap;
use clock::Timestamp;
use codes::randomness::Randomness;
use edge::json;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::error::Fault;
use wire::violations::FieldViolation;

use super::encryption::{self, CryptoSession};
use crate::seal::Sealer;

/// A message as it was sent.
#[derive(Deserialize)]
struct Sealed {
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    enc_headers: Vec<String>,
    data: Value,
}

/// A header that we know by its type, and all others.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Header {
    CorrelationId {
        correlation_id: String,
    },
    Device {
        device: Map<String, Value>,
    },
    Encryption {
        iv: String,
        crypto_session_id: String,
    },
    KeyExchange {
        scheme: u32,
        y: String,
    },
    #[serde(other)]
    Unknown,
}

/// A message in clear.
pub(super) struct Message {
    pub(super) correlation_id: Option<String>,
    pub(super) device: Value,
    pub(super) data: Value,
    /// How the answer is to be encrypted.
    pub(super) session: Option<CryptoSession>,
    /// The other side's point, in a request for a key.
    pub(super) key_exchange: Option<String>,
}

/// The one scheme of the encrypted mode.
pub(super) const SCHEME: u32 = 3;

/// The longest text that is kept of what a browser says beside its data, in bytes.
const MAX_PLAIN: usize = 128;

impl Message {
    /// Reads a message, and decrypts it if it is encrypted.
    pub(super) fn parse(
        headers: &HeaderMap,
        body: &[u8],
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let sealed: Sealed = json::parse(headers, body)?;
        let encryption = sealed.headers.iter().find_map(|header| match header {
            Header::Encryption { iv, crypto_session_id } => Some((iv, crypto_session_id)),
            _ => None,
        });
        let Some((iv, id)) = encryption else {
            return Ok(Self::in_clear(sealed.headers, sealed.data, None));
        };
        // One answer for whatever is wrong: a detail would help to decrypt what others sent.
        let refused = || invalid("cannot be decrypted: start the journey again");
        let session = encryption::open(sealer, id, now).ok_or_else(refused)?;
        let text = sealed.data.as_str().ok_or_else(refused)?;
        let data = session.decrypt(iv, text).ok_or_else(refused)?;
        let data = serde_json::from_slice(&data).map_err(|_| refused())?;
        let headers = sealed.enc_headers.iter().map(|text| {
            let header = session.decrypt(iv, text)?;
            serde_json::from_slice(&header).ok()
        });
        let headers: Option<Vec<Header>> = headers.collect();
        Ok(Self::in_clear(headers.ok_or_else(refused)?, data, Some(session)))
    }

    fn in_clear(headers: Vec<Header>, data: Value, session: Option<CryptoSession>) -> Self {
        let mut message =
            Self { correlation_id: None, device: Value::Null, data, session, key_exchange: None };
        for header in headers {
            match header {
                Header::CorrelationId { correlation_id } => {
                    message.correlation_id = Some(correlation_id).filter(|id| is_plain(id));
                }
                Header::Device { device } => message.device = Value::Object(device),
                Header::KeyExchange { scheme: SCHEME, y } => message.key_exchange = Some(y),
                Header::KeyExchange { .. } | Header::Encryption { .. } | Header::Unknown => {}
            }
        }
        message
    }

    /// The data as what a request wants it to be.
    pub(super) fn data<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Fault> {
        // A list of the right values in the right order would be read as well.
        if !self.data.is_object() {
            return Err(invalid("data must be a JSON object"));
        }
        serde_json::from_value(self.data.take()).map_err(|error| {
            Fault::InvalidArgument(vec![FieldViolation::new("data", json::complaint(&error))])
        })
    }
}

/// Short, and nothing in it can forge a line of a trail.
pub(super) fn is_plain(id: &str) -> bool {
    (1..=MAX_PLAIN).contains(&id.len()) && !id.chars().any(char::is_control)
}

pub(super) fn invalid(rule: &str) -> Fault {
    Fault::InvalidArgument(vec![FieldViolation::new("body", rule)])
}

/// An answer: always with headers, without which the SDK fails.
pub(super) struct Reply {
    pub(super) error_code: u32,
    pub(super) error_message: String,
    pub(super) headers: Vec<Value>,
    pub(super) data: Value,
}

/// Marks a rejection in an answer's `error_code`.
const REJECTED: u32 = 4001;

impl Reply {
    /// An answer to a call that was fine in itself.
    pub(super) const fn fine(data: Value) -> Self {
        Self { error_code: 0, error_message: String::new(), headers: Vec::new(), data }
    }

    /// A rejection, whose reason the page is shown.
    pub(super) fn rejected(reason: &str, data: Value) -> Self {
        let error_message = reason.to_owned();
        Self { error_code: REJECTED, error_message, headers: Vec::new(), data }
    }

    /// The answer as JSON, its data encrypted if the request's was; `None` if that fails.
    pub(super) fn into_json(
        mut self,
        session: Option<&CryptoSession>,
        randomness: &Randomness,
    ) -> Option<Value> {
        if let Some(session) = session {
            let encrypted = session.encrypt(self.data.to_string().as_bytes(), randomness)?;
            self.headers.push(json!({ "type": "encryption", "iv": encrypted.iv }));
            self.data = Value::String(encrypted.text);
        }
        Some(json!({
            "error_code": self.error_code,
            "error_message": self.error_message,
            "headers": self.headers,
            "data": self.data,
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;
    use crate::http::call::Invocation;

    fn parse(body: &Value) -> Message {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().expect("valid"))]);
        let sealer = Sealer::new(&[1; 32]);
        let message =
            Message::parse(&headers, body.to_string().as_bytes(), &sealer, Timestamp::default());
        message.expect("a message")
    }

    #[test]
    fn headers_that_we_know_are_read_and_others_are_not() {
        let message = parse(&json!({
            "headers": [
                { "type": "uid", "uid": "1" },
                { "type": "device", "device": { "device_type": "desktop" } },
                { "type": "correlation_id", "correlation_id": "c-1" },
                { "type": "sdk_versions", "sdk_versions": {} },
                { "type": "of the future" },
            ],
            "data": { "a": 1 },
        }));
        assert_eq!(message.device["device_type"], "desktop");
        assert_eq!(message.correlation_id.as_deref(), Some("c-1"));
        assert_eq!(message.data, json!({ "a": 1 }));
    }

    #[test]
    fn a_complaint_about_the_data_does_not_repeat_it() {
        for (data, told) in [
            (json!("918273"), "data must be a JSON object"),
            (json!(["918273", {}]), "data must be a JSON object"),
            (json!({ "policy_request_id": 918_273 }), "data: invalid type, expected a string"),
            (json!({ "918273": 1 }), "data: missing field `policy_request_id`"),
            (
                json!({ "policy_request_id": "a", "params": "918273" }),
                "data: invalid type, expected a map",
            ),
        ] {
            let fault = parse(&json!({ "data": data })).data::<Invocation>().err();
            let message = fault.expect("a fault").http().message;
            assert!(message.contains(told) && !message.contains("918273"), "{message}");
        }
    }

    #[test]
    fn a_correlation_id_that_could_forge_a_line_is_dropped() {
        for id in ["", "a\nb", &"a".repeat(129)] {
            let header = json!({ "type": "correlation_id", "correlation_id": id });
            assert_eq!(parse(&json!({ "headers": [header], "data": {} })).correlation_id, None);
        }
    }
}

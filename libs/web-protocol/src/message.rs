//! The messages of a page: headers and data, in clear or encrypted. It is read strictly where a journey relies
//! on it; what a newer SDK adds is ignored.

use axum::http::HeaderMap;
use edge::json;
use encryption::{CryptoSession, Iv};
use serde::Deserialize;
use serde_json::{Map, Value};
use wire::error::Fault;
use wire::violations::FieldViolation;

/// A message as it was sent.
#[derive(Deserialize)]
struct Sent {
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

/// A message, as far as it can be read without a key.
pub enum Envelope {
    /// In clear.
    Clear(Message),
    /// Encrypted under the key of a crypto session.
    Encrypted(Encrypted),
}

/// An encrypted message.
pub struct Encrypted {
    iv: String,
    /// The session under whose key it is encrypted.
    pub crypto_session_id: String,
    headers: Vec<String>,
    data: Value,
}

/// A message in clear.
pub struct Message {
    /// The ID under which the page's operator traces the journey.
    pub correlation_id: Option<String>,
    /// What the SDK says of the device, or `null`.
    pub device: Value,
    /// The data of the call.
    pub data: Value,
    /// The other side's point, in a request for a key.
    pub key_exchange: Option<String>,
}

/// The one scheme of the encrypted mode.
pub const SCHEME: u32 = 3;

/// The longest text that is kept of what a browser says beside its data, in bytes.
const MAX_PLAIN: usize = 128;

impl Envelope {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Fault::InvalidArgument`] if it is not JSON or not of the protocol's shape.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Fault> {
        let sent: Sent = json::parse(headers, body)?;
        let encryption = sent.headers.iter().find_map(|header| match header {
            Header::Encryption { iv, crypto_session_id } => Some((iv, crypto_session_id)),
            _ => None,
        });
        Ok(match encryption {
            Some((iv, id)) => Self::Encrypted(Encrypted {
                iv: iv.clone(),
                crypto_session_id: id.clone(),
                headers: sent.enc_headers,
                data: sent.data,
            }),
            None => Self::Clear(Message::new(sent.headers, sent.data)),
        })
    }
}

impl Encrypted {
    /// The initialisation vector, if it is one.
    pub fn iv(&self) -> Option<Iv> {
        encryption::iv(&self.iv)
    }

    /// Decrypts the message; `None` for every reason alike. A list of the right values in the right
    /// order would be read as well, so the data must be an object.
    pub fn decrypt(&self, session: &CryptoSession, iv: Iv) -> Option<Message> {
        let data = session.decrypt(iv, self.data.as_str()?)?;
        let data = serde_json::from_slice::<Map<_, _>>(&data).ok()?;
        let headers = self.headers.iter().map(|text| {
            let header = session.decrypt(iv, text)?;
            serde_json::from_slice(&header).ok()
        });
        Some(Message::new(headers.collect::<Option<_>>()?, Value::Object(data)))
    }
}

impl Message {
    fn new(headers: Vec<Header>, data: Value) -> Self {
        let mut message =
            Self { correlation_id: None, device: Value::Null, data, key_exchange: None };
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
    ///
    /// # Errors
    /// [`Fault::InvalidArgument`], which does not repeat the data.
    pub fn data<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Fault> {
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
pub fn is_plain(id: &str) -> bool {
    (1..=MAX_PLAIN).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// The fault of a body that breaks this rule.
pub fn invalid(rule: &str) -> Fault {
    Fault::InvalidArgument(vec![FieldViolation::new("body", rule)])
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    struct Invocation {
        policy_request_id: String,
        #[serde(default)]
        params: Map<String, Value>,
    }

    fn parse(body: &Value) -> Message {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().expect("valid"))]);
        match Envelope::parse(&headers, body.to_string().as_bytes()) {
            Ok(Envelope::Clear(message)) => message,
            Ok(Envelope::Encrypted(_)) | Err(_) => panic!("no message in clear"),
        }
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

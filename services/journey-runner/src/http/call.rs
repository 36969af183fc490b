//! What a page calls, and with what: the operation at the end of the path, the query that every call
//! carries, and the data of those calls that have some.

use std::net::IpAddr;

use edge::principal::Principal;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What a call asks for.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Invoke,
    Assert,
    ExchangeKey,
    Poll,
    CreateDebugToken,
    Sso,
}

impl Operation {
    /// The operation at the end of the path.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "anonymous_invoke" => Some(Self::Invoke),
            "assert" => Some(Self::Assert),
            "key_exchange" => Some(Self::ExchangeKey),
            "poll" => Some(Self::Poll),
            "create_debug_token" => Some(Self::CreateDebugToken),
            "sso" => Some(Self::Sso),
            _ => None,
        }
    }
}

/// What every call carries in its query.
#[derive(Deserialize)]
pub(super) struct Call {
    #[serde(rename = "clientId")]
    pub(super) client_id: String,
    pub(super) locale: Option<String>,
    /// The waiting journey.
    pub(super) sid: Option<String>,
    /// The sealed authorization request that `sso` serves.
    #[serde(rename = "ssoInteractionId")]
    pub(super) interaction: Option<String>,
    /// The device id that was handed out earlier.
    pub(super) did: Option<String>,
    /// The address that it comes from: never the client's to say.
    #[serde(skip)]
    pub(super) source: Option<IpAddr>,
    /// The public client of that id, under the configuration by which the call is served.
    #[serde(skip)]
    pub(super) principal: Option<Principal>,
}

/// The data of `anonymous_invoke`.
#[derive(Deserialize)]
pub(super) struct Invocation {
    pub(super) policy_request_id: String,
    #[serde(default)]
    pub(super) params: Map<String, Value>,
}

/// The data of `sso`.
#[derive(Deserialize)]
pub(super) struct SsoInvocation {
    #[serde(default)]
    pub(super) params: Map<String, Value>,
}

/// The data of `assert`.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the protocol's names")]
pub(super) struct Assertion {
    pub(super) assertion_id: String,
    pub(super) assert: String,
    pub(super) fch: String,
    #[serde(default)]
    pub(super) input: Value,
    #[serde(default)]
    pub(super) data: Value,
}

//! A reply: how it is kept in a golden file, and its fields.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, ReflectMessage as _, Value as Proto};
use reqwest::Response;
use serde_json::{Map, Value, json};
use tonic::Status;
use tonic_types::StatusExt as _;

use super::Named;

/// The protos of the latest release.
const RELEASED: &[u8] = include_bytes!("../../../proto/released.binpb");

/// A reply to a call.
pub(super) enum Reply {
    /// Over HTTP: the status, some headers, and a body in JSON.
    Http(Value),
    /// Over gRPC: the message's name, and its bytes.
    Message(String, Vec<u8>),
    /// Over gRPC: a refusal.
    Refusal(Value),
}

impl Reply {
    /// Takes a reply over HTTP.
    pub(super) async fn http(reply: Response) -> anyhow::Result<Self> {
        let header = |name: &str| {
            let value = reply.headers().get(name)?;
            Some(json!(value.to_str().unwrap_or_default()))
        };
        let headers: Map<_, _> = ["content-type", "cache-control", "www-authenticate"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), header(name)?)))
            .collect();
        let status = reply.status().as_u16();
        let body: Value = reply.json().await?;
        Ok(Self::Http(json!({"status": status, "headers": headers, "body": body})))
    }

    /// Takes a reply over gRPC, whose message has that name.
    pub(super) fn grpc<M: Message>(name: &str, reply: Result<tonic::Response<M>, Status>) -> Self {
        match reply {
            Ok(message) => Self::Message(name.to_owned(), message.into_inner().encode_to_vec()),
            Err(status) => {
                let info = status.get_details_error_info();
                let violations = status.get_details_bad_request().map(|it| it.field_violations);
                let violations = violations.into_iter().flatten();
                let fields: Vec<_> = violations.map(|it| it.field).collect();
                Self::Refusal(json!({
                    "code": format!("{:?}", status.code()),
                    "reason": info.as_ref().map(|info| info.reason.clone()),
                    "domain": info.as_ref().map(|info| info.domain.clone()),
                    "metadata": info.map(|info| info.metadata),
                    "fields": fields,
                }))
            }
        }
    }

    /// Its fields, as the latest release names them.
    pub(super) fn fields(&self) -> anyhow::Result<Value> {
        let (name, bytes) = match self {
            Self::Http(fields) | Self::Refusal(fields) => return Ok(fields.clone()),
            Self::Message(name, bytes) => (name, bytes),
        };
        let released = DescriptorPool::decode(RELEASED)?;
        let kind = released.get_message_by_name(name).with_context(|| name.clone())?;
        Ok(message(&DynamicMessage::decode(kind, bytes.as_slice())?))
    }
}

fn message(message: &DynamicMessage) -> Value {
    if message.descriptor().full_name() == "google.protobuf.Timestamp" {
        return json!("an instant");
    }
    let fields = message.fields();
    Value::Object(fields.map(|(field, value)| (field.name().to_owned(), field_of(value))).collect())
}

fn field_of(value: &Proto) -> Value {
    match value {
        Proto::Bool(yes) => json!(yes),
        Proto::I32(number) | Proto::EnumNumber(number) => json!(number),
        Proto::I64(number) => json!(number),
        Proto::U32(number) => json!(number),
        Proto::U64(number) => json!(number),
        Proto::F32(number) => json!(number),
        Proto::F64(number) => json!(number),
        Proto::String(text) => json!(text),
        Proto::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Proto::Message(inner) => message(inner),
        Proto::List(items) => items.iter().map(field_of).collect(),
        Proto::Map(members) => {
            let name = |key: &MapKey| key.as_str().unwrap_or_default().to_owned();
            Value::Object(members.iter().map(|(key, it)| (name(key), field_of(it))).collect())
        }
    }
}

/// Replies as a golden file keeps them.
pub(super) fn to_json(replies: &[Named]) -> Value {
    let kept = replies.iter().map(|(call, reply)| match reply {
        Reply::Http(fields) => json!({"call": call, "http": fields}),
        Reply::Refusal(fields) => json!({"call": call, "refusal": fields}),
        Reply::Message(name, bytes) => {
            json!({"call": call, "message": name, "bytes": STANDARD.encode(bytes)})
        }
    });
    kept.collect()
}

/// The replies of a golden file.
pub(super) fn from_json(kept: &Value) -> anyhow::Result<Vec<Named>> {
    let one = |kept: &Value| {
        let call = kept["call"].as_str().context("a call")?.to_owned();
        let reply = match (kept.get("http"), kept.get("refusal"), kept["message"].as_str()) {
            (Some(fields), None, None) => Reply::Http(fields.clone()),
            (None, Some(fields), None) => Reply::Refusal(fields.clone()),
            (None, None, Some(name)) => {
                let bytes = STANDARD.decode(kept["bytes"].as_str().context("bytes")?)?;
                Reply::Message(name.to_owned(), bytes)
            }
            _ => anyhow::bail!("{call}: one of `http`, `refusal` and `message`"),
        };
        Ok((call, reply))
    };
    kept.as_array().context("a list of replies")?.iter().map(one).collect()
}

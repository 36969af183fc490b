//! The messages and services of the published protos, and the gRPC encoding of a message.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message;

/// Package `postern.code.v1`.
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub(crate) mod code {
    tonic::include_proto!("postern.code.v1");
}

/// Package `postern.journey.v1`.
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub(crate) mod journey {
    tonic::include_proto!("postern.journey.v1");
}

/// A message as the body of a gRPC call: the uncompressed flag, the length, the message.
pub(crate) fn body(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut body = BytesMut::with_capacity(5 + length);
    body.put_u8(0);
    body.put_u32(u32::try_from(length).expect("a request is small"));
    message.encode(&mut body).expect("there is room for it");
    body.freeze()
}

/// Decodes the message in such a body.
pub(crate) fn message<M: Message + Default>(body: &[u8]) -> anyhow::Result<M> {
    let message = body.get(5..).ok_or_else(|| anyhow::anyhow!("an answer without a message"))?;
    Ok(M::decode(message)?)
}

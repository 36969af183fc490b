//! Reads bodies, up to a limit, before a service sees them: every endpoint takes small ones.

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;

use super::refusal::Refusal;

/// The largest body that a service sees.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// How much of a larger one is read and thrown away: a client that is still sending does not read
/// the refusal.
const MAX_DISCARDED_BYTES: usize = 4 * 1024 * 1024;

/// Reads a body.
pub(super) async fn read(mut body: Body) -> Result<Bytes, Refusal> {
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BrokenBody)?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > MAX_DISCARDED_BYTES {
            break;
        }
        if length <= MAX_BODY_BYTES {
            kept.extend_from_slice(&data);
        }
    }
    if length <= MAX_BODY_BYTES { Ok(kept.into()) } else { Err(Refusal::TooLarge) }
}

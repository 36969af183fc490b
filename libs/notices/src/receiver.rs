//! The receiver of an application's notices.

use std::sync::Arc;
use std::time::Duration;

use crate::signature::SigningKey;

/// Where an application's notices go, and how late they may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The URL that each notice is posted to.
    pub url: String,
    /// The keys that sign each notice: one, or two while the receiver moves to the second.
    pub keys: Arc<[SigningKey]>,
    /// The lag above which no code is issued.
    pub max_lag: Duration,
    /// Whether the URL may lead to a private address.
    pub private_addresses: bool,
}

impl Receiver {
    /// The lag above which no code is issued, unless configured.
    pub const MAX_LAG: Duration = Duration::from_secs(10 * 60);

    /// The most keys.
    pub const MAX_KEYS: usize = 2;
}

//! The way to a gRPC service of another process: where it is, how a connection to each of its replicas
//! is kept, and what is told of each call.
//!
//! ```text
//! Remote ── addresses, TLS ──> Follower ── keeps a connection to each replica ──> Targets
//!                                                                                    │ the next in turn
//!                                          Client ── span, metric ───────────────────┘
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | where a service is, and with which TLS | [`Remote`] |
//! | how a service is called | [`Client`] |
//! | how replicas are found, and lost ones left out | `targets` |

mod client;
mod remote;
mod targets;

pub use client::Client;
pub use remote::{Lookup, Remote, RemoteError};

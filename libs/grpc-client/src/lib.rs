//! The client side of gRPC: where a service is, the connections to its replicas, and the traces and
//! metrics of each call.
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
//! | with which token | [`bearer()`] |
//! | how replicas are found, and lost ones left out | `targets` |

mod bearer;
mod client;
mod remote;
mod targets;

pub use bearer::bearer;
pub use client::{Client, has_lost_its_connection};
pub use remote::{Lookup, Remote, RemoteError};

//! The outer edge of a service: where a request becomes a principal and a parsed value, and a fault
//! becomes an answer.
//!
//! | to learn | read |
//! | --- | --- |
//! | which scope an rpc needs | [`rules`] |
//! | who is calling, and with what rights | [`gate`], [`principal`] |
//! | what an agent may do, and what no agent may | [`agents`] |
//! | what a desk asks of its agents | [`principal::Principal`] |
//! | how a service is known without a token | [`certificate`] |
//! | how a gRPC service stands behind the gate | [`guard`] |
//! | how callers that ask or fail too often are slowed down | [`throttle`] |
//! | who was turned away, for the audit trail | [`audit`] |
//! | how JSON comes in, and how faults go out as JSON | [`json`] |
//! | how forms come in | [`form`] |
//! | how a server lets pages in browsers call | [`browsers`] |
//! | how users learn of what is done with their codes | [`notices`] |
//! | how others find a service's keys and endpoints | [`metadata`] |

pub mod agents;
pub mod audit;
pub mod browsers;
pub mod certificate;
mod desk;
pub mod form;
pub mod gate;
pub mod guard;
pub mod json;
pub mod metadata;
pub mod notices;
pub mod principal;
pub mod rules;
pub mod throttle;

use codes::operations::OperationError;
use wire::error::Fault;

/// Logs why an operation has no outcome, and returns the answer for the caller: that it may try
/// again, the same for every user.
pub fn unavailable(error: OperationError) -> Fault {
    tracing::error!(error = %error, "an operation failed");
    error.into()
}

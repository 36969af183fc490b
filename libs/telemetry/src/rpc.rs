//! What is told of an rpc, at either of its ends: its name and its status, in spans and metrics.

mod methods;
mod status;

pub use methods::Methods;
pub use status::{Learns, Watched, describe, is_fault, measure, name, tell_end};

//! Spans and metrics of an rpc, at the client and at the server: its name and its status.

mod methods;
mod status;

pub use methods::Methods;
pub use status::{Learns, Watched, describe, is_fault, measure, name, tell_end};

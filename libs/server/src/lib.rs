//! The server under every service, without their domain: the one `main` body, listeners,
//! connections, and the layers around gRPC and HTTP.
//!
//! ```text
//! run ── parse and check settings ── start telemetry ── build (the service's own) ── serve
//!          every mistake, exit 64                         │                            │
//!                                          bind every listener, compose      drain, deadline, exit
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | the `main` body and the exit codes | [`run`](mod@run) |
//! | the flags that every process has | [`process`] |
//! | which layers a request passes | [`grpc`], [`http`] |
//! | how long a connection lives, and how many there may be | `connections` |
//! | how many requests are worked on at a time | `limit` |
//! | how a process starts and ends serving | [`servers`] |

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod grpc;
pub mod http;
pub mod listener;
pub mod process;
pub mod run;
pub mod servers;

mod admin;
mod connections;
mod finish;
mod limit;
mod readiness;
mod timeout;

pub use grpc::GrpcServer;
pub use http::HttpServer;
pub use listener::{Listener, bind};
pub use process::{Process, ProcessArgs};
pub use readiness::Readiness;
pub use run::{Settings, StartError, VERSION, parse, run, run_with};
pub use servers::Servers;

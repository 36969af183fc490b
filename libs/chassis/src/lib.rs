//! What every service stands on, and knows no word of what they do: settings, telemetry, layers,
//! servers, and one `main` body.
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
//! | flags, environment variables, mistakes | [`settings`] |
//! | what is logged, and what never is | [`telemetry`] |
//! | which layers a request passes | [`grpc`], [`http`] |
//! | how a process starts and ends serving | [`servers`] |
//! | how certificates are shown, checked and exchanged | [`tls`] |

pub mod grpc;
pub mod http;
pub mod listener;
pub mod run;
pub mod servers;
pub mod settings;
pub mod telemetry;
pub mod tls;

mod admin;
mod connections;
mod effective;
mod finish;
mod limit;
mod readiness;
mod variables;

pub use effective::Effective;
pub use grpc::GrpcServer;
pub use http::HttpServer;
pub use listener::{Endpoint, Listener, bind};
pub use readiness::Readiness;
pub use run::{Settings, StartError, VERSION, parse, run, run_with};
pub use servers::Servers;

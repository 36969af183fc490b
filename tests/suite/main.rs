//! What Postern does, seen from outside: these tests start the `postern` binary and speak to it over
//! HTTP and gRPC. They know addresses, the published protos and the documentation, and no crate of
//! the workspace.
//!
//! Every test is also a test of secrecy: when its server stops, the log that it wrote at `trace` is
//! searched for every code, token, secret and identifier that the test has seen, and so is all that its
//! Redis was told and keeps.

mod abuse;
mod apart;
mod audit;
mod authorization;
mod canaries;
mod crowd;
mod directory;
mod documentation;
mod draining;
mod durability;
mod floods;
mod forgery;
mod guide;
mod harness;
mod heads;
mod issuing;
mod journeys;
mod lockouts;
mod losses;
mod malformed;
mod mesh;
mod observability;
mod operations;
mod oracle;
mod otp_send;
mod overload;
mod pace;
mod races;
mod reload;
mod rolling;
mod rotation;
mod secrecy;
mod secured;
mod skew;
mod slow;
mod startup;
mod telemetry;
mod tls;
mod token_endpoint;
mod trail;
mod twins;
mod unfit;
mod unheard;
mod verifying;
mod web_protocol;

/// What a test returns: a fault of the set-up is an error, a broken promise a panic.
type Tested = anyhow::Result<()>;

//! Black-box tests: they start the `postern` binary and call it over HTTP and gRPC. They know
//! addresses, the published protos and the documentation, but no crate of the workspace except
//! `client`, which is tested here as its users call it.
//!
//! Every test also checks secrecy: when its server stops, its `trace` log and everything its Redis
//! received are searched for every code, token, secret and identifier of the test.

#![expect(clippy::disallowed_methods, reason = "tests are outside, and have no seed to keep")]

mod abuse;
mod agents;
mod apart;
mod audit;
mod authorization;
mod canaries;
mod client_library;
mod crowd;
mod desk;
mod directory;
mod documentation;
mod draining;
mod drawing;
mod durability;
mod floods;
mod forgery;
mod golden;
mod grants;
mod guide;
mod harness;
mod heads;
mod importing;
mod introspection;
mod issuing;
mod journeys;
mod lockouts;
mod losses;
mod malformed;
mod mesh;
mod notices;
mod observability;
mod openid;
mod operations;
mod oracle;
mod otp_authenticate;
mod otp_send;
mod overload;
mod pace;
mod pairing;
mod plan;
mod races;
mod recovery;
mod release;
mod reload;
mod rolling;
mod rotation;
mod secrecy;
mod secured;
mod skew;
mod slow;
mod startup;
mod strangers;
mod telemetry;
mod tls;
mod token_endpoint;
mod trail;
mod twins;
mod typed;
mod unfit;
mod unheard;
mod verifying;
mod waiting;
mod web_protocol;

/// The result of a test: an error for a failed set-up, a panic for a failed assertion.
type Tested = anyhow::Result<()>;

//! Rehearses a journey: the real engine, with outcomes that the author chooses instead of a verifier.
//!
//! ```text
//! YAML -> read -> Journey      Script: parameters and inputs so far
//!                    \          /
//!                      rehearse  -> Scene: where it stopped, the steps on the way, the variables
//! ```
//!
//! A rehearsal keeps no state. Its script is the list of inputs, and each request plays it from the start.
//! It stores nothing, calls nothing and mints nothing. A script never contains a code, and a scene never
//! shows a secret value. A page shows a scene by its [`view`].
//!
//! ```
//! use clock::Timestamp;
//! use rehearsal::{Input, Outcome, Script, Stop, read, rehearse};
//!
//! let yaml = "
//! id: hello
//! start: ask
//! steps:
//!   ask: {type: collect_information, form_id: f, fields: [user, code], output: form, on: {submit: check}}
//!   check:
//!     type: temp_code_authentication
//!     external_user_id: form.user
//!     temp_code: form.code
//!     on: {success: done, failure: ask}
//!   done: {type: complete}
//! ";
//! let journey = read(yaml).expect("no mistakes");
//! let mut script = Script::default();
//! let fields = [("user", "jane"), ("code", "123456")];
//! let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
//! script.push(&journey, Input::Submit(fields.into()));
//! script.push(&journey, Input::Verified(Outcome::Accepted));
//! let scene = rehearse(&journey, &script, Timestamp::from_unix_millis(0)).expect("it fits");
//! assert!(matches!(scene.stop, Stop::Completed(_)));
//! assert_eq!(scene.trail, ["ask", "check", "done"]);
//! ```

mod play;
mod reading;
mod script;
mod shown;
pub mod view;

#[cfg(test)]
mod tests;

pub use play::{RehearsalError, Scene, Stop, rehearse};
pub use reading::read;
pub use script::{Input, MAX_INPUTS, Outcome, Script};

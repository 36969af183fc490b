//! The protocol of the Web SDK: what its messages say, and how a journey's answers are written for it. No
//! HTTP and no journeys: the journey runner serves them.
//!
//! | to learn | read |
//! | --- | --- |
//! | what a page sends, in clear or encrypted | [`message`] |
//! | what a page is answered | [`reply`] |

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod message;
pub mod reply;

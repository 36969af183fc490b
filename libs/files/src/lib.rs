//! Reads the files that an operator names. A refusal says what is wrong with the file.
//!
//! - [`read`] and [`read_secret`]: a regular file of a bounded size. A named pipe would never end.
//! - [`line()`]: the one line that a file with a password holds.
//! - [`without_mark`]: a text without the byte order mark that some editors put before it.
//! - [`Reload`]: the outcome of reading files again while a process serves.
//! - [`exposed`]: the secrets that other users of the machine can read.

mod exposed;
mod line;
mod read;
mod reload;

pub use exposed::{exposed, warn_of_exposed};
pub use line::{LineError, line, without_mark};
pub use read::{MAX_BYTES, ReadError, read, read_secret};
pub use reload::Reload;

//! The reply of a script: a list of words. A reply that cannot be parsed is a fault, never an
//! outcome.

use std::str::FromStr;

use clock::Timestamp;

/// The words of a reply, read one after the other.
pub(crate) struct Reply(std::vec::IntoIter<Vec<u8>>);

impl Reply {
    pub(crate) fn new(words: Vec<Vec<u8>>) -> Self {
        Self(words.into_iter())
    }

    /// The next word.
    pub(crate) fn word(&mut self) -> Result<String, Unreadable> {
        String::from_utf8(self.bytes()?).map_err(|_| Unreadable)
    }

    /// The next word as bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Unreadable> {
        self.0.next().ok_or(Unreadable)
    }

    /// How many words have not been read.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn unread(&self) -> usize {
        self.0.as_slice().len()
    }

    /// Whether all words have been read.
    pub(crate) fn is_over(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    /// The next word as a number.
    pub(crate) fn number<T: FromStr>(&mut self) -> Result<T, Unreadable> {
        self.word()?.parse().map_err(|_| Unreadable)
    }

    /// The next word as an instant, in milliseconds since the Unix epoch.
    pub(crate) fn instant(&mut self) -> Result<Timestamp, Unreadable> {
        self.number().map(Timestamp::from_unix_millis)
    }

    /// The next word as an instant, or `-` for none.
    pub(crate) fn maybe_instant(&mut self) -> Result<Option<Timestamp>, Unreadable> {
        let word = self.word()?;
        if word == "-" {
            return Ok(None);
        }
        let milliseconds = word.parse().map_err(|_| Unreadable)?;
        Ok(Some(Timestamp::from_unix_millis(milliseconds)))
    }

    /// Whether the next word is `yes` rather than `no`.
    pub(crate) fn either(&mut self, yes: &str, no: &str) -> Result<bool, Unreadable> {
        match self.word()? {
            word if word == yes => Ok(true),
            word if word == no => Ok(false),
            _ => Err(Unreadable),
        }
    }
}

/// The reply has a form that no version of the scripts produces.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the script's reply cannot be read")]
pub(crate) struct Unreadable;

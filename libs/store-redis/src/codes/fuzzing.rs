//! A fuzz target: the replies of scripts, as a server that is not Redis might send them.

use codes::digest::Subject;

use super::replies;
use crate::reply::{Reply, Unreadable};

/// Parses a reply, given as one word a line. The words that a parser has read make no reply without the
/// last of them: a reply that was cut off is never taken for a shorter one.
///
/// # Panics
/// The property does not hold.
pub fn reply(data: &[u8]) {
    let words: Vec<Vec<u8>> = data.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let Ok(unread) = parse(words.clone()) else { return };
    let read = words.len() - unread;
    assert!(parse(words[..read - 1].to_vec()).is_err(), "it is readable without its last word");
}

/// Parses a reply and returns how many of its words are unread.
fn parse(words: Vec<Vec<u8>>) -> Result<usize, Unreadable> {
    let (mut reply, subject) = (Reply::new(words), Subject::from_bytes([7; 16]));
    match reply.word()?.as_str() {
        word @ ("issued" | "locked") => drop(replies::issued(&subject, word, &mut reply)?),
        "denied" => drop(replies::denied(&subject, &mut reply)?),
        "described" => drop(replies::description(&subject, &mut reply)?),
        "pairing" => drop(replies::pairing(&mut reply)?),
        _ => return Err(Unreadable),
    }
    Ok(reply.unread())
}

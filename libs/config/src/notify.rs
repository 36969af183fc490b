//! The receiver of an application's notices: what stands under `desk: notify`.

use std::time::Duration;

use files::line;
use notices::outbox::RETENTION;
use notices::receiver::Receiver;
use notices::signature::SigningKey;
use secrecy::ExposeSecret as _;
use yaml::{Fields, Node, Notes};

use crate::client::each;
use crate::origin::{self, OriginError};
use crate::policy::duration;
use crate::reading::{Reading, beside};

/// From a retry or two up to as long as notices are retried.
const MAX_LAG: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=RETENTION;

/// Reads a receiver. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(reading: &mut Reading, notes: &mut Notes, node: &Node) -> Option<Receiver> {
    let mut fields = Fields::of(notes, node, "desk: notify");
    let (url, keys) = (fields.required(notes, "url"), fields.required(notes, "key_files"));
    let [max_lag, private] = ["max_lag", "private_addresses"].map(|key| fields.optional(key));
    fields.finish(notes);
    let private_addresses =
        private.map_or(Some(false), |node| notes.boolean(node, "desk: notify: private_addresses"));
    let url = url.and_then(|node| self::url(notes, node, private_addresses.unwrap_or(true)));
    let keys = keys.and_then(|node| self::keys(reading, notes, node));
    let max_lag = max_lag.map_or(Some(Receiver::MAX_LAG), |node| self::max_lag(notes, node));
    Some(Receiver {
        url: url?,
        keys: keys?.into(),
        max_lag: max_lag?,
        private_addresses: private_addresses?,
    })
}

/// Where notices may be sent without TLS there are no strangers.
fn url(notes: &mut Notes, node: &Node, private_addresses: bool) -> Option<String> {
    let what = "desk: notify: url";
    let url = notes.text(node, what)?;
    let is_safe = match origin::of(url) {
        Ok(origin) => Ok(origin.starts_with("https:") || private_addresses),
        Err(OriginError::NotSecure) => Ok(private_addresses),
        Err(error @ OriginError::NotAUrl) => Err(error.to_string()),
    };
    let safe = is_safe.and_then(|is_safe| {
        let rule =
            "must be https; within a network of your own, http with `private_addresses: true`";
        is_safe.then(|| url.to_owned()).ok_or_else(|| rule.to_owned())
    });
    notes.check(node.line, what, safe)
}

/// Reads keys from files, whose paths are relative to the folder of the application's file.
fn keys(reading: &mut Reading, notes: &mut Notes, node: &Node) -> Option<Vec<SigningKey>> {
    let what = "desk: notify: key_files";
    let keys = each(notes, node, what, |notes, item, path| {
        let path = beside(notes.file(), path);
        let bytes = reading.secret(&path).map_err(|error| format!("{path}: {error}"));
        let Some(bytes) = notes.check(item.line, what, bytes)? else { return Some(None) };
        let text = line(bytes.expose_secret()).map_err(|error| format!("{path}:{error}"));
        let text = notes.check(item.line, what, text)?;
        let key = SigningKey::parse(text).map_err(|error| format!("{path}:1: {error}"));
        notes.check(item.line, what, key).map(Some)
    })?;
    if keys.len() > Receiver::MAX_KEYS {
        notes.add(node.line, format!("{what} must be one file, or two while the key is changed"));
        return None;
    }
    Some(keys.into_iter().flatten().collect())
}

fn max_lag(notes: &mut Notes, node: &Node) -> Option<Duration> {
    let what = "desk: notify: max_lag";
    let max_lag = duration(notes, node, what)?;
    let within = MAX_LAG.contains(&max_lag).then_some(max_lag).ok_or("must be from 1s to 72h");
    notes.check(node.line, what, within)
}

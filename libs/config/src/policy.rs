//! The policy of an application: what stands under `temp_code`, and defaults for what does not.

use std::time::Duration;

use clock::duration::{self, Units};
use codes::policy::{PairingRule, Policy, PolicyError, PolicySettings};
use codes::shape::Alphabet;
use yaml::{Content, Fields, Node, Notes};

/// Reads a policy. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(notes: &mut Notes, node: Option<&Node>) -> Option<Policy> {
    let Some(node) = node else { return Some(Policy::default()) };
    let fields = Fields::of(notes, node, "temp_code");
    let mut settings = PolicySettings::default();
    let mut reader = Reader { notes, fields, lines: Vec::new(), is_readable: true };
    reader.number("length", &mut settings.length);
    reader.alphabet(&mut settings.alphabet);
    reader.duration("expiration", &mut settings.expiration);
    reader.duration("max_expiration", &mut settings.max_expiration);
    reader.duration("lockout", &mut settings.lockout);
    reader.number("failed_attempts", &mut settings.failed_attempts);
    reader.number("issues_per_hour", &mut settings.issues_per_hour);
    reader.number("overrides_per_day", &mut settings.overrides_per_day);
    reader.pairing(&mut settings.pairing);
    reader.attempts_per_source(&mut settings.attempts_per_source);

    let Reader { notes, fields, lines, is_readable } = reader;
    fields.finish(notes);
    match Policy::new(settings) {
        Ok(policy) => is_readable.then_some(policy),
        Err(errors) => {
            for error in errors {
                let written = lines.iter().find(|(key, _)| *key == key_of(error));
                let line = written.map_or(node.line, |(_, line)| *line);
                notes.add(line, format!("temp_code: {error}"));
            }
            None
        }
    }
}

/// Reads settings into their place. What cannot be read is noted and leaves the default there, so
/// that the others are still checked against something.
struct Reader<'r, 'n> {
    notes: &'r mut Notes,
    fields: Fields<'n>,
    lines: Vec<(&'static str, u64)>,
    is_readable: bool,
}

impl Reader<'_, '_> {
    fn number<T: TryFrom<u64>>(&mut self, key: &'static str, setting: &mut T) {
        self.read(key, setting, Notes::integer);
    }

    fn duration(&mut self, key: &'static str, setting: &mut Duration) {
        self.read(key, setting, duration);
    }

    fn alphabet(&mut self, setting: &mut Alphabet) {
        self.read("alphabet", setting, |notes, node, what| {
            let name = notes.text(node, what)?;
            let known = [Alphabet::Digits, Alphabet::Base32];
            let found = known.into_iter().find(|alphabet| alphabet.as_str() == name);
            notes.check(node.line, what, found.ok_or("must be `digits` or `base32`"))
        });
    }

    fn pairing(&mut self, setting: &mut PairingRule) {
        self.read("pairing", setting, |notes, node, what| {
            let name = notes.text(node, what)?;
            let found = PairingRule::ALL.into_iter().find(|rule| rule.as_str() == name);
            notes.check(node.line, what, found.ok_or("must be `off`, `optional` or `required`"))
        });
    }

    fn attempts_per_source(&mut self, setting: &mut Option<u32>) {
        self.read("attempts_per_source", setting, |notes, node, what| {
            notes.integer(node, what).map(Some)
        });
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        setting: &mut T,
        read: impl FnOnce(&mut Notes, &Node, &str) -> Option<T>,
    ) {
        let Some(node) = self.fields.optional(key) else { return };
        self.lines.push((key, node.line));
        match read(self.notes, node, &format!("temp_code: {key}")) {
            Some(value) => *setting = value,
            None => self.is_readable = false,
        }
    }
}

/// Reads a duration.
pub(crate) fn duration(notes: &mut Notes, node: &Node, what: &str) -> Option<Duration> {
    let number = match &node.content {
        Content::Integer(number) => Some(number.to_string()),
        Content::Text(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Some(text.clone())
        }
        _ => None,
    };
    if let Some(number) = number {
        notes.add(
            node.line,
            format!("{what} must have a unit: write `{number}s` for {number} seconds"),
        );
        return None;
    }
    let text = notes.text(node, what)?;
    notes.check(node.line, what, duration::parse(text, Units::SecondsToDays))
}

/// The setting that an error is about.
const fn key_of(error: PolicyError) -> &'static str {
    match error {
        PolicyError::Length => "length",
        PolicyError::Expiration => "expiration",
        PolicyError::MaxExpiration => "max_expiration",
        PolicyError::Lockout => "lockout",
        PolicyError::FailedAttempts | PolicyError::Odds => "failed_attempts",
        PolicyError::AttemptsPerSource => "attempts_per_source",
        PolicyError::IssuesPerHour => "issues_per_hour",
        PolicyError::OverridesPerDay => "overrides_per_day",
    }
}

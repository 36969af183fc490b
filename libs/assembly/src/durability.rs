//! The setting of durability: what Redis must confirm before a caller learns an outcome.

use std::time::Duration;

use clock::duration::{self, Units};
use store_redis::connection::confirmation::Confirmation;

/// Reads the confirmation that an outcome needs; `None` for none.
pub(crate) fn parse(text: &str) -> Result<Option<Confirmation>, String> {
    let longest = Confirmation::LONGEST.as_millis();
    let rule = || {
        format!(
            "must be fenced, synced, or replicated with a number of replicas and at most {longest}ms \
             to wait for them, such as replicated:1:100ms"
        )
    };
    let (number, within) = match text.split(':').collect::<Vec<_>>()[..] {
        ["fenced"] => return Ok(None),
        ["synced"] => return Ok(Some(Confirmation::Disk)),
        ["replicated", number, within] => (number, within),
        _ => return Err(rule()),
    };
    let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(rule)?;
    let can_be_waited = Duration::from_millis(1)..=Confirmation::LONGEST;
    let within = duration::parse(within, Units::MillisecondsToHours)
        .ok()
        .filter(|within| can_be_waited.contains(within));
    Ok(Some(Confirmation::Replicas { number, within: within.ok_or_else(rule)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_durability_has_its_name() {
        let replicated = |number, milliseconds| {
            let within = Duration::from_millis(milliseconds);
            Some(Confirmation::Replicas { number, within })
        };
        for (text, expected) in [
            ("fenced", None),
            ("synced", Some(Confirmation::Disk)),
            ("replicated:1:100ms", replicated(1, 100)),
            ("replicated:2:1ms", replicated(2, 1)),
            ("replicated:1:200ms", replicated(1, 200)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "safe",
            "Fenced",
            "fenced:1",
            "replicated",
            "replicated:1",
            "replicated:0:100ms",
            "replicated:-1:100ms",
            "replicated:one:100ms",
            "replicated:1:0ms",
            "replicated:1:201ms",
            "replicated:1:1s",
            "replicated:1:100",
            "replicated:1:100ms:1",
        ] {
            let told = parse(text).expect_err(text);
            assert!(told.contains("replicated:1:100ms"), "{text}: {told}");
        }
    }
}

//! Searches a text for secrets in every encoding in which they could appear.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter texts occur by chance: any long log contains some given six digits.
const SHORTEST: usize = 10;
/// The characters shown on either side of a secret that was found.
const SHOWN: usize = 500;

/// Each secret in `text`, with its encoding.
pub(crate) fn leaks(text: impl AsRef<[u8]>, secrets: &[String]) -> Vec<String> {
    let text = text.as_ref();
    let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    let secrets: Vec<_> = secrets.collect::<BTreeSet<_>>().into_iter().collect();
    // Digits and names are searched in either case; base64 is case sensitive.
    let (mut plain, mut exact) = (Forms::default(), Forms::default());
    for secret in secrets {
        for (form, text) in forms(secret) {
            let kind = if form.starts_with("base64") { &mut exact } else { &mut plain };
            kind.names.push(format!("{form} of {secret}"));
            kind.texts.push(text);
        }
    }
    let mut found = plain.found_in(text, true);
    found.extend(exact.found_in(text, false));
    found
}

/// Texts to search for, each with its description.
#[derive(Default)]
struct Forms {
    names: Vec<String>,
    texts: Vec<String>,
}

impl Forms {
    /// Each of them that occurs, with the first line that contains it.
    fn found_in(&self, text: &[u8], in_either_case: bool) -> Vec<String> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(in_either_case)
            .build(&self.texts)
            .expect("far fewer forms than there could be");
        let (mut found, mut known) = (Vec::new(), BTreeSet::new());
        for hit in automaton.find_overlapping_iter(text) {
            if known.insert(hit.pattern()) {
                let name = &self.names[hit.pattern()];
                found.push(format!("{name}: {}", around(text, hit.start(), hit.end())));
            }
        }
        found
    }
}

fn forms(secret: &str) -> Vec<(String, String)> {
    let each_byte = |form: fn(u8) -> String, separator: &str| {
        secret.bytes().map(form).collect::<Vec<_>>().join(separator)
    };
    let hex = |byte| format!("{byte:02x}");
    let mut forms = vec![
        ("clear text".to_owned(), secret.to_owned()),
        ("reverse".to_owned(), secret.chars().rev().collect()),
        ("hexadecimal form".to_owned(), each_byte(hex, "")),
        ("percent-encoding".to_owned(), format!("%{}", each_byte(hex, "%"))),
        ("partial percent-encoding".to_owned(), percent_encoded(secret)),
        ("escaped form".to_owned(), format!("\\x{}", each_byte(hex, "\\x"))),
        ("JSON escapes".to_owned(), each_byte(|byte| format!("\\u{byte:04x}"), "")),
        ("list of bytes".to_owned(), each_byte(|byte| byte.to_string(), ", ")),
        ("close list of bytes".to_owned(), each_byte(|byte| byte.to_string(), ",")),
        ("list of bytes in hexadecimal".to_owned(), each_byte(|byte| format!("{byte:x}"), ", ")),
        ("list of characters".to_owned(), each_byte(|byte| char::from(byte).into(), "', '")),
    ];
    // Inside a longer text, a secret begins at any of three offsets within a base64 group.
    for shift in 0..3 {
        for (alphabet, engine) in [("standard", &STANDARD_NO_PAD), ("url-safe", &URL_SAFE_NO_PAD)] {
            let mut bytes = vec![0; shift];
            bytes.extend(secret.as_bytes());
            let encoded = engine.encode(&bytes);
            // Characters that also depend on neighbouring bytes are left out.
            let begin = [0, 2, 3][shift];
            let end = encoded.len() - usize::from(bytes.len() % 3 != 0);
            forms.push((format!("base64 ({alphabet}, +{shift})"), encoded[begin..end].to_owned()));
        }
    }
    forms
}

/// As in a form or a URL: everything except letters, digits and `-._~`.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02x}") };
    text.bytes().map(encode).collect()
}

fn around(text: &[u8], begin: usize, end: usize) -> String {
    let before = &text[begin.saturating_sub(SHOWN)..begin];
    let after = &text[end..text.len().min(end + SHOWN)];
    let from = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let to = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
    let line = [&before[from..], &text[begin..end], &after[..to]].concat();
    String::from_utf8_lossy(&line).into_owned()
}

#[test]
fn the_scan_finds_a_secret_in_every_form() {
    for secret in ["canary+4711@example.org", "471147114711"] {
        let secret = secret.to_owned();
        let shifted = |shift: usize| {
            let text = format!("{}{secret}zz", "x".repeat(shift));
            STANDARD_NO_PAD.encode(text)
        };
        let hex: Vec<_> = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        let reverse: String = secret.chars().rev().collect();
        let logs = [
            secret.clone(),
            secret.to_uppercase(),
            reverse,
            hex.concat(),
            format!("%{}", hex.join("%")),
            format!("\\x{}", hex.join("\\x")),
            format!("\\u00{}", hex.join("\\u00")),
            percent_encoded(&secret),
            format!("{:?}", secret.as_bytes()),
            format!("{:x?}", secret.as_bytes()),
            serde_json::json!(secret.as_bytes()).to_string(),
            format!("{:?}", secret.chars().collect::<Vec<_>>()),
            shifted(0),
            shifted(1),
            shifted(2),
            URL_SAFE_NO_PAD.encode(&secret),
        ];
        for log in logs {
            let log = format!("a line\n{{\"message\":\"{log}\"}}\nanother");
            let found = leaks(&log, std::slice::from_ref(&secret));
            assert!(!found.is_empty(), "overlooks {log}");
            assert!(found.iter().all(|it| !it.contains("another")), "{found:?}");
        }
        assert!(leaks("nothing to see here", &[secret]).is_empty());
    }
}

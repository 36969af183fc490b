//! Searches a log for secrets, in every form in which one could have got there.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter texts turn up by chance: six digits are found in any long enough log.
const SHORTEST: usize = 10;

/// Each secret that `log` holds, with the form in which it does.
pub(crate) fn leaks(log: &str, secrets: &[String]) -> Vec<String> {
    let lower = log.to_ascii_lowercase();
    let mut found = Vec::new();
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        for (form, text) in forms(secret) {
            // Hexadecimal digits and names are found in either case; base64 means what its case says.
            let holds = if form.starts_with("base64") {
                log.contains(&text)
            } else {
                lower.contains(&text.to_ascii_lowercase())
            };
            if holds {
                let at = lower.find(&text.to_ascii_lowercase()).unwrap_or_default();
                found.push(format!("{form} of {secret}: {}", around(log, at)));
            }
        }
    }
    found
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
        ("list of bytes".to_owned(), each_byte(|byte| byte.to_string(), ", ")),
    ];
    // Inside a longer text a secret begins at any of the three places in a group of four characters.
    for shift in 0..3 {
        for (alphabet, engine) in [("standard", &STANDARD_NO_PAD), ("url-safe", &URL_SAFE_NO_PAD)] {
            let mut bytes = vec![0; shift];
            bytes.extend(secret.as_bytes());
            let encoded = engine.encode(&bytes);
            // The characters that also depend on the neighbours are left out.
            let begin = [0, 2, 3][shift];
            let end = encoded.len() - usize::from(bytes.len() % 3 != 0);
            forms.push((format!("base64 ({alphabet}, +{shift})"), encoded[begin..end].to_owned()));
        }
    }
    forms
}

/// As a form or an address has it: everything but letters, digits and `-._~`.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02x}") };
    text.bytes().map(encode).collect()
}

fn around(log: &str, at: usize) -> &str {
    let begin = log[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = log[at..].find('\n').map_or(log.len(), |end| at + end);
    &log[begin..end]
}

#[test]
fn the_scan_finds_a_secret_in_every_form() {
    let secret = "canary+4711@example.org".to_owned();
    let shifted = |shift: usize| {
        let text = format!("{}{secret}zz", "x".repeat(shift));
        STANDARD_NO_PAD.encode(text)
    };
    let hex = secret.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
    let reverse: String = secret.chars().rev().collect();
    let logs = [
        secret.clone(),
        reverse,
        hex,
        percent_encoded(&secret),
        shifted(0),
        shifted(1),
        shifted(2),
    ];
    for log in logs {
        let log = format!("{{\"message\":\"{log}\"}}");
        assert!(!leaks(&log, std::slice::from_ref(&secret)).is_empty(), "overlooks {log}");
    }
    assert!(leaks("nothing to see here", &[secret]).is_empty());
}

//! The receiver of notices: what a valid one says, and every mistake.

use std::time::Duration;

use notices::receiver::Receiver;
use notices::signature::{PublicKey, SigningKey};
use secrecy::ExposeSecret as _;

use super::*;

const NOTIFY: &str =
    "desk: { notify: { url: 'https://hooks.acme.example/postern', key_files: [notify.key] } }\n";
const ADDRESSES: &str = "private_addresses: true";

/// A key for a file, and what verifies it.
fn key() -> (String, PublicKey) {
    let (key, text) = SigningKey::generate(&codes::randomness::system());
    (format!("{}\n", text.expose_secret()), key.public())
}

fn with(desk: &str, keys: &[(&str, &str)]) -> Source {
    let application = format!("{APPLICATION}{desk}");
    let changes = [&[("applications/acme.yaml", application.as_str())], keys].concat();
    changed(&changes)
}

fn receiver(source: &Source) -> Receiver {
    let configuration = Configuration::read(source).expect("valid");
    let application = configuration.applications().next().expect("an application");
    let desk = application.desk.as_ref().expect("a desk");
    desk.notify.clone().expect("a receiver")
}

#[test]
fn a_receiver_has_a_url_and_one_or_two_keys() {
    let [(one, public), (other, _)] = [key(), key()];
    let keys = [("applications/notify.key", &*one), ("applications/next.key", &*other)];
    let receives = receiver(&with(NOTIFY, &keys));
    assert_eq!(receives.url, "https://hooks.acme.example/postern");
    assert_eq!((receives.keys.len(), receives.keys[0].public()), (1, public));
    let defaults = (Duration::from_secs(600), false);
    assert_eq!((receives.max_lag, receives.private_addresses), defaults);

    let two = NOTIFY.replace("[notify.key]", "[notify.key, next.key], max_lag: 72h");
    let receives = receiver(&with(&two, &keys));
    assert_eq!((receives.keys.len(), receives.max_lag), (2, Duration::from_secs(72 * 3600)));

    for url in ["http://hooks.acme.example", "http://127.0.0.1:9000/", "https://10.0.0.1"] {
        let private = NOTIFY.replace("https://hooks.acme.example/postern", url);
        let private = private.replace(" } }", &format!(", {ADDRESSES} }} }}"));
        assert!(receiver(&with(&private, &keys)).private_addresses, "{url}");
    }
}

/// A text of the valid desk, what stands there instead, and what is wrong then.
const CHANGES: &[(&str, &str, &str)] = &[
    ("url: 'https://hooks.acme.example/postern', ", "", "missing key `url`"),
    (", key_files: [notify.key]", "", "missing key `key_files`"),
    ("https://hooks", "http://hooks", "url: must be https; within a network of your own"),
    ("https://hooks.acme.example", "http://127.0.0.1", "url: must be https; within"),
    ("https://hooks", "https://user@hooks", "url: must be an absolute http or https URL"),
    ("https://hooks", "hooks", "url: must be an absolute http or https URL"),
    ("[notify.key]", "[none.key]", "key_files: applications/none.key: "),
    ("[notify.key]", "[]", "key_files must be a list"),
    ("[notify.key]", "[short.key]", "applications/short.key:1: must be a signing key that begins"),
    (
        "[notify.key]",
        "[public.key]",
        "applications/public.key:1: must be a signing key that begins",
    ),
    ("[notify.key]", "[notify.key, notify.key, notify.key]", "key_files must be one file, or two"),
    ("[notify.key]", "[notify.key], max_lag: 0s", "max_lag: must be from 1s to 72h"),
    ("[notify.key]", "[notify.key], max_lag: 73h", "max_lag: must be from 1s to 72h"),
    ("[notify.key]", "[notify.key], private_addresses: 1", "private_addresses must be true or"),
];

#[test]
fn every_mistake_in_a_receiver_is_told_and_no_key_is() {
    let (good, public) = key();
    let public = public.to_string();
    let keys = [
        ("applications/notify.key", &*good),
        ("applications/short.key", "whsk_AAAA\n"),
        ("applications/public.key", &public),
    ];
    for (from, to, told) in CHANGES {
        assert!(NOTIFY.contains(from), "{from}");
        let problems = problems(&with(&NOTIFY.replace(from, to), &keys));
        assert_eq!(problems.len(), 1, "{to}: {problems:?}");
        assert!(problems[0].contains(told), "{to}: {problems:?}");
        let place = "applications/acme.yaml:24: desk: notify";
        assert!(problems[0].starts_with(place), "{problems:?}");
        assert!(!problems[0].contains("whsk_AAAA") && !problems[0].contains(good.trim()));
    }
}

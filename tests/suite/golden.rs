//! Replies of earlier releases: this version still answers every field of them.
//!
//! A file in `tests/golden` holds the replies of one release to the calls in `golden/calls.rs`, gRPC
//! messages as bytes. Each field that was there must still be there, with the same value, or with a
//! value of the same form where it is drawn anew for each reply. New fields may come.
//!
//! To record a release, before anything changes after it:
//!
//! ```sh
//! POSTERN_BIN=path/to/postern GOLDEN=tests/golden/0.2.0.json cargo test -p black-box --test suite golden
//! ```

mod calls;
mod reply;
mod shape;

use std::fs;
use std::path::Path;

use crate::Tested;
use crate::harness::Postern;
use reply::Reply;
use shape::lost;

/// The releases whose replies are kept.
const RELEASES: [&str; 1] = ["0.1.0"];

/// What has changed on purpose: a release, a call, and the path of the field in its reply.
const CHANGED: [(&str, &str, &str); 1] = [
    // The scopes of the desk were added to the list.
    ("0.1.0", "/.well-known/openid-configuration", "/body/scopes_supported"),
];

#[tokio::test]
async fn every_field_of_an_earlier_releases_replies_is_still_there() -> Tested {
    let postern = Postern::start()?;
    let replies = calls::all(&postern).await?;
    // The working directory of a test is that of its crate.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if let Some(path) = std::env::var_os("GOLDEN") {
        fs::write(
            root.join(path),
            serde_json::to_string_pretty(&reply::to_json(&replies))? + "\n",
        )?;
        return Ok(());
    }
    for release in RELEASES {
        let golden = fs::read_to_string(root.join(format!("tests/golden/{release}.json")))?;
        let golden = reply::from_json(&serde_json::from_str(&golden)?)?;
        assert!(golden.len() > 20, "{}", golden.len());
        let mut all = Vec::new();
        for (call, before) in &golden {
            let now = replies.iter().find(|(name, _)| name == call);
            let (_, now) = now.unwrap_or_else(|| panic!("{release}: {call} is not called"));
            let lost = lost(&before.fields()?, &now.fields()?);
            let is_meant = |path: &String| CHANGED.contains(&(release, call, path));
            let lost = lost.into_iter().filter(|(path, _)| !is_meant(path));
            all.extend(lost.map(|(path, change)| format!("{call}: {path}: {change}")));
        }
        assert!(all.is_empty(), "{release}: {all:#?}");
    }
    Ok(())
}

#[test]
fn a_field_that_is_gone_or_has_another_value_is_found() {
    let before = serde_json::json!({"state": "pending", "ids": ["3f2504e04f8911d39a0c0305e82c3301"], "code": "123456"});
    let drawn = serde_json::json!({"state": "pending", "ids": ["a-new-id-0123456789"], "code": "654321", "new": 1});
    assert_eq!(lost(&before, &drawn), []);
    let names = |after: &serde_json::Value| -> Vec<String> {
        lost(&before, after).into_iter().map(|(path, _)| path).collect()
    };
    let gone = serde_json::json!({"state": "done", "ids": [], "code": "12345"});
    assert_eq!(names(&gone), ["/code", "/ids", "/state"]);
    assert_eq!(names(&serde_json::json!({})), ["/code", "/ids", "/state"]);
}

/// Keeps the name of a call next to its reply.
type Named = (String, Reply);

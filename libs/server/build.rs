//! Notes the commit that a release is built from, for `--version`. While developing it is not asked
//! for: every commit would rebuild everything.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=POSTERN_COMMIT");
    let commit = env::var("POSTERN_COMMIT").ok().filter(|commit| !commit.is_empty());
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = commit.or_else(|| is_release.then(checked_out).flatten());
    let commit = commit.unwrap_or_else(|| "no release".to_owned());
    println!("cargo::rustc-env=POSTERN_COMMIT={commit}");
}

/// The commit that is checked out, if this is a checkout.
fn checked_out() -> Option<String> {
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

//! The clients that hold a secret.

use std::collections::BTreeSet;

use files::line;
use secrecy::{ExposeSecret as _, SecretString};
use tokens::scope::Scope;
use tokens::secret::{self, SecretHash};
use yaml::{Node, Notes};

use super::{ClientKind, Rates, each, optional};
use crate::reading::{Reading, beside};

/// The shortest secret, in bytes: 128 bits as 22 characters of base64 fit, `secret` does not.
const MIN_SECRET_BYTES: usize = 16;

/// No secret, and what stands for one in examples.
const FIRST_TRIED: [&str; 12] = [
    "",
    "secret",
    "password",
    "changeme",
    "change-me",
    "client-secret",
    "client_secret",
    "admin",
    "test",
    "default",
    "123456",
    "12345678",
];

/// Reads a backend. One with `openid: true` may do without scopes.
pub(super) fn read(
    reading: &mut Reading,
    notes: &mut Notes,
    line: u64,
    secret: [Option<&Node>; 2],
    scopes: Option<&Node>,
    rates: [Option<&Node>; 4],
    is_relying_party: bool,
) -> Option<ClientKind> {
    let secret = match secret {
        [Some(file), None] => secret_file(reading, notes, file),
        [None, Some(hash)] => secret_sha256(notes, hash),
        [Some(_), Some(_)] | [None, None] => {
            notes.add(line, "client: has exactly one of `secret_file` and `secret_sha256`");
            None
        }
    };
    let scopes = match scopes {
        Some(scopes) => self::scopes(notes, scopes),
        None => optional(notes, line, "scopes", is_relying_party).map(|()| BTreeSet::new()),
    };
    if is_relying_party && scopes.as_ref().is_some_and(|it| it.contains(&Scope::CodesIssue)) {
        let rule = format!("no client may have both `openid` and `{}`", Scope::CodesIssue);
        notes.add(line, format!("client: {rule}: it could sign in as anyone"));
        return None;
    }
    let rates = self::rates(notes, rates);
    Some(ClientKind::Confidential { secret: secret?, scopes: scopes?, rates: rates? })
}

/// The keys of [`Rates`].
pub(super) const RATES: [&str; 4] =
    ["issues_per_minute", "changes_per_minute", "verifications_per_minute", "reads_per_minute"];

fn rates(notes: &mut Notes, nodes: [Option<&Node>; 4]) -> Option<Rates> {
    let Rates { issues_per_minute, changes_per_minute, verifications_per_minute, reads_per_minute } =
        Rates::default();
    let defaults =
        [issues_per_minute, changes_per_minute, verifications_per_minute, reads_per_minute];
    let [issues, changes, verifications, reads] = [0, 1, 2, 3].map(|at| match nodes[at] {
        None => Some(defaults[at]),
        Some(node) => notes.integer(node, RATES[at]),
    });
    Some(Rates {
        issues_per_minute: issues?,
        changes_per_minute: changes?,
        verifications_per_minute: verifications?,
        reads_per_minute: reads?,
    })
}

/// Reads the hash of a secret. A hash does not tell how long the secret is: only those of secrets
/// that anybody would try first are known.
fn secret_sha256(notes: &mut Notes, node: &Node) -> Option<SecretHash> {
    let text = notes.text(node, "secret_sha256")?;
    let hash = notes.check(node.line, "secret_sha256", SecretHash::parse(text))?;
    let is_hash_of = |secret: String| secret::verify(Some(&hash), &SecretString::from(secret));
    // `echo` adds a newline to what `sha256sum` reads.
    if FIRST_TRIED.iter().any(|word| is_hash_of((*word).into()) || is_hash_of(format!("{word}\n")))
    {
        let rule = format!("must be drawn and hold at least {MIN_SECRET_BYTES} characters");
        let reason = format!("is the SHA-256 of an empty or common secret, which {rule}");
        notes.add(node.line, format!("secret_sha256: {reason}"));
        return None;
    }
    Some(hash)
}

/// Reads a secret from a file, whose path is relative to the folder of the application's file.
fn secret_file(reading: &mut Reading, notes: &mut Notes, node: &Node) -> Option<SecretHash> {
    let path = notes.text(node, "secret_file")?;
    let path = beside(notes.file(), path);
    let bytes = reading.secret(&path).map_err(|error| format!("{path}: {error}"));
    let Some(bytes) = notes.check(node.line, "secret_file", bytes)? else {
        return Some(SecretHash::of_none());
    };
    let secret = line(bytes.expose_secret()).map_err(|error| format!("{path}:{error}"));
    let secret = notes.check(node.line, "secret_file", secret)?;
    if secret.len() < MIN_SECRET_BYTES {
        let rule = format!("must hold at least {MIN_SECRET_BYTES} characters");
        notes.add(node.line, format!("secret_file: {path}:1: {rule}"));
        return None;
    }
    Some(SecretHash::from_secret(&SecretString::from(secret)))
}

fn scopes(notes: &mut Notes, node: &Node) -> Option<BTreeSet<Scope>> {
    let scopes = each(notes, node, "scopes", |notes, item, name| {
        notes.check(item.line, &format!("scopes: `{name}`"), Scope::parse(name))
    })?;
    // A client that can issue a code and also redeem it can impersonate any user.
    let scopes: BTreeSet<_> = scopes.into_iter().collect();
    let redeeming = [Scope::CodesVerify, Scope::JourneysRun];
    let redeeming = redeeming.into_iter().find(|scope| scopes.contains(scope));
    match redeeming.filter(|_| scopes.contains(&Scope::CodesIssue)) {
        Some(scope) => {
            let rule = format!("no client may have both `{}` and `{scope}`", Scope::CodesIssue);
            notes.add(node.line, format!("scopes: {rule}"));
            None
        }
        None => Some(scopes),
    }
}

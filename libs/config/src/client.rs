//! The clients of an application: backends that hold a secret, and pages that cannot.

use std::collections::BTreeSet;

use codes::ids::ClientId;
use definitions::JourneyId;
use files::line;
use secrecy::{ExposeSecret as _, SecretString};
use tokens::scope::Scope;
use tokens::secret::{self, SecretHash};
use tokens::service::ServiceToken;
use yaml::{Fields, Node, Notes};

use crate::known::Known;
use crate::origin;
use crate::reading::{Reading, beside};

/// The shortest secret, in bytes: 128 bits as 22 characters of base64 fit, `secret` does not.
const MIN_SECRET_BYTES: usize = 16;

/// How many calls of each kind a client may make within a minute at one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Codes that it asks for.
    pub issues_per_minute: u32,
    /// Revocations, and lockouts that it clears.
    pub changes_per_minute: u32,
    /// Codes that it enters, and journeys that it starts and answers.
    pub verifications_per_minute: u32,
    /// Codes and lockouts that it describes.
    pub reads_per_minute: u32,
}

impl Default for Rates {
    /// More than any help desk types in, less than it takes to reach every account before somebody
    /// notices; and of verifications what a large login system needs.
    fn default() -> Self {
        Self {
            issues_per_minute: 600,
            changes_per_minute: 600,
            verifications_per_minute: 60_000,
            reads_per_minute: 600,
        }
    }
}

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

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id, which no other client of any application has.
    pub id: ClientId,
    /// What it is.
    pub kind: ClientKind,
}

/// What a client is.
#[derive(Clone, Debug)]
pub enum ClientKind {
    /// A backend.
    Confidential {
        /// The hash of its secret.
        secret: SecretHash,
        /// What it may do.
        scopes: BTreeSet<Scope>,
        /// How often it may call.
        rates: Rates,
    },
    /// A page in a browser, which can keep no secret.
    Public {
        /// Where its page may be, as written.
        redirect_uris: BTreeSet<String>,
        /// The web origins of those, as browsers send them.
        origins: BTreeSet<String>,
        /// The journeys that it may run, in the order of the file.
        journeys: Vec<JourneyId>,
    },
}

impl Client {
    /// Whether the client may run a journey: a page those that are listed, a backend with the
    /// scope any.
    pub fn may_run(&self, journey: &JourneyId) -> bool {
        match &self.kind {
            ClientKind::Confidential { scopes, .. } => scopes.contains(&Scope::JourneysRun),
            ClientKind::Public { journeys, .. } => journeys.contains(journey),
        }
    }
}

/// Reads a client. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(
    reading: &mut Reading,
    notes: &mut Notes,
    known: &mut Known,
    node: &Node,
) -> Option<Client> {
    let mut fields = Fields::of(notes, node, "client");
    let id = fields.required(notes, "id").and_then(|node| id(notes, known, node));
    let secret = [fields.optional("secret_file"), fields.optional("secret_sha256")];
    let scopes = fields.optional("scopes");
    let rates = RATES.map(|key| fields.optional(key));
    let redirect_uris = fields.optional("redirect_uris");
    let journeys = fields.optional("journeys");
    let line = fields.line();
    fields.finish(notes);

    let is_confidential = secret.iter().chain([&scopes]).chain(&rates).any(Option::is_some);
    let kind = match (is_confidential, redirect_uris.is_some() || journeys.is_some()) {
        (true, false) => confidential(reading, notes, line, secret, scopes, rates),
        (false, true) => public(notes, known, line, redirect_uris, journeys),
        (true, true) | (false, false) => {
            let rule = "has either a secret and `scopes`, or `redirect_uris` and `journeys`";
            notes.add(line, format!("client: {rule}"));
            None
        }
    };
    Some(Client { id: id?, kind: kind? })
}

fn id(notes: &mut Notes, known: &mut Known, node: &Node) -> Option<ClientId> {
    let text = notes.text(node, "client: id")?;
    let id = notes.check(node.line, "client", ClientId::parse(text))?;
    // The journey runner calls the verifier under this name: a client of that name could be taken
    // for it in the audit trail.
    if id.as_str() == ServiceToken::SUBJECT {
        notes.add(node.line, format!("client: the id `{id}` is reserved"));
        return None;
    }
    if let Some(file) = known.clients.get(&id) {
        notes.add(node.line, format!("client: the id `{id}` is taken in {file}"));
        return None;
    }
    known.clients.insert(id.clone(), notes.file().to_owned());
    Some(id)
}

fn confidential(
    reading: &mut Reading,
    notes: &mut Notes,
    line: u64,
    secret: [Option<&Node>; 2],
    scopes: Option<&Node>,
    rates: [Option<&Node>; 4],
) -> Option<ClientKind> {
    let secret = match secret {
        [Some(file), None] => secret_file(reading, notes, file),
        [None, Some(hash)] => secret_sha256(notes, hash),
        [Some(_), Some(_)] | [None, None] => {
            notes.add(line, "client: has exactly one of `secret_file` and `secret_sha256`");
            None
        }
    };
    let Some(scopes) = scopes else {
        notes.add(line, "client: missing key `scopes`");
        return None;
    };
    let scopes = self::scopes(notes, scopes);
    let rates = self::rates(notes, rates);
    Some(ClientKind::Confidential { secret: secret?, scopes: scopes?, rates: rates? })
}

/// The keys of [`Rates`].
const RATES: [&str; 4] =
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
    let bytes = notes.check(node.line, "secret_file", bytes)?;
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

fn public(
    notes: &mut Notes,
    known: &Known,
    line: u64,
    redirect_uris: Option<&Node>,
    journeys: Option<&Node>,
) -> Option<ClientKind> {
    let mut origins = BTreeSet::new();
    let mut required = |key: &str, node: Option<&'_ Node>| {
        if node.is_none() {
            notes.add(line, format!("client: missing key `{key}`"));
        }
    };
    required("redirect_uris", redirect_uris);
    required("journeys", journeys);
    let redirect_uris = redirect_uris.and_then(|node| {
        each(notes, node, "redirect_uris", |notes, item, text| {
            origins.insert(notes.check(item.line, "redirect_uris", origin::of(text))?);
            Some(text.to_owned())
        })
    });
    let journeys = journeys.and_then(|node| {
        each(notes, node, "journeys", |notes, item, text| {
            let id = notes.check(item.line, "journeys", JourneyId::parse(text))?;
            let is_known = known.journeys.contains(&id).then_some(id);
            let what = format!("journeys: `{text}`");
            notes.check(item.line, &what, is_known.ok_or("no journey file defines it"))
        })
    });
    let redirect_uris = redirect_uris?.into_iter().collect();
    Some(ClientKind::Public { redirect_uris, origins, journeys: journeys? })
}

/// Reads a list of texts. `None` if one of them, or the list, is wrong.
pub(crate) fn each<T>(
    notes: &mut Notes,
    node: &Node,
    what: &str,
    mut read: impl FnMut(&mut Notes, &Node, &str) -> Option<T>,
) -> Option<Vec<T>> {
    let items = notes.list(node, what);
    let read: Vec<_> = items
        .iter()
        .map(|item| notes.text(item, what).and_then(|text| read(notes, item, text)))
        .collect();
    let read: Vec<_> = read.into_iter().collect::<Option<_>>()?;
    (!items.is_empty()).then_some(read)
}

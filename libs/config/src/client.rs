//! The clients of an application: backends that hold a secret, and pages that cannot. Either may sign its
//! users in with `OpenID` Connect.

mod confidential;
mod openid;
mod public;

use std::collections::BTreeSet;

use codes::ids::ClientId;
use definitions::JourneyId;
use tokens::link::LinkToken;
use tokens::scope::Scope;
use tokens::secret::SecretHash;
use tokens::service::Service;
use yaml::{Fields, Node, Notes};

use crate::known::Known;
use crate::reading::Reading;

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

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id, which no other client of any application has.
    pub id: ClientId,
    /// What it is.
    pub kind: ClientKind,
    /// Where its pages may be, as written; none of a backend without `OpenID` Connect.
    pub redirect_uris: BTreeSet<String>,
    /// The journey that signs its users in with `OpenID` Connect, if it asked for that.
    pub openid: Option<JourneyId>,
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
        /// The web origins of its redirect URIs, as browsers send them.
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

    /// Whether the client signs its users in by that journey.
    pub fn signs_in_by(&self, journey: &JourneyId) -> bool {
        self.openid.as_ref() == Some(journey)
    }

    /// Whether users get into that journey through the client.
    pub fn leads_to(&self, journey: &JourneyId) -> bool {
        self.may_run(journey) || self.signs_in_by(journey)
    }

    /// Whether the client signs its users in with `OpenID` Connect, and then whether it registered this
    /// redirect URI, character by character.
    pub fn has_registered(&self, redirect_uri: &str) -> Option<bool> {
        self.openid.as_ref().map(|_| self.redirect_uris.contains(redirect_uri))
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
    let rates = confidential::RATES.map(|key| fields.optional(key));
    let redirect_uris = fields.optional("redirect_uris");
    let journeys = fields.optional("journeys");
    let openid = fields.optional("openid");
    let journey = fields.optional("journey");
    let line = fields.line();
    fields.finish(notes);

    let is_relying_party = openid.and_then(|node| notes.boolean(node, "openid")) == Some(true);
    let is_confidential = secret.iter().chain([&scopes]).chain(&rates).any(Option::is_some);
    let is_page = if is_relying_party { !is_confidential } else { redirect_uris.is_some() };
    let openid = openid::read(notes, known, line, is_relying_party, journey);
    let needs_uris = is_relying_party || journeys.is_some() && !is_confidential;
    let uris = public::redirect_uris(notes, line, redirect_uris, needs_uris);
    let kind = match (is_confidential, is_page || journeys.is_some()) {
        (true, false) => {
            confidential::read(reading, notes, line, secret, scopes, rates, is_relying_party)
        }
        (false, true) => {
            public::read(notes, known, line, uris.as_ref(), journeys, is_relying_party)
        }
        (true, true) | (false, false) => {
            let rule = "has either a secret and `scopes`, or `redirect_uris` and `journeys`";
            notes.add(line, format!("client: {rule}"));
            None
        }
    };
    Some(Client { id: id?, kind: kind?, redirect_uris: uris?.into_keys().collect(), openid })
}

/// Notes that a key is missing, unless it is optional.
fn optional(notes: &mut Notes, line: u64, key: &str, is_optional: bool) -> Option<()> {
    if !is_optional {
        notes.add(line, format!("client: missing key `{key}`"));
    }
    is_optional.then_some(())
}

fn id(notes: &mut Notes, known: &mut Known, node: &Node) -> Option<ClientId> {
    let text = notes.text(node, "client: id")?;
    let id = notes.check(node.line, "client", ClientId::parse(text))?;
    // Services and the holders of links call under these names: a client of such a name could be taken for
    // one in the audit trail.
    let mut reserved =
        Service::ALL.iter().map(|service| service.subject()).chain([LinkToken::SUBJECT]);
    if reserved.any(|name| name == id.as_str()) {
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

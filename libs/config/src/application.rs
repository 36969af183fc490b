//! An application: the tenant to which clients, users and a policy belong.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use codes::directory::Directory;
use codes::ids::{ApplicationId, ClientId};
use codes::policy::{PairingRule, Policy};
use desk::tiers::Tiers;
use tokens::scope::Scope;
use yaml::{Fields, Node, Notes};

use crate::client::{self, Client, ClientKind};
use crate::desk::{self as desks, Desk};
use crate::directory::{self, Users};
use crate::known::Known;
use crate::policy;
use crate::reading::Reading;
use crate::support::{self, Support};

/// An application.
#[derive(Clone)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Its name, for people.
    pub name: String,
    /// How its codes look and how long they live.
    pub policy: Policy,
    /// Where its users are found.
    pub directory: Arc<dyn Directory>,
    /// Where the tiers of its users are found.
    pub tiers: Arc<dyn Tiers>,
    /// The kind of both.
    pub users: Users,
    /// The rules of its help desk, if it has any.
    pub desk: Option<Desk>,
    /// How its users reach support.
    pub support: Support,
    /// The settings of its users' tokens.
    pub tokens: TokenSettings,
    /// Its clients.
    pub clients: BTreeMap<ClientId, Client>,
}

impl Application {
    /// Whether it has a desk whose agents must prove who they are.
    pub fn has_verified_agents(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.policy.is_verified())
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The settings of the tokens of an application's users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Their scope, which means nothing to Postern.
    pub scope: String,
    /// How long they live.
    pub lifetime: Duration,
}

impl TokenSettings {
    /// The longest life of a user's token: only introspection tells that its grant is revoked, and a
    /// revocation is kept longer.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
}

const _: () = assert!(TokenSettings::MAX_LIFETIME.as_secs() < codes::grants::LIFETIME.as_secs());

impl Default for TokenSettings {
    fn default() -> Self {
        Self { scope: "openid".to_owned(), lifetime: Duration::from_secs(15 * 60) }
    }
}

/// Reads an application. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(
    reading: &mut Reading,
    notes: &mut Notes,
    known: &mut Known,
    node: &Node,
) -> Option<Application> {
    let mut fields = Fields::of(notes, node, "application");
    let id = fields.required(notes, "id").and_then(|node| id(notes, known, node));
    let name = fields.required(notes, "name").and_then(|node| name(notes, node));
    let clients = fields.required(notes, "clients").and_then(|node| {
        let nodes = notes.list(node, "clients");
        let read: Vec<_> =
            nodes.iter().map(|node| client::read(reading, notes, known, node)).collect();
        read.into_iter().collect::<Option<Vec<_>>>()
    });
    let code = fields.optional("temp_code");
    let policy = policy::read(notes, code);
    if let (Some(node), Some(policy), Some(clients)) = (code, &policy, &clients) {
        only_journeys_verify(notes, node.line, policy, clients);
    }
    let support = ["support_phone", "support_hint"].map(|key| fields.optional(key));
    let support = support::read(notes, support);
    let tokens = tokens(notes, fields.optional("tokens"));
    let directory = directory::read(notes, known, fields.optional("users"));
    let desk = match fields.optional("desk") {
        None => Some(None),
        Some(node) => {
            // Where the directory is wrong, its mistake is told, and not one that follows from it.
            let has_tiers = directory.as_ref().is_none_or(directory::Found::has_tiers);
            desks::read(reading, notes, node, has_tiers).map(Some)
        }
    };
    fields.finish(notes);
    let directory = directory?;
    Some(Application {
        id: id?,
        name: name?,
        policy: policy?,
        directory: directory.directory,
        tiers: directory.tiers,
        users: directory.users,
        desk: desk?,
        support: support?,
        tokens: tokens?,
        clients: clients?.into_iter().map(|client| (client.id.clone(), client)).collect(),
    })
}

/// Refuses clients that verify codes outside journeys where each code is paired with a journey.
fn only_journeys_verify(notes: &mut Notes, line: u64, policy: &Policy, clients: &[Client]) {
    if policy.settings().pairing != PairingRule::Required {
        return;
    }
    for Client { id, kind, .. } in clients {
        if let ClientKind::Confidential { scopes, .. } = kind
            && scopes.contains(&Scope::CodesVerify)
        {
            let rule = format!("the client `{id}` may not have `{}`", Scope::CodesVerify);
            let reason = "codes are verified in journeys only";
            notes.add(line, format!("temp_code: pairing: required: {rule}: {reason}"));
        }
    }
}

fn id(notes: &mut Notes, known: &mut Known, node: &Node) -> Option<ApplicationId> {
    let text = notes.text(node, "id")?;
    let id = notes.check(node.line, "id", ApplicationId::parse(text))?;
    if let Some(file) = known.applications.get(&id) {
        notes.add(node.line, format!("the application id `{id}` is taken in {file}"));
        return None;
    }
    known.applications.insert(id.clone(), notes.file().to_owned());
    Some(id)
}

fn name(notes: &mut Notes, node: &Node) -> Option<String> {
    let name = notes.text(node, "name")?;
    if name.trim().is_empty() {
        notes.add(node.line, "name must be a text");
        return None;
    }
    Some(name.to_owned())
}

fn tokens(notes: &mut Notes, node: Option<&Node>) -> Option<TokenSettings> {
    let Some(node) = node else { return Some(TokenSettings::default()) };
    let mut fields = Fields::of(notes, node, "tokens");
    let mut tokens = TokenSettings::default();
    let mut is_valid = true;
    if let Some(node) = fields.optional("scope") {
        match notes.text(node, "tokens: scope").filter(|text| scope(notes, node, text)) {
            Some(text) => text.clone_into(&mut tokens.scope),
            None => is_valid = false,
        }
    }
    if let Some(node) = fields.optional("lifetime") {
        match policy::duration(notes, node, "tokens: lifetime") {
            Some(read)
                if (Duration::from_secs(1)..=TokenSettings::MAX_LIFETIME).contains(&read) =>
            {
                tokens.lifetime = read;
            }
            Some(_) => {
                notes.add(node.line, "tokens: lifetime must be from 1s to 24h");
                is_valid = false;
            }
            None => is_valid = false,
        }
    }
    fields.finish(notes);
    is_valid.then_some(tokens)
}

/// Whether a text is a list of scopes as RFC 6749, section 3.3, writes it.
fn scope(notes: &mut Notes, node: &Node, text: &str) -> bool {
    let is_token = |token: &str| {
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
    };
    let is_list = text.split(' ').all(is_token);
    if !is_list {
        notes.add(node.line, "tokens: scope must be words with one space between them");
    }
    is_list
}

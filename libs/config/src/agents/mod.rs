//! An identity provider of agents: whom it must name how, and what the roles that it gives allow.

mod role;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId, ProviderId};
use codes::user::IdentifierType;
use desk::names::Group;
use desk::request::Standing;
use secrecy::ExposeSecret as _;
use tokens::provider::ProviderKeys;
use yaml::{Fields, Node, Notes};

pub use self::role::{Right, Role};
use crate::application::Application;
use crate::client::{ClientKind, each};
use crate::known::Known;
use crate::origin;
use crate::policy;
use crate::reading::{Reading, beside};

/// An identity provider of agents.
#[derive(Clone, Debug)]
pub struct AgentProvider {
    /// Its name: that of its file.
    pub id: ProviderId,
    /// Its URL, as its tokens name it.
    pub issuer: String,
    /// Who its tokens must be for.
    pub audience: String,
    /// The clients that may exchange its tokens.
    pub clients: BTreeSet<ClientId>,
    /// Its keys; `None` if they are discovered.
    pub keys: Option<Arc<ProviderKeys>>,
    /// How long ago an agent may have signed in.
    pub max_age: Duration,
    /// The methods by all of which an agent must have signed in.
    pub require_amr: BTreeSet<String>,
    /// The claim that lists an agent's roles.
    pub claim: String,
    /// The claims that name an agent's own account, by the type of its identifier.
    pub own: BTreeMap<IdentifierType, String>,
    /// The rights of each role.
    pub roles: BTreeMap<String, Role>,
}

impl AgentProvider {
    /// The default of `max_age`: a working day.
    pub const MAX_AGE: Duration = Duration::from_secs(12 * 60 * 60);

    /// The longest `max_age`.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// What these roles allow in an application. Roles that the file does not have allow nothing.
    pub fn rights<'r>(
        &self,
        application: &ApplicationId,
        roles: impl IntoIterator<Item = &'r String>,
    ) -> BTreeSet<Right> {
        self.in_application(application, roles).flat_map(|role| &role.may).copied().collect()
    }

    /// What these roles say about an agent who exercises a right in an application. Each right reaches
    /// the tiers of the roles that give it. A desk refuses agents who have roles of several
    /// [groups](Self::groups).
    pub fn standing<'r>(
        &self,
        application: &ApplicationId,
        roles: impl IntoIterator<Item = &'r String>,
        right: Right,
    ) -> Standing {
        let roles: Vec<_> = self.in_application(application, roles).collect();
        let giving = roles.iter().filter(|role| role.may.contains(&right));
        Standing {
            group: roles.iter().filter_map(|role| role.group.clone()).min(),
            tiers: giving.flat_map(|role| role.tiers.iter().cloned()).collect(),
        }
    }

    /// The groups of these roles in an application.
    pub fn groups<'r>(
        &self,
        application: &ApplicationId,
        roles: impl IntoIterator<Item = &'r String>,
    ) -> BTreeSet<Group> {
        self.in_application(application, roles).filter_map(|role| role.group.clone()).collect()
    }

    fn in_application<'r>(
        &self,
        application: &ApplicationId,
        roles: impl IntoIterator<Item = &'r String>,
    ) -> impl Iterator<Item = &Role> {
        let roles = roles.into_iter().filter_map(|name| self.roles.get(name));
        roles.filter(|role| role.applications.contains(application))
    }

    /// How long an agent who signed in then is still believed; `None` if no longer.
    pub fn believed_for(&self, signed_in: Timestamp, now: Timestamp) -> Option<Duration> {
        self.max_age.checked_sub(now.since(signed_in)).filter(|left| !left.is_zero())
    }
}

/// Reads a provider. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(
    reading: &mut Reading,
    notes: &mut Notes,
    known: &mut Known,
    applications: &BTreeMap<ApplicationId, Application>,
    node: &Node,
) -> Option<AgentProvider> {
    let id = id(notes, known);
    let mut fields = Fields::of(notes, node, "provider");
    let issuer = fields.required(notes, "issuer").and_then(|node| issuer(notes, node));
    let audience =
        fields.required(notes, "audience").and_then(|node| text(notes, node, "audience"));
    let clients = fields.required(notes, "clients").and_then(|node| {
        each(notes, node, "clients", |notes, item, text| {
            client(notes, known, applications, issuer.as_deref(), item, text)
        })
    });
    let keys = match fields.optional("jwks_file") {
        Some(node) => keys(reading, notes, node).map(Some),
        None => Some(None),
    };
    let max_age = match fields.optional("max_age") {
        Some(node) => max_age(notes, node),
        None => Some(AgentProvider::MAX_AGE),
    };
    let require_amr = match fields.optional("require_amr") {
        Some(node) => each(notes, node, "require_amr", |_, _, text| Some(text.to_owned())),
        None => Some(Vec::new()),
    };
    let claim = fields.required(notes, "claim").and_then(|node| text(notes, node, "claim"));
    let own = match fields.optional("self") {
        Some(node) => own(notes, node),
        None => Some(BTreeMap::new()),
    };
    let roles = fields.required(notes, "roles").and_then(|node| role::read(notes, known, node));
    fields.finish(notes);
    Some(AgentProvider {
        id: id?,
        issuer: issuer?,
        audience: audience?,
        clients: clients?.into_iter().collect(),
        keys: keys?,
        max_age: max_age?,
        require_amr: require_amr?.into_iter().collect(),
        claim: claim?,
        own: own?,
        roles: roles?,
    })
}

/// The name of the file, without its ending.
fn id(notes: &mut Notes, known: &mut Known) -> Option<ProviderId> {
    let file = notes.file().to_owned();
    let stem = Path::new(&file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let id = ProviderId::parse(stem);
    let id = id.map_err(|error| notes.add(None, format!("the file's name: {error}"))).ok()?;
    if let Some(other) = known.providers.insert(id.clone(), file) {
        notes.add(None, format!("the provider `{id}` is also in {other}"));
        return None;
    }
    Some(id)
}

fn issuer(notes: &mut Notes, node: &Node) -> Option<String> {
    let issuer = notes.text(node, "issuer")?;
    notes.check(node.line, "issuer", origin::of(issuer))?;
    // OpenID Connect Core, section 2: neither a query nor a fragment.
    if issuer.contains('?') {
        notes.add(node.line, "issuer: must have no query");
        return None;
    }
    Some(issuer.to_owned())
}

/// A client that may exchange: one that can authenticate, and for each issuer in one file only, so
/// that a token leads to one provider.
fn client(
    notes: &mut Notes,
    known: &mut Known,
    applications: &BTreeMap<ApplicationId, Application>,
    issuer: Option<&str>,
    node: &Node,
    text: &str,
) -> Option<ClientId> {
    let what = format!("clients: `{text}`");
    let id = notes.check(node.line, &what, ClientId::parse(text))?;
    let is_known = known.clients.contains_key(&id);
    notes.check(
        node.line,
        &what,
        is_known.then_some(()).ok_or("no application has this client"),
    )?;
    let client = applications.values().find_map(|application| application.clients.get(&id));
    if client.is_some_and(|client| matches!(client.kind, ClientKind::Public { .. })) {
        notes.add(node.line, format!("{what}: has no secret, so it cannot exchange tokens"));
        return None;
    }
    let exchange = (issuer?.to_owned(), id.clone());
    if let Some(file) = known.exchanges.insert(exchange, notes.file().to_owned()) {
        notes.add(node.line, format!("{what}: exchanges tokens of this issuer in {file}"));
        return None;
    }
    Some(id)
}

/// Reads the keys from a file beside the provider's.
fn keys(reading: &mut Reading, notes: &mut Notes, node: &Node) -> Option<Arc<ProviderKeys>> {
    let path = notes.text(node, "jwks_file")?;
    let path = beside(notes.file(), path);
    let bytes = reading.bytes(&path).map_err(|error| format!("{path}: {error}"));
    let bytes = notes.check(node.line, "jwks_file", bytes)?;
    let keys = ProviderKeys::parse(files::without_mark(bytes.expose_secret()));
    let keys = keys.map_err(|error| format!("{path}: {error}"));
    notes.check(node.line, "jwks_file", keys).map(Arc::new)
}

fn max_age(notes: &mut Notes, node: &Node) -> Option<Duration> {
    let max_age = policy::duration(notes, node, "max_age")?;
    let is_within = (Duration::from_secs(60)..=AgentProvider::LONGEST).contains(&max_age);
    let within = is_within.then_some(max_age).ok_or("must be from 1m to 24h");
    notes.check(node.line, "max_age", within)
}

fn own(notes: &mut Notes, node: &Node) -> Option<BTreeMap<IdentifierType, String>> {
    let mut fields = Fields::of(notes, node, "self");
    let claims = IdentifierType::ALL.map(|kind| (kind, fields.optional(kind.as_str())));
    fields.finish(notes);
    let claims = claims.into_iter().filter_map(|(kind, node)| Some((kind, node?)));
    let claims: Vec<_> = claims
        .map(|(kind, node)| Some((kind, text(notes, node, &format!("self: {}", kind.as_str()))?)))
        .collect();
    claims.into_iter().collect()
}

fn text(notes: &mut Notes, node: &Node, what: &str) -> Option<String> {
    notes.text(node, what).map(str::to_owned)
}

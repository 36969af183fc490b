//! The directory that is a file: its users, each with the identifiers that lead to them.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use codes::directory::{Directory, DirectoryError};
use codes::ids::ApplicationId;
use codes::user::{Identifier, IdentifierType, UserId};
use desk::names::Tier;
use desk::tiers::Tiers;
use yaml::{Fields, Node, Notes};

/// The users of a file. Its `Debug` shows how many identifiers there are, and none of them.
#[derive(Clone)]
pub struct FileDirectory {
    users: BTreeMap<Identifier, UserId>,
    /// The tiers of users who have one.
    tiers: BTreeMap<UserId, Tier>,
}

impl FileDirectory {
    /// The users by each of their identifiers.
    pub const fn identifiers(&self) -> &BTreeMap<Identifier, UserId> {
        &self.users
    }

    /// The tiers of users who have one.
    pub const fn tiers(&self) -> &BTreeMap<UserId, Tier> {
        &self.tiers
    }
}

#[async_trait]
impl Tiers for FileDirectory {
    async fn tier_of(
        &self,
        _: &ApplicationId,
        user: &UserId,
    ) -> Result<Option<Tier>, DirectoryError> {
        Ok(Some(self.tiers.get(user).cloned().unwrap_or_default()))
    }
}

impl fmt::Debug for FileDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileDirectory")
            .field("identifiers", &self.users.len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Directory for FileDirectory {
    async fn resolve(
        &self,
        _: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError> {
        Ok(self.users.get(identifier).cloned())
    }
}

/// The users found so far.
#[derive(Default)]
struct Found {
    /// Each identifier, with its user and the line on which it stands.
    identifiers: BTreeMap<Identifier, (UserId, u64)>,
    tiers: BTreeMap<UserId, Tier>,
}

/// Reads the users of a file. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(notes: &mut Notes, node: &Node) -> Option<FileDirectory> {
    let mut fields = Fields::of(notes, node, "the file");
    let list = fields.required(notes, "users");
    fields.finish(notes);
    let nodes = notes.list(list?, "users");
    let mut found = Found::default();
    let valid = nodes.iter().filter(|node| user(notes, node, &mut found).is_some()).count();
    let Found { identifiers, tiers } = found;
    let users = identifiers.into_iter().map(|(identifier, (user, _))| (identifier, user)).collect();
    (valid > 0 && valid == nodes.len()).then_some(FileDirectory { users, tiers })
}

fn user(notes: &mut Notes, node: &Node, found: &mut Found) -> Option<()> {
    let mut fields = Fields::of(notes, node, "user");
    let id = fields.required(notes, IdentifierType::UserId.as_str());
    let others = [IdentifierType::Email, IdentifierType::PhoneNumber, IdentifierType::Username];
    let others = others.map(|kind| Some((kind, fields.optional(kind.as_str())?)));
    let tier = fields.optional("tier");
    fields.finish(notes);

    let tier = match tier {
        Some(node) => {
            let text = notes.text(node, "tier");
            text.and_then(|text| notes.check(node.line, "tier", Tier::parse(text))).map(Some)
        }
        None => Some(None),
    };
    let id = id.and_then(|node| identifier(notes, IdentifierType::UserId, node));
    let others: Option<Vec<_>> = others
        .into_iter()
        .flatten()
        .map(|(kind, node)| identifier(notes, kind, node))
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let (id, others, tier) = (id?, others?, tier?);
    let user = UserId::from_identifier(&id.0);
    let mut is_valid = true;
    for (identifier, line) in std::iter::once(id).chain(others) {
        let kind = identifier.kind().as_str();
        if let Some((_, other)) = found.identifiers.get(&identifier) {
            notes.add(line, format!("{kind}: is on line {other} too"));
            is_valid = false;
        } else {
            found.identifiers.insert(identifier, (user.clone(), line));
        }
    }
    found.tiers.extend(tier.map(|tier| (user, tier)));
    is_valid.then_some(())
}

/// Reads an identifier. What is noted does not repeat it.
fn identifier(notes: &mut Notes, kind: IdentifierType, node: &Node) -> Option<(Identifier, u64)> {
    let text = notes.text(node, kind.as_str())?;
    let identifier = notes.check(node.line, kind.as_str(), Identifier::parse(kind, text))?;
    Some((identifier, node.line))
}

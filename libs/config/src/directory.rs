//! Where the users of an application are found: what stands under `users`.

use std::sync::Arc;

use codes::directory::{Directory, OpaqueDirectory};
use desk::tiers::Tiers;
use yaml::{Fields, Node, Notes};

use crate::known::Known;
use crate::users::FileDirectory;

/// Where the users of an application are found.
#[derive(Clone, Debug)]
pub enum Users {
    /// Nowhere: the identifier is the user.
    Opaque,
    /// In a file of the configuration.
    File(Arc<FileDirectory>),
    /// At the [`RemoteDirectory`](crate::RemoteDirectory).
    Remote,
}

/// A directory, and the tiers of its users.
pub(crate) struct Found {
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) tiers: Arc<dyn Tiers>,
    pub(crate) users: Users,
}

impl Found {
    fn new<D: Directory + Tiers + 'static>(found: Arc<D>, users: Users) -> Self {
        let directory = Arc::clone(&found) as Arc<dyn Directory>;
        Self { directory, tiers: found, users }
    }

    fn opaque() -> Self {
        Self::new(Arc::new(OpaqueDirectory), Users::Opaque)
    }

    /// Whether a user can have a tier other than the default.
    pub(crate) const fn has_tiers(&self) -> bool {
        !matches!(self.users, Users::Opaque)
    }
}

/// Reads where the users are. `None` if something is wrong with it, all of which is noted.
pub(crate) fn read(notes: &mut Notes, known: &Known, node: Option<&Node>) -> Option<Found> {
    let Some(node) = node else { return Some(Found::opaque()) };
    let mut fields = Fields::of(notes, node, "users");
    let kind = fields.required(notes, "directory");
    let file = fields.optional("file");
    let line = fields.line();
    fields.finish(notes);
    let kind = notes.text(kind?, "users: directory")?;
    match (kind, file) {
        ("opaque", None) => Some(Found::opaque()),
        ("grpc", None) => Some(Found::new(Arc::new(known.remote.clone()), Users::Remote)),
        ("file", Some(file)) => {
            let name = notes.text(file, "users: file")?;
            let Some(users) = known.directories.get(&format!("users/{name}")) else {
                notes.add(file.line, format!("users: there is no file `users/{name}`"));
                return None;
            };
            users.clone().map(|users| Found::new(Arc::clone(&users), Users::File(users)))
        }
        ("file", None) => {
            notes.add(line, "users: missing key `file`");
            None
        }
        ("opaque" | "grpc", Some(file)) => {
            notes.add(file.line, format!("users: a directory of type `{kind}` has no `file`"));
            None
        }
        _ => {
            notes.add(line, "users: directory must be `opaque`, `file` or `grpc`");
            None
        }
    }
}

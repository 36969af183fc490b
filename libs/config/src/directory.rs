//! Where the users of an application are found: what stands under `users`.

use std::sync::Arc;

use codes::directory::{Directory, OpaqueDirectory};
use desk::tiers::Tiers;
use yaml::{Fields, Node, Notes};

use crate::known::Known;

/// A directory, and the tiers of its users.
pub(crate) struct Found {
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) tiers: Arc<dyn Tiers>,
    pub(crate) is_remote: bool,
    is_opaque: bool,
}

impl Found {
    fn new<D: Directory + Tiers + 'static>(users: Arc<D>) -> Self {
        let directory = Arc::clone(&users) as Arc<dyn Directory>;
        Self { directory, tiers: users, is_remote: false, is_opaque: false }
    }

    fn opaque() -> Self {
        Self { is_opaque: true, ..Self::new(Arc::new(OpaqueDirectory)) }
    }

    /// Whether a user can have a tier other than the default.
    pub(crate) const fn has_tiers(&self) -> bool {
        !self.is_opaque
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
        ("grpc", None) => {
            Some(Found { is_remote: true, ..Found::new(Arc::new(known.remote.clone())) })
        }
        ("file", Some(file)) => {
            let name = notes.text(file, "users: file")?;
            let Some(users) = known.directories.get(&format!("users/{name}")) else {
                notes.add(file.line, format!("users: there is no file `users/{name}`"));
                return None;
            };
            users.clone().map(Found::new)
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

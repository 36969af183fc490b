//! The keys of a process: one signs, all verify, and all are published.
//!
//! # Rotation without a gap
//! 1. Add the new private key as `<name>.next.pem` and restart: it is published and believed, but
//!    does not sign yet, so that every verifier learns it first.
//! 2. Rename it to `<name>.pem`, so that it sorts last, and restart: it signs. Its `kid` is its
//!    thumbprint and stays what it was.
//! 3. When the last token of the old key has expired, remove the old key.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use files::ReadError;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

pub use crate::key::KeyFault;
use crate::key::{Key, Signing};

/// A file, or the folder, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {fault}{}", advice(file, *fault))]
pub struct KeyError {
    /// The file's name, or the folder's.
    pub file: String,
    /// What is wrong with it.
    pub fault: KeyFault,
}

/// The keys. Its `Debug` shows their names alone.
pub struct KeyRing {
    keys: BTreeMap<String, Key>,
    /// The `kid` of the key that signs; `None` in a ring that only verifies.
    signer: Option<String>,
}

impl KeyRing {
    /// Reads every `*.pem` of a folder. Of the private keys, the one whose file name sorts last
    /// signs. Reports everything that is wrong at once.
    ///
    /// # Errors
    /// One error for each file that is no key; [`KeyFault::NoSigningKey`] if none signs.
    pub fn load(folder: &Path) -> Result<Self, Vec<KeyError>> {
        let ring = Self::read(folder)?;
        if ring.signer.is_none() {
            return Err(vec![error(folder, KeyFault::NoSigningKey)]);
        }
        Ok(ring)
    }

    /// Reads every `*.pem` of a folder, and keeps only the public halves.
    ///
    /// # Errors
    /// One error for each file that is no key.
    pub fn load_verifying(folder: &Path) -> Result<Self, Vec<KeyError>> {
        let mut ring = Self::read(folder)?;
        ring.signer = None;
        ring.keys.values_mut().for_each(|key| key.signing = None);
        Ok(ring)
    }

    /// A ring of one new P-256 key, which lives as long as the process: for development and tests.
    pub fn generate() -> Self {
        let key = Key::generate();
        Self { signer: Some(key.kid.clone()), keys: BTreeMap::from([(key.kid.clone(), key)]) }
    }

    fn read(folder: &Path) -> Result<Self, Vec<KeyError>> {
        let mut ring = Self { keys: BTreeMap::new(), signer: None };
        let mut errors = Vec::new();
        for name in names(folder).map_err(|fault| vec![error(folder, fault)])? {
            match read_key(&folder.join(&name)) {
                Ok(key) if ring.keys.contains_key(&key.kid) => {
                    errors.push(KeyError { file: name, fault: KeyFault::Repeated });
                }
                Ok(key) => {
                    if key.signing.is_some() && !name.ends_with(".next.pem") {
                        ring.signer = Some(key.kid.clone());
                    }
                    ring.keys.insert(key.kid.clone(), key);
                }
                Err(fault) => errors.push(KeyError { file: name, fault }),
            }
        }
        if ring.keys.is_empty() && errors.is_empty() {
            errors.push(error(folder, KeyFault::NoKey));
        }
        if errors.is_empty() { Ok(ring) } else { Err(errors) }
    }

    /// The public keys of rings as one JWK set (RFC 7517, section 5): each key once.
    pub fn jwks<'r>(rings: impl IntoIterator<Item = &'r Self>) -> Value {
        let keys: BTreeMap<_, _> = rings.into_iter().flat_map(|ring| &ring.keys).collect();
        json!({ "keys": keys.values().map(|key| &key.jwk).collect::<Vec<_>>() })
    }

    /// Whether the ring holds a key that signs.
    pub const fn is_signing(&self) -> bool {
        self.signer.is_some()
    }

    pub(crate) fn key(&self, kid: &str) -> Option<&Key> {
        self.keys.get(kid)
    }

    pub(crate) fn signer(&self) -> Option<(&Key, &Signing)> {
        let key = self.keys.get(self.signer.as_ref()?)?;
        Some((key, key.signing.as_ref()?))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids = self.keys.keys().collect::<Vec<_>>();
        f.debug_struct("KeyRing").field("kids", &kids).field("signer", &self.signer).finish()
    }
}

/// What to do about a fault where one command does it.
fn advice(file: &str, fault: KeyFault) -> String {
    if fault != KeyFault::OlderForm {
        return String::new();
    }
    let convert = format!("openssl pkcs8 -topk8 -nocrypt -in {file} -out {file}.new");
    format!(": run `{convert} && mv {file}.new {file}` in its folder")
}

fn error(folder: &Path, fault: KeyFault) -> KeyError {
    KeyError { file: folder.display().to_string(), fault }
}

/// The names of the keys' files, in order. Hidden names are skipped: a mounted Kubernetes secret
/// keeps its versions under them.
fn names(folder: &Path) -> Result<Vec<String>, KeyFault> {
    let unreadable = |error| KeyFault::Unreadable(ReadError::from(error));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        match name.to_str() {
            Some(name) if name.strip_suffix(".pem").is_some() && !name.starts_with('.') => {
                names.push(name.to_owned());
            }
            _ => {}
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read_key(file: &Path) -> Result<Key, KeyFault> {
    let pem = files::read(file)?;
    let key = Key::parse(files::without_mark(pem.expose_secret()))?;
    if key.signing.is_some() {
        // A public half may be readable by all users; this is a private key.
        files::read_secret(file)?;
    }
    Ok(key)
}

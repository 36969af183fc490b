//! Reads secrets, always from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codes::peppers::Peppers;
use codes::randomness::{self, Randomness};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use settings::Mistakes;
use sha2::{Digest as _, Sha256};
use tokens::keys::{KeyError, KeyRing};
use tokens::mint::Minter;
use tokens::verify::TokenVerifier;
use zeroize::Zeroizing;

/// The folder of the peppers.
#[derive(Clone, Debug, clap::Args)]
pub struct PepperArgs {
    /// The folder of the peppers: locator.key, current.pepper and, while it rotates, previous.pepper
    #[arg(long, env = "POSTERN_PEPPERS", value_name = "DIR")]
    pub peppers: Option<PathBuf>,
}

impl PepperArgs {
    /// Reads the folder, which must be given.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<Arc<Peppers>> {
        let setting = "--peppers (POSTERN_PEPPERS)";
        let Some(folder) = &self.peppers else {
            mistakes.note(format_args!("{setting}: must be given"));
            return None;
        };
        let locator = mistakes.check(setting, read(&folder.join("locator.key")));
        let current = mistakes.check(setting, read(&folder.join("current.pepper")));
        let previous = folder.join("previous.pepper");
        let previous = previous.exists().then(|| mistakes.check(setting, read(&previous)));
        let previous = previous.map_or(Some(None), |read| read.map(Some))?;
        let peppers = Peppers::new(locator?, current?, previous);
        mistakes.check(setting, peppers).map(Arc::new)
    }
}

/// Peppers that live as long as this process.
#[expect(clippy::missing_panics_doc, reason = "random keys of 32 bytes are long enough and differ")]
pub fn generated_peppers(randomness: &Randomness) -> Arc<Peppers> {
    let draw = || SecretSlice::from(randomness::bytes::<32>(randomness).to_vec());
    let peppers = Peppers::new(draw(), draw(), None);
    Arc::new(peppers.expect("two random keys"))
}

/// Reads a file that holds a secret.
pub(crate) fn read(path: &Path) -> Result<SecretSlice<u8>, String> {
    files::read_secret(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file that everybody may see.
pub(crate) fn read_public(path: &Path) -> Result<SecretSlice<u8>, String> {
    files::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file that holds a password, as its one line.
///
/// # Errors
/// The file cannot be read, or does not hold one line.
pub fn read_password(path: &Path) -> Result<SecretString, String> {
    let content = read(path)?;
    let line = files::line(content.expose_secret());
    line.map(SecretString::from).map_err(|error| format!("{}:{error}", path.display()))
}

/// The folder of the keys that a service signs with.
#[derive(Clone, Debug, clap::Args)]
pub struct SigningArgs {
    /// The folder of this service's signing keys, PEM files; the last by name signs
    #[arg(long, env = "POSTERN_SIGNING_KEYS", value_name = "DIR")]
    pub signing_keys: Option<PathBuf>,
    /// This service's public URL: what its tokens name as their issuer
    #[arg(long, env = "POSTERN_ISSUER", value_name = "URL")]
    pub issuer: Option<String>,
}

impl SigningArgs {
    /// Reads the folder; both it and the URL must be given.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<Minter> {
        let setting = "--signing-keys (POSTERN_SIGNING_KEYS)";
        let ring = keys(setting, self.signing_keys.as_deref(), KeyRing::load, mistakes);
        let issuer = issuer("--issuer (POSTERN_ISSUER)", self.issuer.as_deref(), mistakes);
        mistakes.check(setting, Minter::new(ring?, issuer?))
    }
}

/// Reads a folder of keys, which must be given.
pub fn keys(
    setting: &str,
    folder: Option<&Path>,
    load: fn(&Path) -> Result<KeyRing, Vec<KeyError>>,
    mistakes: &mut Mistakes,
) -> Option<Arc<KeyRing>> {
    let Some(folder) = folder else {
        mistakes.note(format_args!("{setting}: must be given"));
        return None;
    };
    match load(folder) {
        Ok(ring) => Some(Arc::new(ring)),
        Err(errors) => {
            for error in errors {
                mistakes.note(format_args!("{setting}: {error}"));
            }
            None
        }
    }
}

/// An issuer's URL, which must be given.
pub fn issuer(setting: &str, url: Option<&str>, mistakes: &mut Mistakes) -> Option<String> {
    let is_url = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    let url = url.ok_or("must be given, as a URL such as https://recovery.example");
    let url = url.and_then(|url| {
        Some(url).filter(is_url).ok_or("must be a URL such as https://recovery.example")
    });
    mistakes.check(setting, url).map(|url| url.trim_end_matches('/').to_owned())
}

/// Whose client tokens a service believes.
#[derive(Clone, Debug, clap::Args)]
pub struct TrustArgs {
    /// The folder of the code issuer's public keys, PEM files
    #[arg(long, env = "POSTERN_CLIENT_KEYS", value_name = "DIR")]
    pub client_keys: Option<PathBuf>,
    /// The code issuer's public URL, as its tokens name it
    #[arg(long, env = "POSTERN_CLIENT_ISSUER", value_name = "URL")]
    pub client_issuer: Option<String>,
}

impl TrustArgs {
    /// Reads the folder; both it and the URL must be given.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<TokenVerifier> {
        let settings =
            ["--client-keys (POSTERN_CLIENT_KEYS)", "--client-issuer (POSTERN_CLIENT_ISSUER)"];
        let (folder, url) = (self.client_keys.as_deref(), self.client_issuer.as_deref());
        trusted(settings, folder, url, mistakes)
    }
}

/// A verifier of one issuer's tokens, by the public keys in a folder. Both must be given.
pub fn trusted(
    [keys_setting, issuer_setting]: [&str; 2],
    folder: Option<&Path>,
    url: Option<&str>,
    mistakes: &mut Mistakes,
) -> Option<TokenVerifier> {
    let ring = public_keys(keys_setting, folder, mistakes);
    let issuer = issuer(issuer_setting, url, mistakes);
    Some(TokenVerifier::new(ring?, [issuer?]))
}

/// The public keys in a folder, which must be given.
pub fn public_keys(
    setting: &str,
    folder: Option<&Path>,
    mistakes: &mut Mistakes,
) -> Option<Arc<KeyRing>> {
    keys(setting, folder, KeyRing::load_verifying, mistakes)
}

/// The key under which a service seals what it gives to clients to keep: the SHA-256 of a file,
/// which must be given.
pub fn sealing_key(file: Option<&Path>, mistakes: &mut Mistakes) -> Option<Zeroizing<[u8; 32]>> {
    let setting = "--sealing-key (POSTERN_SEALING_KEY)";
    let file = mistakes.check(setting, file.ok_or("must be given"))?;
    let secret = mistakes.check(setting, read(file))?;
    let bytes = secret.expose_secret();
    let long_enough = (bytes.len() >= 32).then_some(bytes).ok_or("must hold at least 32 bytes");
    let bytes = mistakes.check(setting, long_enough)?;
    Some(Zeroizing::new(Sha256::digest(bytes).into()))
}

//! The credentials for Redis and for its sentinels.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretSlice};
use settings::Mistakes;
use store_redis::connection::address::{Access, Login};

use crate::secrets::{read, read_password, read_public};

type Read = fn(&Path) -> Result<SecretSlice<u8>, String>;

/// The PEM of a file without the byte order mark of an editor.
fn unmarked(pem: &SecretSlice<u8>) -> SecretSlice<u8> {
    files::without_mark(pem.expose_secret()).to_vec().into()
}

/// Who a service is to Redis.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "a setting's name is its field's")]
pub struct AccessArgs {
    /// Redis' user of this service
    #[arg(long, env = "POSTERN_STORE_USERNAME", value_name = "NAME")]
    pub store_username: Option<String>,
    /// The file with that user's password
    #[arg(long, env = "POSTERN_STORE_PASSWORD_FILE", value_name = "FILE")]
    pub store_password_file: Option<PathBuf>,
    /// The sentinels' user of this service, where they ask for one
    #[arg(long, env = "POSTERN_STORE_SENTINEL_USERNAME", value_name = "NAME")]
    pub store_sentinel_username: Option<String>,
    /// The file with the password that the sentinels ask for
    #[arg(long, env = "POSTERN_STORE_SENTINEL_PASSWORD_FILE", value_name = "FILE")]
    pub store_sentinel_password_file: Option<PathBuf>,
    /// The authority of the certificates of Redis, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_STORE_AUTHORITY", value_name = "FILE")]
    pub store_authority: Option<PathBuf>,
    /// This service's certificate for Redis, PEM
    #[arg(long, env = "POSTERN_STORE_CERTIFICATE", value_name = "FILE")]
    pub store_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_STORE_KEY", value_name = "FILE")]
    pub store_key: Option<PathBuf>,
}

impl AccessArgs {
    /// Notes a login for sentinels if the URL names none.
    pub(super) fn no_sentinels(&self, mistakes: &mut Mistakes) -> Option<()> {
        let names = self.store_sentinel_username.is_some();
        if names || self.store_sentinel_password_file.is_some() {
            mistakes.note(
                "--store-sentinel-username, --store-sentinel-password-file: are of no use unless \
                 --store begins with redis+sentinel or rediss+sentinel",
            );
            return None;
        }
        Some(())
    }

    /// All of it, read from its files.
    pub(super) fn access(&self, mistakes: &mut Mistakes) -> Option<Access> {
        let mut password = |setting: &str, path: &Option<PathBuf>| match path {
            Some(path) => mistakes.check(setting, read_password(path)).map(Some),
            None => Some(None),
        };
        let of_sentinels = password(
            "--store-sentinel-password-file (POSTERN_STORE_SENTINEL_PASSWORD_FILE)",
            &self.store_sentinel_password_file,
        );
        let password = password(
            "--store-password-file (POSTERN_STORE_PASSWORD_FILE)",
            &self.store_password_file,
        );
        let mut pem = |setting: &str, path: &Option<PathBuf>, read: Read| match path {
            Some(path) => mistakes.check(setting, read(path)).map(|pem| Some(unmarked(&pem))),
            None => Some(None),
        };
        let authority =
            pem("--store-authority (POSTERN_STORE_AUTHORITY)", &self.store_authority, read_public);
        let certificate = pem(
            "--store-certificate (POSTERN_STORE_CERTIFICATE)",
            &self.store_certificate,
            read_public,
        );
        let key = pem("--store-key (POSTERN_STORE_KEY)", &self.store_key, read);
        let identity = match (certificate?, key?) {
            (Some(certificate), Some(key)) => Some((certificate.expose_secret().to_vec(), key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                mistakes.note("--store-certificate, --store-key: must be given together");
                return None;
            }
        };
        let (password, of_sentinels) = (password?, of_sentinels?);
        if self.store_sentinel_username.is_some() && of_sentinels.is_none() {
            mistakes.note("--store-sentinel-username: needs --store-sentinel-password-file");
            return None;
        }
        let sentinel =
            Login { username: self.store_sentinel_username.clone(), password: of_sentinels };
        let authority = authority?.map(|authority| authority.expose_secret().to_vec());
        let username = self.store_username.clone();
        Some(Access { username, password, sentinel, authority, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::tests::args;
    use super::*;

    #[test]
    fn a_login_for_sentinels_belongs_to_sentinels() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "hunter2\n").expect("a file");
        let named = "--store-sentinel-username=postern";
        let known = format!("--store-sentinel-password-file={}", file.path().display());
        let sentinels = "--store=redis+sentinel://a:1,b:2/main";
        let mut mistakes = Mistakes::default();
        let store = args(&[sentinels, named, &known]).or_memory(&mut mistakes);
        let Some(Store::Redis { access, .. }) = store else { panic!("{mistakes}") };
        let password = access.sentinel.password.expect("a password");
        assert_eq!(password.expose_secret(), "hunter2");
        for flags in [
            &["--store=redis://host", named, &known] as &[_],
            &["--store=redis+cluster://host", &known],
            &["--store=memory", &known],
            &[&known],
            &[sentinels, named],
        ] {
            let mut mistakes = Mistakes::default();
            assert!(args(flags).or_memory(&mut mistakes).is_none(), "{flags:?}");
            assert_eq!(mistakes.0.len(), 1, "{flags:?}: {mistakes}");
        }
    }

    #[test]
    fn a_password_is_one_line_and_what_is_wrong_with_it_is_told_by_file_and_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_str().expect("a path in UTF-8");
        for (content, told) in [
            ("hunter2\nhunter3\n", ":2: must be one line: remove what follows the first line"),
            ("hunter2 \n", ":1: must not begin or end with white space"),
            ("", ":1: must not be empty"),
        ] {
            std::fs::write(file.path(), content).expect("a file");
            for flag in ["--store-password-file", "--store-sentinel-password-file"] {
                let mut mistakes = Mistakes::default();
                let flags = ["--store-sentinel-username=postern", flag, path];
                assert!(args(&flags).store_access.access(&mut mistakes).is_none());
                assert!(mistakes.0[0].ends_with(&format!("{path}{told}")), "{mistakes}");
                assert!(!mistakes.to_string().contains("hunter"), "{mistakes}");
            }
        }
    }

    #[test]
    fn a_password_comes_from_a_file_without_its_newline() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "hunter2\n").expect("a file");
        let path = file.path().to_str().expect("a path in UTF-8");
        let access =
            args(&["--store-password-file", path]).store_access.access(&mut Mistakes::default());
        let password = access.and_then(|access| access.password).expect("a password");
        assert_eq!(password.expose_secret(), "hunter2");
    }
}

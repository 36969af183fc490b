//! The directory of users that the integrator serves over gRPC.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clock::duration::{self, Units};
use config::{Configuration, Live, Users};
use directory_grpc::{GrpcDirectory, Token};
use grpc_client::Remote;
use settings::Mistakes;
use tls::ClientTlsFiles;
use yaml::Problem;

const SETTING: &str = "--directory (POSTERN_DIRECTORY)";

/// The longest time that a cached answer may count.
const MAX_CACHE: Duration = Duration::from_secs(5 * 60);

/// Where the directory is, and how this service proves itself to it.
#[derive(Clone, Debug, clap::Args)]
pub struct DirectoryArgs {
    /// The URL of the `DirectoryService` for applications with `users: { directory: grpc }`, such as
    /// `https://directory:50060`; all addresses of that name are called in turn
    #[arg(long, env = "POSTERN_DIRECTORY", value_name = "URL")]
    directory: Option<String>,
    /// The authority of the directory's certificate, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_DIRECTORY_AUTHORITY", value_name = "FILE")]
    directory_authority: Option<PathBuf>,
    /// This service's certificate for the directory, PEM
    #[arg(long, env = "POSTERN_DIRECTORY_CERTIFICATE", value_name = "FILE")]
    directory_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_DIRECTORY_KEY", value_name = "FILE")]
    directory_key: Option<PathBuf>,
    /// A file with the bearer token for the directory
    #[arg(long, env = "POSTERN_DIRECTORY_TOKEN_FILE", value_name = "FILE")]
    directory_token_file: Option<PathBuf>,
    /// How long an answer of the directory is cached, at most 5m; 0s caches nothing. A user who was
    /// removed can use codes for so long
    #[arg(long, env = "POSTERN_DIRECTORY_CACHE", value_name = "DURATION", default_value = "30s")]
    directory_cache: String,
}

/// The directory that the settings name, if they name one.
pub struct Directory(Option<(Remote, Option<Token>, Duration)>);

impl DirectoryArgs {
    /// Checks the settings.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Directory> {
        let files = ClientTlsFiles {
            authority: (
                "--directory-authority (POSTERN_DIRECTORY_AUTHORITY)",
                self.directory_authority.clone(),
            ),
            certificate: (
                "--directory-certificate (POSTERN_DIRECTORY_CERTIFICATE)",
                self.directory_certificate.clone(),
            ),
            key: ("--directory-key (POSTERN_DIRECTORY_KEY)", self.directory_key.clone()),
        };
        let cache = duration::parse(&self.directory_cache, Units::MillisecondsToHours);
        let cache = cache.map_err(|error| error.to_string());
        let cache = cache.and_then(|cache| {
            if cache > MAX_CACHE { Err("must be at most 5m".to_owned()) } else { Ok(cache) }
        });
        let cache = mistakes.check("--directory-cache (POSTERN_DIRECTORY_CACHE)", cache);
        let token = self.directory_token_file.clone().map(|file| {
            let setting = "--directory-token-file (POSTERN_DIRECTORY_TOKEN_FILE)";
            Token::open(setting, file, mistakes)
        });
        if self.directory.is_none() && token.is_none() && !files.is_any_given() {
            return cache.map(|_| Directory(None));
        }
        let remote = Remote::check(SETTING, self.directory.as_deref(), files, mistakes)?;
        if token.is_some() && remote.is_exposed() {
            mistakes.note(format_args!("{SETTING}: must be https, since a token is sent there"));
        }
        let token = token.map_or(Some(None), |token| token.map(Some));
        Some(Directory(Some((remote, token?, cache?))))
    }

    /// A problem for each application that needs the directory, if none is given.
    pub(crate) fn missing_for(&self, configuration: &Configuration) -> Vec<Problem> {
        let needs_it = |it: &&config::Application| {
            matches!(it.users, Users::Remote) && self.directory.is_none()
        };
        let problem = |application: &config::Application| Problem {
            file: SETTING.to_owned(),
            line: None,
            reason: format!(
                "must be given: the application `{}` has `users: {{ directory: grpc }}`",
                application.id
            ),
        };
        configuration.applications().filter(needs_it).map(problem).collect()
    }
}

impl Directory {
    /// Connects the applications of a configuration to it. Needs a runtime.
    ///
    /// # Errors
    /// The descriptors of the protos cannot be decoded.
    pub fn connect(self, live: &Live) -> Result<(), server::StartError> {
        directory_grpc::begin();
        if let Some((remote, token, cache)) = self.0 {
            live.directory().connect(Arc::new(GrpcDirectory::connect(remote, token, cache)?));
        }
        Ok(())
    }
}

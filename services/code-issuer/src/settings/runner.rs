//! Where the journey runner is, for clients that redeem authorization codes.

use std::path::PathBuf;
use std::sync::Arc;

use assembly::secrets::public_keys;
use grpc_client::Remote;
use settings::Mistakes;
use tls::ClientTlsFiles;
use tokens::keys::KeyRing;

/// How the journey runner is called.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RunnerArgs {
    /// The journey runner's gRPC address, such as `http://journey-runner:50053`, or `https` where it speaks
    /// TLS. Without it, no authorization code is redeemed
    #[arg(long, env = "POSTERN_JOURNEY_RUNNER", value_name = "URL")]
    journey_runner: Option<String>,
    /// The folder of the journey runner's public keys, PEM files, which sign the tokens of users: they are
    /// published beside this service's own. Required with --journey-runner
    #[arg(long, env = "POSTERN_RUNNER_KEYS", value_name = "DIR")]
    runner_keys: Option<PathBuf>,
    /// The authority of the journey runner's certificate, PEM; without it, the system's authorities
    #[arg(long, env = "POSTERN_JOURNEY_RUNNER_AUTHORITY", value_name = "FILE")]
    journey_runner_authority: Option<PathBuf>,
    /// This service's certificate for the journey runner, PEM
    #[arg(long, env = "POSTERN_JOURNEY_RUNNER_CERTIFICATE", value_name = "FILE")]
    journey_runner_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, env = "POSTERN_JOURNEY_RUNNER_KEY", value_name = "FILE")]
    journey_runner_key: Option<PathBuf>,
}

impl RunnerArgs {
    /// Checks the settings. `None` too if there are none: then the journey runner is not called.
    pub(super) fn open(&self, mistakes: &mut Mistakes) -> Option<(Remote, Arc<KeyRing>)> {
        let file = |setting, file: &Option<PathBuf>| (setting, file.clone());
        let files = ClientTlsFiles {
            authority: file(
                "--journey-runner-authority (POSTERN_JOURNEY_RUNNER_AUTHORITY)",
                &self.journey_runner_authority,
            ),
            certificate: file(
                "--journey-runner-certificate (POSTERN_JOURNEY_RUNNER_CERTIFICATE)",
                &self.journey_runner_certificate,
            ),
            key: file(
                "--journey-runner-key (POSTERN_JOURNEY_RUNNER_KEY)",
                &self.journey_runner_key,
            ),
        };
        let keys = self.runner_keys.as_deref();
        if self.journey_runner.is_none() && keys.is_none() && !files.is_any_given() {
            return None;
        }
        let url = self.journey_runner.as_deref();
        let remote =
            Remote::check("--journey-runner (POSTERN_JOURNEY_RUNNER)", url, files, mistakes);
        let setting = "--runner-keys (POSTERN_RUNNER_KEYS)";
        let keys = public_keys(setting, keys, mistakes);
        Some((remote?, keys?))
    }
}

//! The configuration that is served, and the task that looks after it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chassis::settings::Mistakes;
use config::{ClientKind, Configuration, Live, Reload, Source};
use tokens::secret;

/// How often the folder is looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// The secrets of the demo application. Everybody knows them.
const DEMO_SECRETS: [&str; 3] =
    ["acme-support-secret", "acme-verifier-secret", "acme-backend-secret"];

/// The folder of a service's configuration.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigArgs {
    /// The folder of YAML with applications, users and journeys
    #[arg(long, env = "POSTERN_CONFIG", value_name = "DIR")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Opens the folder, which must be given.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<Arc<Live>> {
        let folder = self.config.clone().ok_or("must be given");
        let folder = mistakes.check("--config (POSTERN_CONFIG)", folder)?;
        open(Source::Folder(folder), mistakes)
    }
}

/// Opens a configuration, or notes everything that is wrong with it.
pub fn open(source: Source, mistakes: &mut Mistakes) -> Option<Arc<Live>> {
    match Live::from_source(source) {
        Ok(live) => Some(Arc::new(live)),
        Err(problems) => {
            for problem in problems {
                mistakes.note(problem);
            }
            None
        }
    }
}

/// Whether a client has one of the demo's secrets, which may not be reachable from outside.
pub fn has_demo_secret(configuration: &Configuration) -> bool {
    let clients = configuration.applications().flat_map(|application| application.clients.values());
    let mut secrets = clients.filter_map(|client| match &client.kind {
        ClientKind::Confidential { secret, .. } => Some(secret),
        ClientKind::Public { .. } => None,
    });
    secrets.any(|hash| DEMO_SECRETS.iter().any(|demo| secret::verify(Some(hash), &(*demo).into())))
}

/// Looks after a configuration for as long as the process serves: a change is taken over, unless
/// something is wrong with it.
pub async fn look_after(live: Arc<Live>) {
    let mut refused = None;
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        let reloading = Arc::clone(&live);
        let Ok(reload) = tokio::task::spawn_blocking(move || reloading.reload()).await else {
            continue;
        };
        match reload {
            Reload::Unchanged => refused = None,
            Reload::Applied => {
                refused = None;
                tracing::info!("the configuration has changed");
            }
            // Said once for each change, not every two seconds.
            Reload::Refused(problems) if refused.as_ref() != Some(&problems) => {
                for problem in &problems {
                    tracing::error!(%problem, "the configuration's change is refused");
                }
                refused = Some(problems);
            }
            Reload::Refused(_) => {}
        }
    }
}

//! The live configuration, and the task that reloads it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clock::{Clock as _, SystemClock};
use config::{Client, ClientKind, Configuration, Live, Source};
use reload::{Change, Changes};
use settings::Endpoint;
use settings::Mistakes;
use telemetry::{AUDIT, confirmed};
use tokens::secret;
use yaml::Problem;

use crate::directory::DirectoryArgs;

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
    pub fn open(
        &self,
        reach: impl IntoIterator<Item = Endpoint>,
        directory: Option<&DirectoryArgs>,
        mistakes: &mut Mistakes,
    ) -> Option<Arc<Live>> {
        let folder = self.config.clone().ok_or("must be given");
        let folder = mistakes.check("--config (POSTERN_CONFIG)", folder)?;
        open(Source::Folder(folder), reach, directory, mistakes)
    }

    /// Opens the folder without its secrets, to show it. `Some(None)` if none is given.
    pub fn published(&self, mistakes: &mut Mistakes) -> Option<Option<Arc<Live>>> {
        let Some(folder) = self.config.clone() else { return Some(None) };
        open(Source::Published(folder), [], None, mistakes).map(Some)
    }
}

/// Opens a configuration, or notes everything that is wrong with it. `reach` is where its clients
/// are served: every listener but the operators'. `directory` is where a process that resolves users
/// finds those of applications with `users: { directory: grpc }`.
pub fn open(
    source: Source,
    reach: impl IntoIterator<Item = Endpoint>,
    directory: Option<&DirectoryArgs>,
    mistakes: &mut Mistakes,
) -> Option<Arc<Live>> {
    let is_exposed = |endpoint: &Endpoint| !endpoint.address.ip().is_loopback();
    let exposed: Vec<_> = reach.into_iter().filter(is_exposed).collect();
    let directory = directory.cloned();
    let guard = move |configuration: &Configuration| {
        let missing = directory.iter().flat_map(|directory| directory.missing_for(configuration));
        demo_secrets(configuration, &exposed).into_iter().chain(missing).collect()
    };
    mistakes.check_all(Live::guarded(source, guard)).map(Arc::new)
}

/// A problem for each listener that others can reach, while a client has a secret of the demo:
/// anyone who could reach it could issue codes.
fn demo_secrets(configuration: &Configuration, exposed: &[Endpoint]) -> Vec<Problem> {
    let mut clients =
        configuration.applications().flat_map(|application| application.clients.values());
    let Some(client) = clients.find(|client| has_demo_secret(client)) else {
        return Vec::new();
    };
    let problem = |endpoint: &Endpoint| Problem {
        file: endpoint.flag.to_owned(),
        line: None,
        reason: format!(
            "{} is no loopback address, and the client `{}` has a secret of the demo, which is \
             known to everybody: serve your own configuration with --config, and in it secrets of \
             your own",
            endpoint.address, client.id
        ),
    };
    exposed.iter().map(problem).collect()
}

fn has_demo_secret(client: &Client) -> bool {
    match &client.kind {
        ClientKind::Confidential { secret, .. } => {
            DEMO_SECRETS.iter().any(|demo| secret::verify(Some(secret), &(*demo).into()))
        }
        ClientKind::Public { .. } => false,
    }
}

/// Looks after a configuration for as long as the process serves: a change is taken over, unless
/// something is wrong with it. Both are events of the audit trail, and so is what serves at the start.
pub async fn look_after(live: Arc<Live>) {
    let mut served = live.current();
    record_configuration("configuration.loaded", &served, None).await;
    files::warn_of_exposed();
    let reloading = Arc::clone(&live);
    let mut changes = Changes::of(move || {
        let reload = reloading.reload();
        files::warn_of_exposed();
        reload
    });
    loop {
        match changes.next().await {
            Change::Applied => {
                tracing::info!("the configuration has changed");
                let (now, before) = (live.current(), served);
                let changes = summary(&now.changes_since(&before));
                record_configuration("configuration.changed", &now, Some(changes)).await;
                served = now;
            }
            Change::Refused(problems) => {
                for problem in &problems {
                    tracing::error!(%problem, "the configuration's change is refused");
                }
                let places: Vec<_> = problems.iter().map(place).collect();
                let places = Some(summary(&places));
                record_configuration("configuration.refused", &served, places).await;
            }
        }
    }
}

/// The most texts that a summary holds.
const MAX_CHANGES: usize = 20;

/// A few texts as one, and how many were left out.
fn summary(texts: &[String]) -> String {
    let told = texts.iter().take(MAX_CHANGES).map(String::as_str).collect::<Vec<_>>().join("; ");
    match texts.len().saturating_sub(MAX_CHANGES) {
        0 => told,
        more => format!("{told}; and {more} more"),
    }
}

/// Where a problem is. What is wrong there is in the log: it quotes the file, which is the editor's.
fn place(problem: &Problem) -> String {
    match problem.line {
        Some(line) => format!("{}:{line}", problem.file),
        None => problem.file.clone(),
    }
}

/// Writes which configuration serves. The change is made, so that a trail which cannot be written
/// stops nothing here; it is counted.
async fn record_configuration(
    action: &'static str,
    serves: &Configuration,
    changes: Option<String>,
) {
    let fingerprint = serves.fingerprint().iter().fold(String::new(), |mut hex, byte| {
        // To memory: it cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let say = || {
        tracing::info!(target: AUDIT, at = %SystemClock.now(), action, fingerprint, changes);
    };
    if let Err(error) = confirmed(say).await {
        tracing::error!(%error, action, "an audit event of the configuration was lost");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use config::Reload;

    use super::*;

    const FLAG: &str = "--http-listen";

    fn write(folder: &Path, secret: &str) {
        fs::create_dir_all(folder.join("applications")).expect("creates");
        fs::write(folder.join("applications/desk.secret"), secret).expect("writes");
        let text = "id: acme\nname: Acme\nclients:\n  - id: desk\n    secret_file: desk.secret\n    \
                    scopes: [codes:issue]\n";
        fs::write(folder.join("applications/acme.yaml"), text).expect("writes");
    }

    fn opened(folder: &Path, address: &str) -> Result<Arc<Live>, Mistakes> {
        let reach = Endpoint { flag: FLAG, address: address.parse().expect("an address") };
        let mut mistakes = Mistakes::default();
        open(Source::Folder(folder.to_owned()), [reach], None, &mut mistakes).ok_or(mistakes)
    }

    #[test]
    fn a_secret_of_the_demo_is_refused_where_others_can_reach_it() {
        let folder = TempDir::new().expect("a folder");
        for secret in DEMO_SECRETS {
            write(folder.path(), secret);
            for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
                let mistakes = opened(folder.path(), address).err().expect("refused");
                assert_eq!(mistakes.0.len(), 1, "{mistakes}");
                for told in [FLAG, address, "`desk`", "--config"] {
                    assert!(mistakes.0[0].contains(told), "{told} is missing in {mistakes}");
                }
                assert!(!mistakes.0[0].contains(secret), "{mistakes}");
            }
            for address in ["127.0.0.1:80", "[::1]:80"] {
                assert!(opened(folder.path(), address).is_ok(), "{address}");
            }
        }
    }

    #[test]
    fn a_change_to_a_secret_of_the_demo_leaves_what_serves() {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), "a secret of our own");
        let live = opened(folder.path(), "0.0.0.0:80").expect("a good secret");
        let before = live.current();
        write(folder.path(), DEMO_SECRETS[0]);
        let Reload::Refused(problems) = live.reload() else { panic!("not refused") };
        assert!(problems[0].to_string().starts_with("--http-listen: 0.0.0.0:80 is no loopback"));
        assert!(Arc::ptr_eq(&before, &live.current()));
        write(folder.path(), "another secret of our own");
        assert_eq!(live.reload(), Reload::Applied);
    }
}

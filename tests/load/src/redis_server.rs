//! Redis with the configuration from `deploy/redis/`. Nothing is disabled for better figures.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, bail};
use redis::Connection;

use crate::process::{Process, free};

/// The user for inspecting Redis.
const OBSERVER: &str = "load";

/// The password of every user. The server exists for one run and listens on loopback only.
pub(crate) const PASSWORD: &str = "load";

/// The longest rewrite of an append-only file that is waited for.
const SETTLE_SECONDS: u32 = 120;

/// A running server.
pub(crate) struct Redis {
    pub(crate) at: SocketAddr,
    _process: Process,
}

/// The counters of a server.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) memory: u64,
    pub(crate) keys: u64,
}

impl Redis {
    /// Starts a server. `more` holds additional configuration lines.
    pub(crate) fn start(files: &Path, more: &str) -> anyhow::Result<Self> {
        let [at] = free()?;
        let folder = files.join(format!("redis-{}", at.port()));
        fs::create_dir(&folder)?;
        let users = folder.join("users.acl");
        fs::write(&users, acl()?)?;
        let shipped = fs::read_to_string(deploy("redis.conf"))?;
        let shipped = shipped.lines().filter(|line| !line.starts_with("aclfile"));
        let configuration = format!(
            "{}\naclfile {}\nbind 127.0.0.1\nport {}\ndir {}\nmasteruser {OBSERVER}\nmasterauth {PASSWORD}\n{more}\n",
            shipped.collect::<Vec<_>>().join("\n"),
            users.display(),
            at.port(),
            folder.display(),
        );
        let file = folder.join("redis.conf");
        fs::write(&file, configuration)?;
        let mut command = Command::new("redis-server");
        command.arg(&file);
        let process = Process::start("redis", command, &folder, &[at])?;
        Ok(Self { at, _process: process })
    }

    /// A connection of the observer.
    pub(crate) fn connect(&self) -> anyhow::Result<Connection> {
        Ok(redis::Client::open(observer(self.at))?.get_connection()?)
    }

    /// The counters now.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let info: String = redis::cmd("INFO").arg("everything").query(&mut self.connect()?)?;
        let field = |name| field(&info, name);
        let [user, system] = ["used_cpu_user", "used_cpu_sys"].map(|name| {
            field(name).and_then(|text| Ok(Duration::try_from_secs_f64(text.parse()?)?))
        });
        Ok(Usage {
            cpu: user? + system?,
            memory: field("used_memory")?.parse()?,
            keys: redis::cmd("DBSIZE").query(&mut self.connect()?)?,
        })
    }

    /// The bytes of the one record of codes.
    pub(crate) fn record(&self) -> anyhow::Result<u64> {
        let mut connection = self.connect()?;
        let keys: Vec<String> = redis::cmd("KEYS").arg("pcode:{*}").query(&mut connection)?;
        let [key] = &keys[..] else { bail!("{} records instead of one", keys.len()) };
        Ok(redis::cmd("MEMORY").arg("USAGE").arg(key).query(&mut connection)?)
    }

    /// Waits until the server does not rewrite its append-only file, which would disturb a measurement.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        for _ in 0..SETTLE_SECONDS {
            let info: String = redis::cmd("INFO").arg("persistence").query(&mut self.connect()?)?;
            if field(&info, "aof_rewrite_in_progress")? == "0" {
                return Ok(());
            }
            sleep(Duration::from_secs(1));
        }
        bail!("redis still rewrites its file after {SETTLE_SECONDS} s");
    }

    /// Deletes all keys.
    pub(crate) fn clear(&self) -> anyhow::Result<()> {
        Ok(redis::cmd("FLUSHALL").query(&mut self.connect()?)?)
    }
}

/// A field of a reply to `INFO`.
fn field<'a>(info: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.with_context(|| format!("INFO says nothing of {name}"))
}

/// The observer's URL of a server.
pub(crate) fn observer(at: SocketAddr) -> String {
    format!("redis://{OBSERVER}:{PASSWORD}@{at}")
}

/// The users of `deploy/redis/users.acl`, and the observer.
fn acl() -> anyhow::Result<String> {
    let mut users = String::new();
    for line in fs::read_to_string(deploy("users.acl"))?.lines() {
        // `#<sha256 of ..>` is a placeholder for the deployment's password.
        let (before, rest) = line.split_once("#<").unwrap_or((line, ""));
        let (_, after) = rest.split_once('>').unwrap_or_default();
        let password = if rest.is_empty() { String::new() } else { format!(">{PASSWORD}") };
        users.extend([before, &password, after, "\n"]);
    }
    Ok(format!("{users}user {OBSERVER} on >{PASSWORD} ~* &* +@all\n"))
}

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/redis").join(name)
}

//! Measures the Redis memory that codes, open pairings and revoked grants use, and that guesses for users
//! without a code use.
//!
//! `cargo run -p store-redis --example footprint` starts its own `redis-server` on a free port,
//! with the delivered configuration. Given a URL, it measures that server, which must be empty, and empties it.

use std::error::Error;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clock::{Clock as _, SystemClock};
use codes::digest::{AttemptId, CodeDigest, Fingerprint, Kid, Source, Subject};
use codes::grants::GrantStore as _;
use codes::ids::{ClientId, CodeId};
use codes::pairing::{Binding, ForJourney, Journey, PairingNumber};
use codes::randomness;
use codes::record::{Attempt, Issue, IssueOutcome, IssuedBy, Limits, Pair, Verify};
use codes::store::{CodeStore as _, StoreError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use redis::aio::MultiplexedConnection;
use store_redis::codes::RedisCodeStore;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::Checks;
use store_redis::grants::RedisGrantStore;
use tempfile::TempDir;

/// The number of codes issued.
const CODES: u32 = 100_000;

/// The number of guesses for users without a code.
const GUESSES: u32 = 1_000_000;

/// The most bytes that the facts of a journey take.
const LONGEST_FACTS: usize = 200;

/// The number of concurrent calls.
const AT_ONCE: usize = 64;

/// The limits of the default policy.
const LIMITS: Limits = Limits {
    failed_attempts: 3,
    attempts_per_source: 3,
    pairing_required: false,
    lockout: Duration::from_secs(900),
    issues_per_hour: 100,
    overrides_per_day: 3,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
async fn main() -> Outcome<()> {
    let own = if std::env::args().nth(1).is_some() { None } else { Some(Server::start()?) };
    let url = std::env::args().nth(1).or(own.as_ref().map(Server::url)).unwrap_or_default();
    let mut measured = redis::Client::open(url.as_str())?.get_multiplexed_async_connection().await;
    for _ in 0..100 {
        if measured.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        measured = redis::Client::open(url.as_str())?.get_multiplexed_async_connection().await;
    }
    let mut measured = measured?;
    let connection =
        Connection::open(&Address::parse(&url)?, Access::default(), Checks::Off, None, None)?;
    if Footprint::of(&mut measured).await?.keys > 0 {
        return Err("the server holds keys, which would be deleted: give an empty one".into());
    }
    let store = RedisCodeStore::new(connection.clone());
    let grants = RedisGrantStore::new(connection);

    // The first calls also pay for loading scripts and opening connections, so they are not
    // measured.
    for (kind, is_paired) in [("unpaired", false), ("paired", true)] {
        let first = issue(&store, is_paired).await?;
        let before = Footprint::of(&mut measured).await?;
        let codes =
            stream::iter(0..CODES).map(|_| issue(&store, is_paired)).buffer_unordered(AT_ONCE);
        codes.try_for_each(async |_| Ok(())).await?;
        let after = Footprint::of(&mut measured).await?;
        let key = format!("pcode:{{{first}}}");
        let length: u64 = redis::cmd("STRLEN").arg(&key).query_async(&mut measured).await?;
        println!("one active {kind} code: {}, {length} of them its record", before.each(&after));
        empty(&mut measured).await?;
    }

    let before = Footprint::of(&mut measured).await?;
    let guesses = stream::iter(0..GUESSES).map(|_| guess(&store)).buffer_unordered(AT_ONCE);
    guesses.try_for_each(async |()| Ok(())).await?;
    let last = Footprint::of(&mut measured).await?;
    println!("{GUESSES} guesses at users without a code:");
    println!("  keys:   {} before, {} after", before.keys, last.keys);
    println!("  memory: {} bytes before, {} bytes after", before.bytes, last.bytes);

    pair(&store).await?;
    let before = Footprint::of(&mut measured).await?;
    let pairings = stream::iter(0..CODES).map(|_| pair(&store)).buffer_unordered(AT_ONCE);
    pairings.try_for_each(async |()| Ok(())).await?;
    let after = Footprint::of(&mut measured).await?;
    println!("one open pairing: {}", before.each(&after));
    empty(&mut measured).await?;

    revoke(&grants).await?;
    let before = Footprint::of(&mut measured).await?;
    let revoked = stream::iter(0..CODES).map(|_| revoke(&grants)).buffer_unordered(AT_ONCE);
    revoked.try_for_each(async |()| Ok(())).await?;
    let after = Footprint::of(&mut measured).await?;
    println!("one revoked grant: {}", before.each(&after));
    Ok(())
}

/// The memory and keys of a server.
struct Footprint {
    keys: u64,
    bytes: u64,
}

impl Footprint {
    async fn of(measured: &mut MultiplexedConnection) -> Outcome<Self> {
        let keys = redis::cmd("DBSIZE").query_async(measured).await?;
        let said: String = redis::cmd("INFO").arg("memory").query_async(measured).await?;
        let bytes = said.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(Self { keys, bytes: bytes.ok_or("no used_memory")?.trim().parse()? })
    }

    /// What each of [`CODES`] operations left.
    fn each(&self, after: &Self) -> String {
        let count = u64::from(CODES);
        let (keys, bytes) = ((after.keys - self.keys) / count, (after.bytes - self.bytes) / count);
        format!("{keys} keys, {bytes} bytes of memory")
    }
}

/// Deletes all keys, so that each figure has the same share of Redis' hash tables.
async fn empty(measured: &mut MultiplexedConnection) -> Outcome<()> {
    Ok(redis::cmd("FLUSHALL").query_async(measured).await?)
}

fn drawn() -> [u8; 16] {
    randomness::bytes(&randomness::system())
}

fn attempt() -> Attempt {
    let fingerprint = Fingerprint::from_bytes(drawn());
    Attempt { id: AttemptId::from_bytes(drawn()), fingerprint }
}

/// Issues a code to a new user.
async fn issue(store: &RedisCodeStore, is_paired: bool) -> Result<Subject, Box<dyn Error>> {
    let subject = Subject::from_bytes(drawn());
    let issued_by =
        IssuedBy { client: ClientId::parse("help-desk")?, agent: Some("agent-17".to_owned()) };
    let command = Issue {
        attempt: attempt(),
        code_id: CodeId::parse(&format!("{subject}.{}", Subject::from_bytes(drawn())))?,
        digest: CodeDigest::from_parts(Kid::from_u32(u32::MAX), drawn()),
        life: Duration::from_secs(300),
        issued_by,
        pairing: is_paired.then(|| {
            ForJourney::Known(Journey {
                binding: Binding::from_bytes(drawn()),
                session_ends_at: SystemClock.now() + Duration::from_secs(3600),
            })
        }),
        reissue_only: false,
        override_lockout: false,
        limits: LIMITS,
    };
    match insist(async || store.issue(subject, SystemClock.now(), command.clone()).await).await? {
        IssueOutcome::Issued { .. } => Ok(subject),
        refused => Err(format!("no code was issued: {refused:?}").into()),
    }
}

/// Guesses a code of a new user, who has none.
async fn guess(store: &RedisCodeStore) -> Result<(), StoreError> {
    let candidate = CodeDigest::from_parts(Kid::from_u32(u32::MAX), drawn());
    let command = Verify {
        attempt: attempt(),
        candidates: vec![candidate],
        binding: None,
        source: Source::from_bytes(drawn()),
        limits: LIMITS,
    };
    let subject = Subject::from_bytes(drawn());
    insist(async || store.verify(subject, SystemClock.now(), command.clone()).await).await.map(drop)
}

/// Pairs a journey of a new user. The facts are as long as they may be.
async fn pair(store: &RedisCodeStore) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let command = Pair {
        binding: Binding::from_bytes(drawn()),
        numbers: PairingNumber::candidates(&mut *randomness::system()()),
        life: Duration::from_secs(600),
        session_ends_at: now + Duration::from_secs(3600),
        source: Source::from_bytes(drawn()),
        facts: vec![0; LONGEST_FACTS],
    };
    let subject = Subject::from_bytes(drawn());
    insist(async || store.pair(subject, SystemClock.now(), command.clone()).await).await.map(drop)
}

/// Revokes the grant of a code.
async fn revoke(grants: &RedisGrantStore) -> Result<(), StoreError> {
    let grant = CodeId::new(&Subject::from_bytes(drawn()), drawn()).grant();
    insist(async || grants.revoke(&grant).await).await
}

/// Retries until the server answers in time. The operation takes effect once.
async fn insist<T>(ask: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 0..100 {
        if let Ok(answer) = ask().await {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ask().await
}

/// The delivered configuration.
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redis/redis.conf");

/// A server with the delivered configuration. It is killed on drop.
struct Server {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Server {
    fn start() -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let process = Command::new("redis-server")
            .args([CONFIGURATION, "--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--aclfile", ""])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { port, process, _folder: folder })
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only if the server has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

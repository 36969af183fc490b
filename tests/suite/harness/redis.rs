//! A `redis-server` of a test, and a record of everything it receives.

use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use super::postern::{free, utf8};
use super::process::{Process, on_free_ports};

/// A running Redis. Every command that it receives is recorded.
pub(crate) struct Redis {
    at: SocketAddr,
    record: Mutex<Record>,
    process: Process,
    folder: TempDir,
}

/// The output of `MONITOR`.
struct Record {
    monitor: Connection,
    read: String,
}

/// A key with its content.
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The remaining time to live in milliseconds; negative if the key has none.
    pub(crate) lives: i64,
    /// The value of a string; for a hash field, value, field, value and so on.
    pub(crate) values: Vec<Vec<u8>>,
}

impl Redis {
    /// Starts one that records everything it receives, in its append-only file and in its slow log,
    /// whose threshold is zero.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let slow = ["--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000"];
        Self::with(&[&["--appendonly", "yes", "--appendfsync", "no"], &slow[..]].concat())
    }

    /// Starts one with these settings.
    pub(crate) fn with(settings: &[&str]) -> anyhow::Result<Self> {
        on_free_ports(|| {
            let [at] = free()?;
            let folder = TempDir::new()?;
            let mut command = Command::new("redis-server");
            let port = at.port().to_string();
            command.args(["--port", &port, "--bind", "127.0.0.1"]).current_dir(folder.path());
            command.args(["--save", ""]).args(settings);
            let says = vec!["Ready to accept connections".to_owned()];
            let Some(process) = Process::start_saying(command, vec![at], says)? else {
                return Ok(None);
            };
            let mut monitor = Connection::open(at)?;
            monitor.call(&["MONITOR"])?;
            let record = Mutex::new(Record { monitor, read: String::new() });
            Ok(Some(Self { at, record, process, folder }))
        })
    }

    /// Starts one for a `postern` with these flags that would use the in-memory store, if
    /// `POSTERN_SUITE_STORE` is `redis`. So the same tests also run over Redis.
    pub(crate) fn if_asked_for(flags: &[&str]) -> anyhow::Result<Option<Self>> {
        let is_asked = env::var("POSTERN_SUITE_STORE").is_ok_and(|store| store == "redis");
        let has_store = flags.iter().any(|flag| flag.starts_with("--store"));
        if !is_asked || has_store {
            return Ok(None);
        }
        let redis = Self::start()?;
        redis.draw_peppers()?;
        Ok(Some(redis))
    }

    /// Puts peppers of its own where [`Self::flags`] says that they are.
    pub(crate) fn draw_peppers(&self) -> anyhow::Result<()> {
        for name in ["locator.key", "current.pepper"] {
            fs::write(self.folder.path().join(name), rand::random::<[u8; 32]>())?;
        }
        Ok(())
    }

    /// The flags of a `postern` that keeps everything here.
    pub(crate) fn flags(&self) -> anyhow::Result<[String; 4]> {
        let peppers = utf8(self.folder.path())?.to_owned();
        Ok(["--store".to_owned(), self.url(), "--peppers".to_owned(), peppers])
    }

    /// The port, as the value of another server's setting.
    pub(crate) fn port(&self) -> String {
        self.at.port().to_string()
    }

    /// The value of `--store`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.at)
    }

    /// Lets it take so many bytes more, and then no more.
    pub(crate) fn leave_memory(&self, bytes: u64) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.at)?;
        let info = String::from_utf8(connection.text(&["INFO", "memory"])?)?;
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        let used: u64 = used.context("it says what it uses")?.parse()?;
        connection.call(&["CONFIG", "SET", "maxmemory", &(used + bytes).to_string()])?;
        Ok(())
    }

    /// Stops the process: connections stay open, without answers.
    pub(crate) fn freeze(&self) -> anyhow::Result<()> {
        self.process.signal("STOP")
    }

    /// Resumes it after [`Self::freeze`].
    pub(crate) fn thaw(&self) -> anyhow::Result<()> {
        self.process.signal("CONT")
    }

    /// Every key with its content, but for those that expire meanwhile. Postern writes only strings,
    /// hashes and sorted sets.
    pub(crate) fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let mut connection = Connection::open(self.at)?;
        let mut entries = Vec::new();
        for key in connection.list(&["KEYS", "*"])? {
            let key = String::from_utf8(key)?;
            let values = match connection.text(&["TYPE", &key])?.as_slice() {
                b"string" => vec![connection.text(&["GET", &key])?],
                b"hash" => connection.list(&["HGETALL", &key])?,
                b"zset" => connection.list(&["ZRANGE", &key, "0", "-1"])?,
                b"none" => continue,
                other => bail!("{key} is a {}", String::from_utf8_lossy(other)),
            };
            let lives = connection.number(&["PTTL", &key])?;
            if lives == GONE {
                continue;
            }
            entries.push(Entry { key, lives, values });
        }
        Ok(entries)
    }

    /// Every command received, the slow log, the append-only file, and every current key and value.
    pub(crate) fn all_that_it_was_told(&self) -> anyhow::Result<String> {
        let mut record = self.record.lock().expect("no test panics while it holds this");
        let end = super::unique("end-of-the-record");
        Connection::open(self.at)?.call(&["ECHO", &end])?;
        loop {
            let Reply::Text(line) = record.monitor.reply()? else { bail!("no line") };
            let line = String::from_utf8_lossy(&line).into_owned();
            record.read.push_str(&line);
            record.read.push('\n');
            if line.contains(&end) {
                break;
            }
        }
        let mut told = record.read.clone();
        for line in Connection::open(self.at)?.list(&["SLOWLOG", "GET", "-1"])? {
            told.push_str(&String::from_utf8_lossy(&line));
            told.push('\n');
        }
        told.push_str(&self.appended()?);
        for Entry { key, values, .. } in self.entries()? {
            told.push_str(&key);
            for value in values {
                told.push('\n');
                told.push_str(&String::from_utf8_lossy(&value));
            }
            told.push('\n');
        }
        Ok(told)
    }

    /// The content of the append-only files; empty if there are none.
    pub(crate) fn appended(&self) -> anyhow::Result<String> {
        let folder = self.folder.path().join("appendonlydir");
        let mut appended = String::new();
        if folder.exists() {
            for file in fs::read_dir(folder)? {
                appended.push_str(&String::from_utf8_lossy(&fs::read(file?.path())?));
            }
        }
        Ok(appended)
    }
}

/// What PTTL replies of a key that expired.
const GONE: i64 = -2;

/// A RESP connection, version 2.
struct Connection(BufReader<TcpStream>);

enum Reply {
    Text(Vec<u8>),
    List(Vec<Reply>),
}

impl Reply {
    /// The texts in it, in order, including nested lists.
    fn texts(self) -> Vec<Vec<u8>> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(items) => items.into_iter().flat_map(Self::texts).collect(),
        }
    }
}

impl Connection {
    fn open(at: SocketAddr) -> io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(at)?)))
    }

    fn call(&mut self, words: &[&str]) -> anyhow::Result<Reply> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            write!(command, "${}\r\n{word}\r\n", word.len())?;
        }
        self.0.get_mut().write_all(&command)?;
        self.reply()
    }

    fn list(&mut self, words: &[&str]) -> anyhow::Result<Vec<Vec<u8>>> {
        let reply @ Reply::List(_) = self.call(words)? else { bail!("no list from {words:?}") };
        Ok(reply.texts())
    }

    fn text(&mut self, words: &[&str]) -> anyhow::Result<Vec<u8>> {
        let Reply::Text(text) = self.call(words)? else { bail!("no text from {words:?}") };
        Ok(text)
    }

    fn number(&mut self, words: &[&str]) -> anyhow::Result<i64> {
        Ok(String::from_utf8(self.text(words)?)?.parse()?)
    }

    fn reply(&mut self) -> anyhow::Result<Reply> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
        Ok(match kind {
            "+" | ":" => Reply::Text(rest.as_bytes().to_vec()),
            "$" => {
                let mut text = vec![0; rest.parse::<usize>()? + 2];
                self.0.read_exact(&mut text)?;
                text.truncate(text.len() - 2);
                Reply::Text(text)
            }
            "*" => {
                let items = (0..rest.parse::<usize>()?).map(|_| self.reply());
                Reply::List(items.collect::<Result<_, _>>()?)
            }
            _ => bail!("Redis says {line:?}"),
        })
    }
}

#[test]
fn what_redis_receives_is_found_in_every_record_of_it() -> anyhow::Result<()> {
    let redis = Redis::start()?;
    let planted = super::unique("planted");
    Connection::open(redis.at)?.call(&["SET", &planted, "value"])?;
    Connection::open(redis.at)?.call(&["DEL", &planted])?;
    let slow = Connection::open(redis.at)?.list(&["SLOWLOG", "GET", "-1"])?;
    assert!(slow.contains(&planted.clone().into_bytes()), "the log of what was slow");
    assert!(redis.appended()?.contains(&planted), "the append-only file");
    let monitored = |record: &Mutex<Record>| {
        record.lock().expect("no test panics while it holds this").read.contains(&planted)
    };
    assert!(redis.all_that_it_was_told()?.contains(&planted) && monitored(&redis.record));
    Ok(())
}

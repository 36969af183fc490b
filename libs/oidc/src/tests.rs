//! The cache against a provider on this machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::FakeClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::fetch::is_secure;
use crate::{KeyCache, Unreachable};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const MINUTE: Duration = Duration::from_secs(60);

/// What a provider answers at each path, and how often it was asked for its keys.
#[derive(Default)]
struct Answers {
    of: HashMap<String, String>,
    asked: usize,
    is_slow: bool,
    /// The last request that was no GET.
    sent: String,
}

pub(crate) struct Provider {
    at: SocketAddr,
    answers: Arc<Mutex<Answers>>,
    _server: JoinSet<()>,
}

pub(crate) fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// The key of RFC 8037, appendix A.2, under a name.
fn set(kid: &str) -> String {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    format!(r#"{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "{x}"}}]}}"#)
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let answers: Arc<Mutex<Answers>> = Arc::default();
        let mut server = JoinSet::new();
        let theirs = Arc::clone(&answers);
        server.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                calls.spawn(answer(stream, Arc::clone(&theirs)));
            }
        });
        let provider = Self { at, answers, _server: server };
        provider.discovers(&provider.issuer(), &format!("{}/keys", provider.issuer()));
        provider.says("/keys", &ok("", &set("1")));
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.at)
    }

    fn discovers(&self, issuer: &str, jwks_uri: &str) {
        let body = format!(r#"{{"issuer": "{issuer}", "jwks_uri": "{jwks_uri}"}}"#);
        self.says(DISCOVERY, &ok("", &body));
    }

    pub(crate) fn says(&self, path: &str, answer: &str) {
        self.answers.lock().expect("no panic").of.insert(path.to_owned(), answer.to_owned());
    }

    pub(crate) fn is_gone(&self) {
        self.answers.lock().expect("no panic").of.clear();
    }

    pub(crate) fn last_sent(&self) -> String {
        self.answers.lock().expect("no panic").sent.clone()
    }

    pub(crate) fn hangs(&self) {
        self.answers.lock().expect("no panic").is_slow = true;
    }

    pub(crate) fn asked(&self) -> usize {
        self.answers.lock().expect("no panic").asked
    }
}

async fn answer(mut stream: TcpStream, answers: Arc<Mutex<Answers>>) {
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).await.unwrap_or_default();
    let head = String::from_utf8_lossy(&head[..read]).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (answer, is_slow) = {
        let mut answers = answers.lock().expect("no panic");
        answers.asked += usize::from(path == DISCOVERY);
        if !head.starts_with("GET ") {
            answers.sent.clone_from(&head);
        }
        (answers.of.get(path).cloned(), answers.is_slow)
    };
    if is_slow {
        std::future::pending::<()>().await;
    }
    let gone = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned();
    let _ = stream.write_all(answer.unwrap_or(gone).as_bytes()).await;
}

/// Waits for the renewal behind a call.
async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not happen");
}

fn cache() -> (KeyCache, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::default());
    clock.advance(1000 * MINUTE);
    (KeyCache::new(clock.clone()), clock)
}

async fn has(cache: &KeyCache, provider: &Provider, kid: &str) -> Result<bool, Unreachable> {
    let keys = cache.keys(&provider.issuer(), Some(kid)).await?;
    Ok(keys.has(Some(kid)))
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_one_at_most_once_a_minute() {
    let (provider, (cache, clock)) = (Provider::start().await, cache());
    for _ in 0..10 {
        assert_eq!(has(&cache, &provider, "1").await, Ok(true));
    }
    assert_eq!(provider.asked(), 1);
    provider.says("/keys", &ok("", &set("2")));
    for _ in 0..10 {
        assert_eq!(has(&cache, &provider, "2").await, Ok(false), "within the minute");
    }
    assert_eq!(provider.asked(), 1);
    clock.advance(MINUTE);
    assert_eq!(has(&cache, &provider, "2").await, Ok(true), "the provider has a new key");
    assert_eq!(has(&cache, &provider, "1").await, Ok(false), "the old key is gone");
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn calls_at_once_share_one_request() {
    let (provider, (cache, _)) = (Provider::start().await, cache());
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (cache, issuer) = (cache.clone(), provider.issuer());
        calls.spawn(async move { cache.keys(&issuer, Some("1")).await.map(drop) });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn old_keys_are_renewed_behind_the_calls_and_serve_until_they_expire() {
    let (provider, (cache, clock)) = (Provider::start().await, cache());
    provider.says("/keys", &ok("cache-control: public, max-age=1200\r\nage: 600\r\n", &set("1")));
    assert_eq!(has(&cache, &provider, "1").await, Ok(true));
    clock.advance(5 * MINUTE);
    assert_eq!(has(&cache, &provider, "1").await, Ok(true));
    until(|| provider.asked() == 2).await;
    // Once the provider does not answer, nothing changes until they expire.
    tokio::time::sleep(Duration::from_millis(50)).await;
    provider.is_gone();
    clock.advance(9 * MINUTE);
    assert_eq!(has(&cache, &provider, "1").await, Ok(true));
    until(|| provider.asked() == 3).await;
    clock.advance(MINUTE);
    assert_eq!(has(&cache, &provider, "1").await, Err(Unreachable));
}

#[tokio::test]
async fn a_provider_that_hangs_delays_no_call_with_a_known_key() {
    let (provider, (cache, clock)) = (Provider::start().await, cache());
    assert_eq!(has(&cache, &provider, "1").await, Ok(true));
    provider.hangs();
    clock.advance(31 * MINUTE);
    let waits = tokio::time::timeout(Duration::from_millis(300), has(&cache, &provider, "2"));
    assert!(waits.await.is_err(), "an unknown key waits for the provider");
    for _ in 0..10 {
        let answered = tokio::time::timeout(MINUTE / 60, has(&cache, &provider, "1")).await;
        assert_eq!(answered, Ok(Ok(true)));
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_after_a_pause() {
    let (provider, (cache, clock)) = (Provider::start().await, cache());
    provider.is_gone();
    for _ in 0..10 {
        assert_eq!(has(&cache, &provider, "1").await, Err(Unreachable));
    }
    assert_eq!(provider.asked(), 1);
    clock.advance(Duration::from_secs(5));
    assert_eq!(has(&cache, &provider, "1").await, Err(Unreachable));
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn what_a_provider_must_not_answer_gives_no_keys() {
    let other = Provider::start().await;
    let padding = " ".repeat(64 * 1024);
    for (what, change) in [
        (
            "another issuer",
            Box::new(|it: &Provider| {
                it.discovers("http://127.0.0.1:1", &format!("{}/keys", it.issuer()));
            }) as Box<dyn Fn(&Provider)>,
        ),
        ("an insecure URL", Box::new(|it| it.discovers(&it.issuer(), "http://acme.example/keys"))),
        ("no URL", Box::new(|it| it.discovers(&it.issuer(), "file:///etc/passwd"))),
        ("a long document", Box::new(|it| it.says("/keys", &ok("", &(set("1") + &padding))))),
        ("no set", Box::new(|it| it.says("/keys", &ok("", "{}")))),
        ("no discovery", Box::new(|it| it.says(DISCOVERY, &ok("", "[]")))),
        (
            "a redirect",
            Box::new(|it| {
                let to = format!(
                    "HTTP/1.1 302 Found\r\nlocation: {}/keys\r\ncontent-length: 0\r\n\r\n",
                    other.issuer()
                );
                it.says("/keys", &to);
            }),
        ),
        (
            "a long head",
            Box::new(|it| {
                it.says("/keys", &ok(&format!("x: {}\r\n", "x".repeat(1024 * 1024)), &set("1")));
            }),
        ),
    ] {
        let (provider, (cache, _)) = (Provider::start().await, cache());
        change(&provider);
        assert_eq!(has(&cache, &provider, "1").await, Err(Unreachable), "{what}");
    }
    assert_eq!(other.asked(), 0);
}

#[test]
fn only_this_machine_is_asked_over_http() {
    for (url, expected) in [
        ("https://login.acme.example/x", true),
        ("http://127.0.0.1:8080/x", true),
        ("http://[::1]:8080/x", true),
        ("http://localhost", true),
        ("http://login.acme.example", false),
        ("http://localhost.acme.example", false),
        ("http://127.0.0.1.acme.example", false),
        ("http://10.0.0.1", false),
        ("ftp://127.0.0.1", false),
        ("/x", false),
    ] {
        assert_eq!(is_secure(&url.parse().expect("a URL")), expected, "{url}");
    }
}

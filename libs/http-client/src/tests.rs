//! Requests to a server on this machine.

use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

/// A server that answers once, and returns what it was asked.
async fn server(answer: &'static str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut asked = Vec::new();
        let mut buffer = [0; 1024];
        while !asked.ends_with(b"hello") {
            let read = stream.read(&mut buffer).await.expect("a request");
            asked.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        String::from_utf8(asked).expect("text")
    });
    (port, asked)
}

async fn post(url: &str, reach: Reach) -> Result<Response<Bytes>, SendError> {
    let request = Request::post(url).body(Full::new("hello".into())).expect("a request");
    timeout(Duration::from_secs(20), send(request, reach, 5)).await.expect("in time")
}

#[tokio::test]
async fn a_request_is_sent_and_its_answer_read() {
    let (port, asked) = server("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = post(&format!("http://127.0.0.1:{port}/a?b=c"), Reach::Anywhere).await;
    let answer = answer.expect("an answer");
    assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::CREATED, &b"ok"[..]));
    let asked = asked.await.expect("a request");
    assert!(asked.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{asked}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_a_long_answer_none() {
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (port, _asked) = server(redirect).await;
    let answer = post(&format!("http://127.0.0.1:{port}"), Reach::Anywhere).await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::FOUND);
    let (port, _asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n123456").await;
    let answer = post(&format!("http://127.0.0.1:{port}"), Reach::Anywhere).await;
    assert!(matches!(answer, Err(SendError::TooLong(5))), "{answer:?}");
}

#[tokio::test]
async fn no_connection_is_made_to_a_private_address_however_it_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let answer = post(&format!("{scheme}://{host}:{port}/"), Reach::Public).await;
            assert!(matches!(answer, Err(SendError::PrivateAddress)), "{host}: {answer:?}");
        }
    }
    let accepted = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(accepted.is_err(), "{accepted:?}");
    let answer = post("http://169.254.169.254/latest/meta-data", Reach::Public).await;
    assert!(matches!(answer, Err(SendError::PrivateAddress)), "{answer:?}");
}

#[tokio::test]
async fn a_url_must_name_a_host_over_http_or_https() {
    for url in ["/path", "ftp://acme.example/"] {
        let answer = post(url, Reach::Anywhere).await;
        assert!(matches!(answer, Err(SendError::Url)), "{url}: {answer:?}");
    }
}

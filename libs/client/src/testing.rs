//! A token endpoint that tests script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::credentials::{Credentials, Secret};

/// Answers each request with the next of its answers, and the last one for ever.
#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    url: String,
    answers: Arc<Mutex<VecDeque<String>>>,
    forms: Arc<Mutex<Vec<String>>>,
}

/// The answer with this token.
pub(crate) fn granted(token: &str, expires_in: u64) -> String {
    let body =
        format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{expires_in}}}"#);
    answer("200 OK", "", &body)
}

/// An answer with this status, further header lines, and body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

impl TokenEndpoint {
    pub(crate) async fn start(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/oidc/token", listener.local_addr().expect("an address"));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let endpoint = Self { url, answers, forms: Arc::default() };
        tokio::spawn(endpoint.clone().serve(listener));
        endpoint
    }

    pub(crate) fn credentials(&self, secret: Secret) -> Credentials {
        let (token_endpoint, client_id) = (self.url.clone(), "help-desk".to_owned());
        Credentials { token_endpoint, client_id, secret, tls: None }
    }

    /// The bodies of all requests so far.
    pub(crate) fn forms(&self) -> Vec<String> {
        self.forms.lock().expect("no panic").clone()
    }

    async fn serve(self, listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            let answer = {
                let mut answers = self.answers.lock().expect("no panic");
                let last = answers.len() == 1;
                if last { answers.front().cloned() } else { answers.pop_front() }
            };
            self.answer(stream, &answer.expect("an answer")).await;
        }
    }

    async fn answer(&self, mut stream: TcpStream, answer: &str) {
        let mut read = Vec::new();
        let form = loop {
            let mut some = [0; 1024];
            let length = stream.read(&mut some).await.expect("a request");
            read.extend(&some[..length]);
            let text = String::from_utf8_lossy(&read);
            // The form of these tests ends with the secret.
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
            if let Some(body) = body.filter(|body| body.contains("client_secret=")) {
                break body;
            }
            assert!(length > 0, "the request broke off: {text}");
        };
        self.forms.lock().expect("no panic").push(form);
        stream.write_all(answer.as_bytes()).await.expect("a reader");
    }
}

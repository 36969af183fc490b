//! Tests of the cached token, at a token endpoint that they script.

use std::fs;

use tokio::time::{advance, pause};

use super::*;
use crate::credentials::Secret;
use crate::testing::{TokenEndpoint, answer, granted};

const HOUR: Duration = Duration::from_secs(3600);

fn secret() -> Secret {
    Secret::Text("hunter2".into())
}

fn tokens(endpoint: &TokenEndpoint) -> Tokens {
    Tokens::new(endpoint.credentials(secret())).expect("a URL")
}

async fn sent(tokens: &Tokens) -> Result<String, TokenError> {
    Ok(tokens.header().await?.to_str().expect("text").to_owned())
}

async fn sees(tokens: &Tokens, token: &str) {
    assert_eq!(sent(tokens).await.expect("a token"), format!("Bearer {token}"));
}

/// Lets time pass. The clock stands still only meanwhile: connections need it.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_is_kept_and_renewed_before_its_end() {
    let endpoint = TokenEndpoint::start(["one", "two"].map(|token| granted(token, 3600))).await;
    let tokens = tokens(&endpoint);
    sees(&tokens, "one").await;
    pass(HOUR.saturating_sub(RENEWAL * 2)).await;
    sees(&tokens, "one").await;
    assert_eq!(
        endpoint.forms(),
        ["grant_type=client_credentials&client_id=help-desk&client_secret=hunter2"]
    );
    pass(RENEWAL).await;
    sees(&tokens, "two").await;
    assert_eq!(endpoint.forms().len(), 2);
}

#[tokio::test]
async fn many_calls_ask_for_one_token() {
    let endpoint = TokenEndpoint::start([granted("one", 3600)]).await;
    let tokens = tokens(&endpoint);
    let (one, two, three) = tokio::join!(tokens.header(), tokens.header(), tokens.header());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(endpoint.forms().len(), 1);
}

#[tokio::test]
async fn a_token_that_holds_outlives_a_failed_renewal_but_not_its_end() {
    let down = answer("503 Service Unavailable", "Retry-After: 7\r\n", "");
    let endpoint = TokenEndpoint::start([granted("one", 3600), down]).await;
    let tokens = tokens(&endpoint);
    sees(&tokens, "one").await;
    pass(HOUR.saturating_sub(RENEWAL / 2)).await;
    sees(&tokens, "one").await;
    sees(&tokens, "one").await;
    assert_eq!(endpoint.forms().len(), 2, "the renewal is not tried for every call");
    pass(RENEWAL).await;
    let error = sent(&tokens).await.expect_err("it has ended");
    let retry_after = Some(Duration::from_secs(7));
    assert!(
        matches!(&error, TokenError::Unavailable { retry_after: told, .. } if *told == retry_after),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_token_is_forgotten_once_and_its_successor_is_not() {
    let endpoint = TokenEndpoint::start(["one", "two"].map(|token| granted(token, 3600))).await;
    let tokens = tokens(&endpoint);
    let refused = tokens.header().await.expect("a token");
    for _ in 0..2 {
        tokens.forget(&refused).await;
        sees(&tokens, "two").await;
    }
    assert_eq!(endpoint.forms().len(), 2);
}

#[tokio::test]
async fn a_secret_is_read_from_its_file_for_each_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    let endpoint = TokenEndpoint::start(["one", "two"].map(|token| granted(token, 0))).await;
    let credentials = endpoint.credentials(Secret::File(file.clone()));
    let tokens = Tokens::new(credentials).expect("a URL");
    let error = sent(&tokens).await.expect_err("there is no file");
    assert!(error.to_string().contains("secret: No such file"), "{error}");
    for secret in ["first\n", "a&b=c second"] {
        fs::write(&file, secret).expect("a file");
        sent(&tokens).await.expect("a token");
    }
    let secrets: Vec<_> = endpoint
        .forms()
        .iter()
        .map(|form| form.rsplit_once("client_secret=").expect("a secret").1.to_owned())
        .collect();
    assert_eq!(secrets, ["first", "a%26b%3Dc+second"]);
}

#[tokio::test]
async fn what_a_token_endpoint_refuses_is_told() {
    let refused = r#"{"error":"invalid_client","error_description":"unknown"}"#;
    let too_long = format!(r#"{{"access_token":"{}","expires_in":9}}"#, "a".repeat(17_000));
    for (answered, told) in [
        (answer("401 Unauthorized", "", refused), "refuses the client: invalid_client: unknown"),
        (answer("404 Not Found", "", "<html>"), "refuses the client: 404 Not Found"),
        (answer("429 Too Many Requests", "", "{}"), "too many requests or wrong secrets"),
        (answer("500 Internal Server Error", "", ""), "unavailable: 500 Internal Server Error"),
        (answer("200 OK", "", "<html>"), "holds no token"),
        (answer("200 OK", "", &too_long), "length limit exceeded"),
        (granted(r"no\nheader", 9), "holds no token"),
        ("HTTP/1.1 ".to_owned(), "unavailable: "),
    ] {
        let endpoint = TokenEndpoint::start([answered]).await;
        let error = sent(&tokens(&endpoint)).await.expect_err(told).to_string();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn neither_secret_nor_token_is_printed() {
    let endpoint = TokenEndpoint::start([granted("one-token", 3600)]).await;
    let tokens = tokens(&endpoint);
    sees(&tokens, "one-token").await;
    let printed = format!("{tokens:?}");
    assert!(printed.contains("help-desk"), "{printed}");
    assert!(!printed.contains("hunter2") && !printed.contains("one-token"), "{printed}");
}

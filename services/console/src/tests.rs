//! Sign-ins, and forms whose outcome is open: no service answers.

pub(crate) mod fixture;

use std::time::Duration;

use axum::body::Body;
use axum::http::header::COOKIE;
use axum::http::{Request, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::Console;
use crate::pace::LIMIT;
use crate::session::Session;
use crate::tests::fixture::{
    agent, console, console_at, get, page, post, secret, signed_in, source, text,
};

/// A form that the agent's page could have handed out.
const TOKEN: &str = "00112233445566778899aabbccddeeff";

/// An agent with these scopes whose page handed out the form.
async fn at_a_form(console: &Console, scopes: &[&str]) -> String {
    let cookie = agent(console, scopes).await;
    let secret = secret(console, &cookie);
    console.sessions.change(&secret, |it| it.add_form(TOKEN)).await.expect("the store serves");
    cookie
}

#[tokio::test]
async fn a_form_whose_outcome_is_open_is_sent_again_with_the_same_token_and_fields() {
    let console = console(None);
    let issue = [("user", "<alice>"), ("reason", "lost phone"), ("ticket_ref", "<INC1>")];
    let act = [("user", "<alice>"), ("reason", "a mistake"), ("what", "revoke")];
    let set = [("target", "group"), ("group", "<night>"), ("hours", "8"), ("what", "set")];
    let decide = [("request_id", "<req-1>"), ("reason", "checked"), ("what", "approve")];
    let lift = [("provider", "acme"), ("agent_id", "<mallory>"), ("reason", "checked")];
    for (scopes, path, fields) in [
        (&["codes:issue", "codes:read"][..], "/desk/code", &issue[..]),
        (&["codes:revoke"], "/desk/act", &act),
        (&["desk:brake"], "/brakes/set", &set),
        (&["desk:approve"], "/requests/decide", &decide),
        (&["desk:approve"], "/requests/lift", &lift),
    ] {
        let cookie = at_a_form(&console, scopes).await;
        let fields: Vec<_> = fields.iter().copied().chain([("form", TOKEN)]).collect();
        for _ in 0..2 {
            let (status, text) = post(&console, &cookie, path, &fields).await;
            assert_eq!(status, StatusCode::CONFLICT, "{path}");
            assert!(text.contains("does not answer"), "{path}: {text}");
            assert!(text.contains(&format!("action=\"{path}\"")), "{path}: {text}");
            for (name, value) in &fields {
                let value = value.replace('<', "&#60;").replace('>', "&#62;");
                let field = format!("name=\"{name}\" value=\"{value}\"");
                assert!(text.contains(&field), "{path}: {field}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_sign_in_is_kept_also_if_another_request_changes_the_session_meanwhile() {
    let console = console(None);
    let cookie = agent(&console, &[]).await;
    let request = Request::get("/sign-in?to=/desk&again=1").header(COOKIE, &cookie);
    let request = request.body(Body::empty()).expect("a request");
    assert_eq!(page(&console, request).await.0, StatusCode::SEE_OTHER);
    let secret = secret(&console, &cookie);
    let to = console.sessions.change(&secret, |it| it.begun.as_ref().map(|it| it.to.clone()));
    assert_eq!(to.await.expect("it serves").flatten().as_deref(), Some("/desk"));
}

#[tokio::test]
async fn a_form_that_is_not_valid_any_more_says_so() {
    let console = console(None);
    let cookie = agent(&console, &["codes:issue"]).await;
    let (status, text) =
        post(&console, &cookie, "/desk/code", &[("user", "a"), ("form", TOKEN)]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(text.contains("no longer valid") && text.contains("Look the user up again"), "{text}");
}

#[tokio::test]
async fn the_form_of_a_brake_is_shown_although_the_list_is_not() {
    let console = console(None);
    for (scopes, why) in [
        (&["desk:brake"][..], "Your roles do not show what is stopped."),
        (&["desk:brake", "codes:read"], "does not answer"),
    ] {
        let (status, text, _) = get(&console, scopes, "/brakes").await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(why) && text.contains("action=\"/brakes/set\""), "{text}");
    }
}

#[tokio::test]
async fn what_was_done_is_said_although_the_list_does_not_answer() {
    let console = console(None);
    let scopes = ["codes:read", "desk:approve", "desk:brake"];
    let cookie = agent(&console, &scopes).await;
    let agent = signed_in(&console, &cookie).await;
    for shown in [
        crate::brakes::shown(&agent, Some("It is done.")).await,
        crate::requests::shown(&agent, Some("It is done.")).await,
    ] {
        let shown = shown.expect("a page");
        assert_eq!(shown.status(), StatusCode::OK);
        let text = text(shown).await;
        assert!(text.contains("It is done.") && text.contains("does not answer"), "{text}");
    }
}

#[tokio::test]
async fn strangers_of_one_source_begin_and_end_few_sign_ins_and_agents_all() {
    let console = console(None);
    let cookie = agent(&console, &[]).await;
    let ask = async |path: &str, last: u8, cookie: &str| {
        let request = Request::get(path).header(COOKIE, cookie).extension(source(last));
        page(&console, request.body(Body::empty()).expect("a request")).await.0
    };
    for _ in 0..LIMIT {
        assert_eq!(ask("/sign-in", 1, "").await, StatusCode::SEE_OTHER);
    }
    for path in ["/sign-in", "/callback?code=made-up"] {
        assert_eq!(ask(path, 1, "").await, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_ne!(ask(path, 2, "").await, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_ne!(ask(path, 1, &cookie).await, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
}

/// An agent's cookie with a refresh token, and a token that ends so soon.
async fn renewable(console: &Console, remaining: Duration) -> String {
    let cookie = agent(console, &[]).await;
    let ends = console.clock.now() + remaining;
    let change = |session: &mut Session| {
        let person = session.person.as_mut().expect("a person");
        person.token_ends_ms = ends.unix_millis();
        person.refresh_token = Some("once".to_owned());
    };
    let changed = console.sessions.change(&secret(console, &cookie), change).await;
    changed.expect("it serves").expect("a session");
    cookie
}

async fn refresh_token(console: &Console, cookie: &str) -> Option<String> {
    let token = |session: &mut Session| session.person.as_ref()?.refresh_token.clone();
    console.sessions.change(&secret(console, cookie), token).await.expect("it serves").flatten()
}

async fn desk(console: &Console, cookie: &str) -> StatusCode {
    let request = Request::get("/desk").header(COOKIE, cookie).body(Body::empty());
    page(console, request.expect("a request")).await.0
}

#[tokio::test]
async fn requests_at_once_send_a_refresh_token_once_and_go_on_with_the_old_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let provider = format!("http://{}", listener.local_addr().expect("an address"));
    let console = console_at(None, &provider);
    let cookie = renewable(&console, Duration::from_secs(30)).await;
    let first = desk(&console, &cookie);
    let others = async {
        let (mut stream, _) = listener.accept().await.expect("the renewal");
        for _ in 0..3 {
            assert_eq!(desk(&console, &cookie).await, StatusCode::OK);
        }
        let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(refusal).await.expect("a connection");
        stream
    };
    let (first, _stream) = tokio::join!(first, others);
    assert_eq!(first, StatusCode::OK);
    assert_eq!(refresh_token(&console, &cookie).await, None, "a refused one is of no use");
    let again = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(again.is_err(), "it was sent once");
}

#[tokio::test]
async fn a_refresh_token_is_kept_while_the_provider_is_away() {
    let console = console(None);
    let cookie = renewable(&console, Duration::from_secs(30)).await;
    assert_eq!(desk(&console, &cookie).await, StatusCode::OK, "the token lives");
    assert_eq!(refresh_token(&console, &cookie).await.as_deref(), Some("once"));
    let cookie = renewable(&console, Duration::ZERO).await;
    assert_eq!(desk(&console, &cookie).await, StatusCode::SEE_OTHER, "it has ended");
}

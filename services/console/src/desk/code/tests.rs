//! Tests of what an issue is answered with.

use client::DeskRefusal;

use super::*;
use crate::tests::fixture;

#[test]
fn a_code_is_shown_in_groups_and_read_by_characters() {
    assert_eq!(groups("123456"), ["123", "456"]);
    assert_eq!(groups("12345678"), ["1234", "5678"]);
    assert_eq!(groups("ABCDEFGHJ"), ["ABC", "DEF", "GHJ"]);
    assert_eq!(spelled("120"), "1 2 0");
}

#[tokio::test]
async fn a_request_for_approval_is_kept_until_it_has_ended() {
    let console = fixture::console(None);
    let cookie = fixture::agent(&console, &["codes:issue", "codes:read"]).await;
    let agent = fixture::signed_in(&console, &cookie).await;
    for (refusal, is_kept) in [
        (DeskRefusal::Brake, true),
        (DeskRefusal::ApprovalDenied, false),
        (DeskRefusal::ApprovalExpired, false),
    ] {
        let issue = Issue { request_id: "req-1".to_owned(), ..Issue::default() };
        let answer = refused(&agent, issue, &CallError::Desk(refusal)).await;
        let text = fixture::text(answer.expect("a page")).await;
        assert_eq!(text.contains("value=\"req-1\""), is_kept, "{text}");
        assert_eq!(text.contains("Send again"), is_kept, "{text}");
    }
    let issue = || Issue { form: "a form".to_owned(), ..Issue::default() };
    let busy = CallError::RateLimited { retry_after: None };
    let answer = refused(&agent, issue(), &busy).await.expect("a page");
    assert!(fixture::text(answer).await.contains("value=\"a form\""));
    agent.take("a form").await.expect("it was handed out again");
}

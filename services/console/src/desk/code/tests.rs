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
        let ends = agent.now().unix_millis() + 60_000;
        waiting::keep(&agent, &issue, ends).await.expect("the store serves");
        let answer = refused(&agent, issue, &CallError::Desk(refusal)).await;
        let text = fixture::text(answer.expect("a page")).await;
        assert_eq!(text.contains("value=\"req-1\""), is_kept, "{text}");
        assert_eq!(text.contains("Send again"), is_kept, "{text}");
        assert_eq!(waiting::of(&agent).await.expect("a list").len(), usize::from(is_kept));
    }
    let issue = || Issue { form: "a form".to_owned(), ..Issue::default() };
    let busy = CallError::RateLimited { retry_after: None };
    let answer = refused(&agent, issue(), &busy).await.expect("a page");
    assert!(fixture::text(answer).await.contains("value=\"a form\""));
    agent.take("a form").await.expect("it was handed out again");
}

#[tokio::test]
async fn requests_of_an_agent_are_found_by_the_same_agent_in_any_session_until_they_expire() {
    let console = fixture::console(None);
    let cookie = fixture::agent(&console, &["codes:issue"]).await;
    let agent = fixture::signed_in(&console, &cookie).await;
    let user = "<alice>".to_owned();
    let look_up = super::super::form::LookUp { user, ..Default::default() };
    let issue = |id: &str, form: &str| Issue {
        look_up: look_up.clone(),
        request_id: id.to_owned(),
        form: form.to_owned(),
        ..Issue::default()
    };
    let ends = |seconds: i64| agent.now().unix_millis() + 1000 * seconds;
    for (id, form, seconds) in
        [("req-1", "a", 60), ("req-2", "b", 60), ("req-2", "c", 60), ("req-3", "d", 0)]
    {
        waiting::keep(&agent, &issue(id, form), ends(seconds)).await.expect("the store serves");
    }
    let (_, text, _) = fixture::get(&console, &["codes:issue"], "/desk").await;
    for (id, is_there) in [("req-1", true), ("req-2", true), ("req-3", false)] {
        assert_eq!(text.contains(&format!("value=\"{id}\"")), is_there, "{id}: {text}");
    }
    assert!(text.contains("&#60;alice&#62;") && !text.contains("<alice>"), "{text}");
    let form = text.split("name=\"form\" value=\"").nth(1).and_then(|it| it.split('"').next());
    let other = fixture::agent(&console, &["codes:issue"]).await;
    let fields = [("form", form.expect("a form")), ("request_id", "req-1")];
    let (_, text) = fixture::post(&console, &other, "/desk/collect", &fields).await;
    assert!(text.contains("no longer valid"), "a form is of one session: {text}");
    waiting::forget(&agent, "req-1").await.expect("the store serves");
    let left = waiting::of(&agent).await.expect("a list");
    assert_eq!(left.iter().map(|it| it.issue.form.as_str()).collect::<Vec<_>>(), ["c"]);
}

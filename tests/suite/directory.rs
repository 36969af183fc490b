//! An application with a user directory: every identifier of a user leads to the same code.

mod remote;
mod settings;

use reqwest::StatusCode;
use serde_json::json;
use tonic::Code;

use crate::Tested;
use crate::harness::http::refused;
use crate::harness::verify_code_response::Outcome;
use crate::harness::*;

fn issue(kind: IdentifierType, value: &str) -> IssueCodeRequest {
    IssueCodeRequest { user: identifier(kind, value), ..Default::default() }
}

#[tokio::test]
async fn a_code_that_was_issued_for_one_identifier_is_accepted_with_any_other() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("staff-support").await?;
    let mut verifier = postern.verifier("staff-verifier").await?;
    let identifiers = [
        (IdentifierType::UserId, "u-1815"),
        (IdentifierType::Email, "Ada@Staff.example"),
        (IdentifierType::PhoneNumber, "+49 30 123456"),
        (IdentifierType::Username, "ADA"),
    ];
    for (kind, value) in identifiers {
        let issued = issuer.issue_code(issue(IdentifierType::Email, "ada@staff.example")).await?;
        let request = VerifyCodeRequest {
            user: identifier(kind, value),
            code: issued.into_inner().code,
            ..Default::default()
        };
        match verifier.verify_code(request).await?.into_inner().outcome {
            Some(Outcome::Accepted(accepted)) => assert_eq!(accepted.user_id, "u-1815"),
            other => panic!("not accepted: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_user_gets_no_code_and_the_help_desk_is_told() -> Tested {
    let postern = Postern::start()?;
    let mut issuer = postern.issuer("staff-support").await?;
    let unknown = issue(IdentifierType::Username, &unique("nobody"));
    refusal(issuer.issue_code(unknown).await, Code::NotFound, "USER_NOT_FOUND");
    let body = json!({
        "channel": "direct", "identifier_type": "email", "identifier": "nobody@staff.example",
    });
    let answer = postern.otp_send("staff-support", &body).await?;
    refused(answer, StatusCode::NOT_FOUND, "user_not_found").await?;
    Ok(())
}

#[tokio::test]
async fn a_verifier_cannot_tell_that_a_user_is_unknown() -> Tested {
    let postern = Postern::start()?;
    let mut verifier = postern.verifier("staff-verifier").await?;
    let mut outcomes = Vec::new();
    for user in ["nobody", "u-1906"] {
        let request = VerifyCodeRequest {
            user: user_id(user),
            code: "123456".to_owned(),
            ..Default::default()
        };
        outcomes.push(verifier.verify_code(request).await?.into_inner().outcome);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    Ok(())
}

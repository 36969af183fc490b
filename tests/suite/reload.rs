//! Changes of the configuration while the service runs.

use std::fs;
use std::time::Duration;

use reqwest::StatusCode;
use tonic::Code;

use crate::Tested;
use crate::harness::http::TOKEN;
use crate::harness::pb::journey::ListJourneysRequest;
use crate::harness::postern::{change, copy_of_config};
use crate::harness::*;

const SOON: Duration = Duration::from_secs(10);
const ACME: &str = "applications/acme.yaml";

#[tokio::test]
async fn a_valid_change_takes_effect_and_an_invalid_one_is_logged_and_ignored() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let length = async || anyhow::Ok(postern.issue(&unique("jane")).await?.len());
    assert_eq!(length().await?, 12);

    change(&folder, ACME, "length: 12", "length: 8")?;
    within(SOON, "a new code is shorter", async || Ok(length().await? == 8)).await?;

    change(&folder, ACME, "length: 8", "length: 80")?;
    let line = fs::read_to_string(folder.path().join(ACME))?;
    let line = line.lines().position(|line| line.contains("length: 80")).expect("is there") + 1;
    let told = format!("{ACME}:{line}: temp_code: length must be from 6 to 12");
    within(SOON, &told, async || Ok(postern.printed().contains(&told))).await?;
    assert_eq!(length().await?, 8);

    change(&folder, ACME, "length: 80", "length: 10")?;
    within(SOON, "the mistake is mended", async || Ok(length().await? == 10)).await
}

#[tokio::test]
async fn a_removed_client_is_refused_even_with_a_token_issued_before() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let mut removed = postern.issuer("acme-override").await?;
    let issue = || IssueCodeRequest { user: user_id(&unique("jane")), ..Default::default() };
    removed.issue_code(issue()).await?;

    let text = fs::read_to_string(folder.path().join(ACME))?;
    let begin = text.find("  - id: acme-override").expect("is there");
    let end = begin + text[begin..].find("  - id: acme-verifier").expect("is the next");
    change(&folder, ACME, &text[begin..end], "")?;
    let mut last = None;
    within(SOON, "the token is refused", async || {
        last = removed.issue_code(issue()).await.err();
        Ok(last.is_some())
    })
    .await?;
    assert_eq!(last.map(|status| status.code()), Some(Code::Unauthenticated));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "acme-override"),
        ("client_secret", "acme-override-secret"),
    ];
    let answer = postern.post(TOKEN).form(&form).send().await?;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    // Other clients are not affected.
    postern.issue(&unique("jane")).await?;
    Ok(())
}

#[tokio::test]
async fn a_token_becomes_invalid_with_its_clients_secret_at_every_service() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let clients = ["acme-support", "acme-verifier", "acme-backend"];
    let [desk, login, backend] = {
        let mut tokens = Vec::new();
        for client in clients {
            tokens.push(Some(postern.token(client).await?));
        }
        tokens.try_into().expect("three")
    };
    let mut issuer = postern.issuer_with(desk);
    let mut verifier = postern.verifier_with(login);
    let mut runner = postern.runner_with(backend);
    // One call before, so that each service has the token's signature in its cache.
    let mut call = async || {
        let user = user_id("jane");
        let issued = issuer.describe_code(DescribeCodeRequest { user: user.clone() }).await;
        let request =
            VerifyCodeRequest { user, code: "123456123456".to_owned(), ..Default::default() };
        let verified = verifier.verify_code(request).await;
        let listed = runner.list_journeys(ListJourneysRequest {}).await;
        [issued.err(), verified.err(), listed.err()].map(|it| it.map(|status| status.code()))
    };
    assert_eq!(call().await, [None; 3]);

    let text = fs::read_to_string(folder.path().join(ACME))?;
    for client in clients {
        let hash = text[text.find(&format!("id: {client}\n")).expect("is there")..]
            .split_once("secret_sha256: ")
            .and_then(|(_, rest)| rest.lines().next())
            .expect("a hash");
        change(&folder, ACME, hash, &hash.chars().rev().collect::<String>())?;
    }
    within(SOON, "all tokens are refused", async || {
        Ok(call().await == [Some(Code::Unauthenticated); 3])
    })
    .await?;

    // The old secret returns, and its tokens are valid again: they depend on the secret alone.
    fs::write(folder.path().join(ACME), text)?;
    within(SOON, "the tokens are good again", async || Ok(call().await == [None; 3])).await
}

#[tokio::test]
async fn a_client_that_loses_a_scope_cannot_use_it_any_more() -> Tested {
    let folder = copy_of_config()?;
    let postern = Postern::serving(folder.path())?;
    let mut issuer = postern.issuer("acme-support").await?;
    let issue = || IssueCodeRequest { user: user_id(&unique("jane")), ..Default::default() };
    issuer.issue_code(issue()).await?;
    let scopes = "[codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]";
    change(&folder, ACME, scopes, "[codes:read]")?;
    let mut last = None;
    within(SOON, "the scope is gone", async || {
        last = issuer.issue_code(issue()).await.err();
        Ok(last.is_some())
    })
    .await?;
    refusal::<()>(Err(last.expect("a refusal")), Code::PermissionDenied, "PERMISSION_DENIED");
    let describe = DescribeCodeRequest { user: user_id("jane") };
    issuer.describe_code(describe).await?;
    Ok(())
}

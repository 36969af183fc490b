//! A directory that the integrator serves over gRPC: whose users it finds, and what its faults do.

use std::fs;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tonic::{Code, Status};

use super::issue;
use crate::Tested;
use crate::harness::directory::{Mood, UserDirectory};
use crate::harness::postern::{change, copy_of_config, utf8};
use crate::harness::tls::Authority;
use crate::harness::verify_code_response::Outcome;
use crate::harness::*;

pub(super) const ACME: &str = "applications/acme.yaml";
pub(super) const GRPC: &str = "id: acme\nusers: { directory: grpc }\n";

/// Time enough for a directory to be found, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The tests' configuration, in which acme asks a directory.
pub(super) fn folder() -> anyhow::Result<TempDir> {
    let folder = copy_of_config()?;
    change(&folder, ACME, "id: acme\n", GRPC)?;
    Ok(folder)
}

/// A Postern, and the directory that acme asks.
struct Asking {
    postern: Postern,
    directory: UserDirectory,
    _folder: TempDir,
}

impl Asking {
    /// Postern asks this directory, and keeps its answers for so long.
    fn of(directory: UserDirectory, cache: &str) -> anyhow::Result<Self> {
        let folder = folder()?;
        let (config, url) = (utf8(folder.path())?, directory.url());
        let flags = ["--config", config, "--directory", &url, "--directory-cache", cache];
        let postern = Postern::with(&flags)?;
        Ok(Self { postern, directory, _folder: folder })
    }

    /// What the browser gets for a code that is not the user's.
    async fn guess(&self, user: &str) -> anyhow::Result<(StatusCode, String)> {
        let params = json!({"external_user_id": user, "temp_code": "123456123456"});
        let answer = self.postern.invoke("temp-code-authentication", params).await?;
        Ok((answer.status(), without_ids(&answer.text().await?)?))
    }

    async fn issue(&self, kind: IdentifierType, value: &str) -> Result<String, Status> {
        let mut issuer = self.postern.issuer("acme-support").await.expect("a token");
        let issued = issuer.issue_code(issue(kind, value)).await?.into_inner();
        self.postern.keep_secret(&issued.code);
        Ok(issued.code.clone())
    }

    /// Waits until codes are issued to a user.
    async fn serves(&self, user: &str) -> Tested {
        within(PATIENCE, "codes are issued", async || {
            Ok(self.issue(IdentifierType::UserId, user).await.is_ok())
        })
        .await
    }
}

/// An answer without what is drawn for each.
fn without_ids(answer: &str) -> anyhow::Result<String> {
    let mut answer: serde_json::Value = serde_json::from_str(answer)?;
    for drawn in ["/data/token", "/data/assertion_id", "/data/challenge", "/headers"] {
        if let Some(value) = answer.pointer_mut(drawn) {
            value.take();
        }
    }
    Ok(answer.to_string())
}

#[tokio::test]
async fn every_identifier_leads_to_the_user_that_the_directory_names() -> Tested {
    let asking = Asking::of(UserDirectory::start()?, "30s")?;
    let (directory, postern) = (&asking.directory, &asking.postern);
    let (user, name) = (unique("u"), unique("ada"));
    let email = format!("{name}@acme.example");
    directory.add(
        &user,
        "standard",
        &[
            (IdentifierType::Email, &email),
            (IdentifierType::PhoneNumber, "+4930123456"),
            (IdentifierType::Username, &name),
        ],
    );
    for secret in [&user, &name, &email] {
        postern.keep_secret(secret);
    }
    let mut verifier = postern.verifier("acme-verifier").await?;
    for (kind, value) in [
        (IdentifierType::UserId, user.clone()),
        (IdentifierType::Email, email.to_uppercase()),
        (IdentifierType::PhoneNumber, "+49 30 123456".to_owned()),
        (IdentifierType::Username, name.to_uppercase()),
    ] {
        let code = asking.issue(IdentifierType::UserId, &user).await?;
        let user_identifier = identifier(kind, &value);
        let request = VerifyCodeRequest { user: user_identifier, code, ..Default::default() };
        match verifier.verify_code(request).await?.into_inner().outcome {
            Some(Outcome::Accepted(accepted)) => assert_eq!(accepted.user_id, user),
            other => panic!("{kind:?} is not accepted: {other:?}"),
        }
    }
    let unknown = asking.issue(IdentifierType::Email, "nobody@acme.example").await;
    refusal(unknown, Code::NotFound, "USER_NOT_FOUND");
    assert_eq!(asking.guess(&user).await?, asking.guess(&unique("nobody")).await?);

    let asked = directory.asked();
    assert!(asked.iter().all(|(it, _)| it.application_id == "acme"), "{asked:?}");
    let questions: Vec<_> = asked.iter().filter_map(|(it, _)| it.identifier.as_ref()).collect();
    assert!(questions.iter().any(|it| it.value == email), "canonical: {questions:?}");
    assert_eq!(questions.iter().filter(|it| it.value == user).count(), 1, "it is cached");
    let (_, headers) = &asked[0];
    assert!(headers.get("grpc-timeout").is_some() && headers.get("authorization").is_none());
    for outcome in ["cached", "found", "unknown"] {
        let name = format!(r#"postern_directory_lookups_total{{postern_outcome="{outcome}""#);
        assert_ne!(postern.metric(&name).await?, 0, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn every_fault_fails_known_and_unknown_users_alike_and_passes() -> Tested {
    let asking = Asking::of(UserDirectory::start()?, "0s")?;
    let known = unique("u");
    asking.directory.add(&known, "standard", &[]);
    asking.serves(&known).await?;
    for mood in [
        Mood::Slow,
        Mood::Fails(Code::Unavailable),
        Mood::Fails(Code::Unauthenticated),
        Mood::Fails(Code::Internal),
        Mood::Fails(Code::NotFound),
    ] {
        asking.directory.set(mood);
        let answers = [asking.guess(&known).await?, asking.guess(&unique("nobody")).await?];
        assert_eq!(answers[0].0, StatusCode::SERVICE_UNAVAILABLE, "{mood:?}: {answers:?}");
        assert_eq!(answers[0], answers[1], "{mood:?}");
        for user in [&known, "nobody"] {
            let answer = asking.issue(IdentifierType::UserId, user).await;
            refusal(answer, Code::Unavailable, "UNAVAILABLE");
        }
        asking.directory.set(Mood::Well);
        asking.serves(&known).await?;
    }
    let printed = asking.postern.printed();
    assert!(!printed.contains("the database is away"), "what it says may name a user");
    Ok(())
}

#[tokio::test]
async fn an_answer_about_another_user_counts_as_no_such_user() -> Tested {
    let asking = Asking::of(UserDirectory::start()?, "0s")?;
    let known = unique("u");
    asking.directory.add(&known, "standard", &[]);
    asking.serves(&known).await?;
    let denied = asking.guess(&unique("nobody")).await?;
    assert_eq!(denied.0, StatusCode::OK, "a denial is no error");
    for mood in [Mood::WrongUser, Mood::NoUserId, Mood::TooLong] {
        asking.directory.set(mood);
        assert_eq!(asking.guess(&known).await?, denied, "{mood:?}");
        let answer = asking.issue(IdentifierType::UserId, &known).await;
        refusal(answer, Code::NotFound, "USER_NOT_FOUND");
    }
    asking.directory.set(Mood::Well);
    asking.issue(IdentifierType::UserId, &known).await?;
    let name = r#"postern_directory_lookups_total{postern_outcome="unbelievable""#;
    assert_ne!(asking.postern.metric(name).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_directory_may_start_later_and_restart_and_nothing_else_waits_for_it() -> Tested {
    let mut asking = Asking::of(UserDirectory::stopped()?, "30s")?;
    let (known, other) = (unique("u"), unique("u"));
    for user in [&known, &other] {
        asking.directory.add(user, "standard", &[]);
    }
    let ready = reqwest::get(format!("http://{}/readyz", asking.postern.at.admin)).await?;
    assert_eq!(ready.status(), StatusCode::OK, "other applications are served");
    let answer = asking.issue(IdentifierType::UserId, &known).await;
    refusal(answer, Code::Unavailable, "UNAVAILABLE");
    let mut staff = asking.postern.issuer("staff-support").await?;
    staff.issue_code(issue(IdentifierType::Username, "ada")).await?;

    asking.directory.start_again()?;
    asking.serves(&known).await?;
    asking.directory.stop().await?;
    // Until it is known to be down, a cached answer still serves.
    within(PATIENCE, "no user fares better than another", async || {
        let answers = [asking.guess(&known).await?, asking.guess(&other).await?];
        Ok(answers[0] == answers[1] && answers[0].0 == StatusCode::SERVICE_UNAVAILABLE)
    })
    .await?;
    asking.directory.start_again()?;
    asking.serves(&other).await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_is_cached_for_so_long_and_no_longer() -> Tested {
    let asking = Asking::of(UserDirectory::start()?, "2s")?;
    let user = unique("u");
    asking.directory.add(&user, "standard", &[]);
    asking.serves(&user).await?;
    let asked = asking.directory.asked().len();
    asking.directory.remove(&user);
    asking.issue(IdentifierType::UserId, &user).await?;
    assert_eq!(asking.directory.asked().len(), asked);
    within(PATIENCE, "the user is gone", async || {
        let answer = asking.issue(IdentifierType::UserId, &user).await;
        Ok(answer.is_err_and(|status| status.code() == Code::NotFound))
    })
    .await
}

#[tokio::test]
async fn postern_proves_itself_by_a_certificate_and_a_token_that_can_rotate() -> Tested {
    let authority = Authority::new()?;
    let (theirs, own) = (authority.sign("directory.mesh")?, authority.sign("postern.mesh")?);
    let directory = UserDirectory::over_tls(&authority, &theirs)?;
    let user = unique("u");
    directory.add(&user, "standard", &[]);
    let folder = folder()?;
    let file = folder.path().join("directory.token");
    let tokens = [unique("token"), unique("token")];
    fs::write(&file, format!("{}\n", tokens[0]))?;
    let url = format!("https://localhost:{}", directory.at.port());
    let authority_file = authority.file();
    let paths = [folder.path(), &authority_file, &own.certificate, &own.key, &file];
    let [config, ca, certificate, key, token] = paths.map(|it| utf8(it).expect("a path in UTF-8"));
    let common = ["--config", config, "--directory", &url, "--directory-cache", "0s"];
    let trusted = [&common[..], &["--directory-authority", ca]].concat();
    let pair = ["--directory-certificate", certificate, "--directory-key", key];
    let complete = [&trusted[..], &pair, &["--directory-token-file", token]].concat();

    let postern = Postern::with(&complete)?;
    for token in &tokens {
        postern.keep_secret(token);
    }
    postern.issue(&user).await?;
    let shows = |token: &str| {
        let asked = directory.asked();
        let (_, headers) = asked.last().expect("a question");
        headers.get("authorization").is_some_and(|it| it == &*format!("Bearer {token}"))
    };
    assert!(shows(&tokens[0]));
    fs::write(&file, &tokens[1])?;
    within(PATIENCE, "the new token is shown", async || {
        postern.issue(&user).await?;
        Ok(shows(&tokens[1]))
    })
    .await?;

    for bare in [&trusted[..], &[&common[..], &pair].concat()] {
        let postern = Postern::with(bare)?;
        let mut issuer = postern.issuer("acme-support").await?;
        let answer = issuer.issue_code(issue(IdentifierType::UserId, &user)).await;
        refusal(answer, Code::Unavailable, "UNAVAILABLE");
    }
    Ok(())
}

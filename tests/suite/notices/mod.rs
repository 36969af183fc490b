//! Notices of codes: users learn of every issue and redemption, even if their receiver fails.

mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::calls::order;
use crate::harness::pairing::{BROWSER, Waiting};
use crate::harness::postern::utf8;
use crate::harness::process::run;
use crate::harness::receiver::{Manner, Received, Receiver, notifying};
use crate::harness::*;

const PRIVATE: &str = "private_addresses: true";
const SOON: Duration = Duration::from_secs(30);

/// A Postern that sends notices to a receiver.
struct Notifying {
    postern: Postern,
    receiver: Receiver,
    public_key: String,
    _folder: TempDir,
}

impl Notifying {
    /// Starts both, with more keys of `notify`.
    async fn start(more: &str) -> anyhow::Result<Self> {
        let receiver = Receiver::start().await?;
        let url = format!("http://{}/postern", receiver.at);
        let (folder, public_key) = notifying(&url, &format!("{PRIVATE}, {more}"))?;
        let postern = Postern::serving(folder.path())?;
        Ok(Self { postern, receiver, public_key, _folder: folder })
    }

    /// Issues codes for as many users whose names begin so.
    async fn issue(&self, prefix: &str, number: usize) -> anyhow::Result<Vec<(String, String)>> {
        let mut issued = Vec::new();
        for _ in 0..number {
            let user = unique(prefix);
            issued.push((user.clone(), self.postern.issue(&user).await?));
        }
        Ok(issued)
    }

    /// Waits until notices of that event about all of these users were taken.
    async fn told(&self, event: &str, users: &[(String, String)]) -> anyhow::Result<()> {
        within(SOON, "every user is told", async || Ok(untold(&self.receiver, event, users) == 0))
            .await
    }
}

/// How many of the users no notice of that event was taken about.
fn untold(receiver: &Receiver, event: &str, users: &[(String, String)]) -> usize {
    let taken = receiver.taken();
    let about = taken.iter().filter(|received| received.event() == event);
    let told: BTreeSet<_> = about.map(Received::user).collect();
    users.iter().filter(|(user, _)| !told.contains(user.as_str())).count()
}

/// Asserts that each event of each user came under one ID alone.
fn one_id_each(receiver: &Receiver) {
    let mut ids = BTreeMap::<_, BTreeSet<_>>::new();
    for received in receiver.received() {
        let event = (received.event().to_owned(), received.user().to_owned());
        ids.entry(event).or_default().insert(received.id);
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:#?}");
    let all: BTreeSet<_> = ids.values().flatten().collect();
    assert_eq!(all.len(), ids.len(), "no two events share an ID");
}

#[tokio::test]
async fn issue_and_redemption_are_told_with_a_signature_that_verifies() -> Tested {
    let desk = Notifying::start("").await?;
    let users = desk.issue("jane", 1).await?;
    let (user, code) = &users[0];
    desk.told("code.issued", &users).await?;
    assert_eq!(desk.postern.verify(user, code).await?, Ok(()));
    desk.told("code.redeemed", &users).await?;
    one_id_each(&desk.receiver);

    let taken = desk.receiver.taken();
    let [issued, redeemed] = &taken[..] else { panic!("{taken:#?}") };
    let data = &issued.body["data"];
    assert_eq!(data["application"], "acme");
    assert_eq!(data["origin"]["client"], "acme-support");
    assert_eq!(data["code_id"], redeemed.body["data"]["code_id"]);
    assert!(issued.request.starts_with("POST /postern HTTP/1.1\r\n"), "{}", issued.request);
    assert!(taken.iter().all(|it| !it.request.contains(code)), "no notice holds the code");

    let folder = TempDir::new()?;
    let file = folder.path().join("request");
    let verify = |request: &str, key: &str| {
        fs::write(&file, request)?;
        run(&["webhook", "verify", utf8(&file)?, "--key", key])
    };
    for received in &taken {
        let (status, said) = verify(&received.request, &desk.public_key)?;
        assert!(status.success() && said.contains(&received.id), "{said}");
        let (status, said) = verify(&received.request.replace("acme", "acne"), &desk.public_key)?;
        assert!(!status.success() && said.contains("no signature"), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_notice_of_a_paired_code_holds_the_facts_of_its_journey() -> Tested {
    let receiver = Receiver::start().await?;
    let (folder, _) = notifying(&format!("http://{}/", receiver.at), PRIVATE)?;
    let desk = Waiting::serving(folder.path()).await?;
    let (user, _, code) = desk.user().await?;
    let users = [(user, code)];
    within(SOON, "it is told", async || Ok(untold(&receiver, "code.issued", &users) == 0)).await?;
    let journey = &receiver.taken()[0].body["data"]["journey"];
    assert_eq!(
        (&journey["browser"], &journey["source_address"]),
        (&json!("firefox"), &json!(BROWSER))
    );
    assert!(journey["opened_at"].is_string());
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost_while_the_receiver_is_down_and_nothing_comes_under_a_second_id() -> Tested
{
    let desk = Notifying::start("").await?;
    desk.receiver.behaves("", Manner::Down);
    let users = desk.issue("jane", 20).await?;
    for (user, code) in &users[..5] {
        assert_eq!(desk.postern.verify(user, code).await?, Ok(()));
    }
    within(SOON, "some fail", async || Ok(desk.receiver.received().len() > 30)).await?;
    assert_eq!(desk.receiver.taken().len(), 0);
    desk.receiver.behaves("", Manner::Answers(200));
    desk.told("code.issued", &users).await?;
    desk.told("code.redeemed", &users[..5]).await?;
    one_id_each(&desk.receiver);
    assert_eq!(desk.postern.metric("postern_notices_dead_letters_total").await?, 0);
    Ok(())
}

#[tokio::test]
async fn no_code_is_issued_above_the_lag_and_the_next_one_once_notices_arrive() -> Tested {
    let desk = Notifying::start("max_lag: 2s").await?;
    desk.receiver.behaves("", Manner::Answers(503));
    let users = desk.issue("jane", 3).await?;
    let mut issuer = desk.postern.issuer("acme-support").await?;
    let (user, key) = (unique("jane"), unique("key"));
    desk.postern.keep_secret(&user);
    let mut refused = None;
    within(SOON, "issuing stops", async || {
        refused = issuer.issue_code(order(&user, key.clone())).await.err();
        Ok(refused.is_some())
    })
    .await?;
    let status = refused.expect("refused");
    assert!(status.get_details_retry_info().is_some());
    refusal::<()>(Err(status), Code::Unavailable, "NOTICES_DELAYED");
    // What was issued can be redeemed: the user is told later.
    assert_eq!(desk.postern.verify(&users[0].0, &users[0].1).await?, Ok(()));
    within(SOON, "it is told", async || {
        Ok(desk.postern.metric("postern_notices_delayed_applications").await? > 0)
    })
    .await?;

    desk.receiver.behaves("", Manner::Answers(200));
    let mut issued = None;
    within(SOON, "issuing goes on", async || {
        issued = issuer.issue_code(order(&user, key.clone())).await.ok();
        Ok(issued.is_some())
    })
    .await?;
    desk.postern.keep_secret(&issued.expect("issued").into_inner().code);
    desk.told("code.issued", &users).await?;
    desk.told("code.redeemed", &users[..1]).await?;
    one_id_each(&desk.receiver);
    Ok(())
}

#[tokio::test]
async fn no_notice_holds_a_code() -> Tested {
    let desk = Notifying::start("").await?;
    let canaries = asked("POSTERN_CANARIES", 200).min(1000);
    let users = desk.issue("jane", canaries).await?;
    for (user, code) in users.iter().take(20) {
        assert_eq!(desk.postern.verify(user, code).await?, Ok(()));
    }
    desk.told("code.issued", &users).await?;
    desk.told("code.redeemed", &users[..20]).await?;
    one_id_each(&desk.receiver);
    let all: String = desk.receiver.received().iter().map(|it| it.request.as_str()).collect();
    assert!(users.iter().all(|(_, code)| !all.contains(code)), "a notice holds a code");
    Ok(())
}

/// The verifier writes, the code issuers deliver; one of them is killed meanwhile. Redis is told no
/// identifier and no code, which the harness checks.
#[tokio::test]
async fn services_apart_tell_every_user_though_one_is_killed() -> Tested {
    let receiver = Receiver::start().await?;
    receiver.behaves("", Manner::Silent);
    let url = format!("http://{}/", receiver.at);
    let (folder, _) = notifying(&url, PRIVATE)?;
    let deployment = Deployment::of(folder.path())?;
    let [mut one, two] = [deployment.replica()?, deployment.replica()?];
    let mut users = Vec::new();
    for replica in [&one, &two, &one, &two, &one, &two] {
        let user = unique("jane");
        users.push((user.clone(), replica.issue(&user).await?));
    }
    assert_eq!(two.verify(&users[0].0, &users[0].1).await?, Ok(()));
    within(SOON, "deliveries begin", async || Ok(receiver.received().len() >= 4)).await?;
    one.process("code-issuer").kill();
    receiver.behaves("", Manner::Answers(200));
    let told = async || {
        let issued = untold(&receiver, "code.issued", &users);
        Ok(issued + untold(&receiver, "code.redeemed", &users[..1]) == 0)
    };
    within(Duration::from_secs(60), "every user is told", told).await?;
    one_id_each(&receiver);
    Ok(())
}

#[tokio::test]
async fn the_schema_of_notices_is_printed() -> Tested {
    let (status, text) = run(&["schema", "notice"])?;
    assert!(status.success(), "{text}");
    let schema: Value = serde_json::from_str(&text)?;
    assert_eq!(schema["title"], "Notice");
    Ok(())
}

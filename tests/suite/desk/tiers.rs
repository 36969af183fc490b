//! Tiers that a directory over gRPC names: each issue goes by the tier of that moment.

use super::*;
use crate::harness::directory::{Mood, UserDirectory};
use crate::harness::postern::{change, utf8};

#[tokio::test]
async fn a_changed_tier_counts_at_once_and_an_unknown_one_refuses() -> Tested {
    let directory = UserDirectory::start()?;
    let folder = Folder::with(POLICY)?;
    let users = "users: { directory: file, file: desk.yaml }";
    change(&folder.folder, "applications/acme.yaml", users, "users: { directory: grpc }")?;
    let url = directory.url();
    let postern = Postern::with(&["--config", utf8(folder.folder.path())?, "--directory", &url])?;
    let desk = Desk { postern, folder };
    let agent = desk.agent("agent-1", "helpdesk").await?;
    let user = unique("u");
    let send = async |ticket: usize| send(&desk.postern, &agent, issue(&user, ticket)).await;

    directory.add("e-agent-1", "standard", &[]);
    directory.add(&user, "standard", &[]);
    assert!(send(1).await?.pending.is_none());
    directory.add(&user, "privileged", &[]);
    assert!(send(2).await?.pending.is_some(), "another agent must approve");
    for (tier, reason) in
        [("", "DESK_UNKNOWN_TIER"), ("No Tier!", "DESK_UNKNOWN_TIER"), ("another", "DESK_TIER")]
    {
        directory.add(&user, tier, &[]);
        let refused = send(3).await.expect_err("refused");
        assert_eq!(told(&refused).1, reason, "{tier:?}");
    }
    directory.set(Mood::Fails(Code::Unavailable));
    let refused = send(3).await.expect_err("the tier is not known");
    assert_eq!(told(&refused), (Code::Unavailable, "UNAVAILABLE".to_owned()));
    assert_eq!(desk.trail("code.issued").len(), 1);

    directory.set(Mood::Well);
    let own = super::send(&desk.postern, &agent, issue("e-agent-1", 4)).await;
    assert_eq!(told(&own.expect_err("their own account")).1, "OWN_ACCOUNT");
    Ok(())
}

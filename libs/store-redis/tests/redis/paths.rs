//! The cost of a denial: the same commands for every reason. The time that an answer takes then
//! tells callers nothing of a user.

use std::collections::BTreeMap;

use clock::Clock as _;
use codes::conformance::{Place, World, reason, wrong};
use codes::policy::{Policy, PolicySettings};
use codes::record::DenialReason;
use codes::user::Identifier;
use store_redis::connection::address::Access;

use crate::servers::Server;

/// How often each command of the scripts ran.
fn calls(server: &Server) -> BTreeMap<String, u64> {
    let stats = server.cli(&["INFO", "commandstats"]);
    let stats = stats.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = rest.split(',').next()?.parse().ok()?;
        ["get", "set", "info"].contains(&name).then(|| (name.to_owned(), calls))
    });
    stats.collect()
}

/// Guesses once: why it was denied, and which commands that took.
async fn cost(
    server: &Server,
    world: &World,
    place: Place,
    user: &Identifier,
    guess: &str,
) -> (DenialReason, BTreeMap<String, u64>) {
    server.cli(&["CONFIG", "RESETSTAT"]);
    let denial = world.verify_from(place, user, guess).await;
    (reason(&denial), calls(server))
}

/// I9.
#[tokio::test(flavor = "multi_thread")]
async fn every_denial_costs_what_a_wrong_guess_costs() {
    let server = Server::start("");
    let bench = crate::bench(crate::connect(&server.url(), Access::default()));
    let settings = PolicySettings { attempts_per_source: Some(1), ..PolicySettings::default() };
    let world = World::with_policy(bench, Policy::new(settings).expect("valid"));
    let [here, there, elsewhere] = [0, 1, 2].map(|number| Place::default().at(number));
    let user = world.stranger();
    let code = world.issue(&user).await;
    // The first call of all sends the script whole.
    world.verify(&world.stranger(), "000000").await;
    let (miss, of_a_wrong_guess) = cost(&server, &world, here, &user, &wrong(&code)).await;
    assert_eq!(miss, DenialReason::WrongCode);
    assert_eq!(of_a_wrong_guess.len(), 3, "it reads, asks for the fence and writes");

    let mut denials = vec![cost(&server, &world, here, &world.stranger(), "000000").await];
    denials.push(cost(&server, &world, here, &user, code.code.expose()).await);
    for place in [there, elsewhere] {
        world.verify_from(place, &user, &wrong(&code)).await;
    }
    denials.push(cost(&server, &world, here, &user, code.code.expose()).await);
    let (owner, journey) = (world.stranger(), world.journey());
    let paired = world.issue_paired(&owner, journey).await;
    denials.push(cost(&server, &world, here, &owner, paired.code.expose()).await);
    denials.push(cost(&server, &world, journey, &owner, &wrong(&paired)).await);
    let late = world.stranger();
    let expired = world.issue(&late).await;
    world.wait(300);
    denials.push(cost(&server, &world, here, &late, &wrong(&expired)).await);
    let revoked = world.stranger();
    world.issue(&revoked).await;
    world.revoke(&revoked).await;
    denials.push(cost(&server, &world, here, &revoked, "000000").await);
    for has_code in [true, false] {
        let blocked = world.stranger();
        let code = world.issue(&blocked).await;
        world.repudiate(&code.code_id, world.bench.clock.now()).await;
        if !has_code {
            // Its traces end before the block does.
            world.wait(2 * 60 * 60);
        }
        denials.push(cost(&server, &world, here, &blocked, code.code.expose()).await);
    }
    let reasons: Vec<_> = denials.iter().map(|(reason, _)| *reason).collect();
    let expected = [
        DenialReason::NoCode,
        DenialReason::SourceExhausted,
        DenialReason::Locked,
        DenialReason::NotPaired,
        DenialReason::WrongCode,
        DenialReason::NoCode,
        DenialReason::NoCode,
        DenialReason::Blocked,
        DenialReason::Blocked,
    ];
    assert_eq!(reasons, expected);
    for (reason, cost) in denials {
        assert_eq!(cost, of_a_wrong_guess, "{reason:?}");
    }
}

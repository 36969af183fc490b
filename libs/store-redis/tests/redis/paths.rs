//! What a denial costs: the same commands, whatever there was to deny. The time that an answer takes then
//! tells callers nothing of a user.

use std::collections::BTreeMap;

use codes::conformance::{World, reason, wrong};
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
    user: &Identifier,
    guess: &str,
) -> (DenialReason, BTreeMap<String, u64>) {
    server.cli(&["CONFIG", "RESETSTAT"]);
    let denial = world.verify(user, guess).await;
    (reason(&denial), calls(server))
}

/// I9.
#[tokio::test(flavor = "multi_thread")]
async fn every_denial_costs_what_a_wrong_guess_costs() {
    let server = Server::start("");
    let world = World::new(crate::bench(crate::connect(&server.url(), Access::default())));
    let user = world.stranger();
    let code = world.issue(&user).await;
    // The first call of all sends the script whole.
    world.verify(&world.stranger(), "000000").await;
    let (miss, of_a_wrong_guess) = cost(&server, &world, &user, &wrong(&code)).await;
    assert_eq!(miss, DenialReason::WrongCode);
    assert_eq!(of_a_wrong_guess.len(), 3, "it reads, asks for the fence and writes");

    let mut denials = vec![cost(&server, &world, &world.stranger(), "000000").await];
    world.fail(&user, &code, 2).await;
    denials.push(cost(&server, &world, &user, code.code.expose()).await);
    let late = world.stranger();
    let expired = world.issue(&late).await;
    world.wait(300);
    denials.push(cost(&server, &world, &late, &wrong(&expired)).await);
    let revoked = world.stranger();
    world.issue(&revoked).await;
    world.revoke(&revoked).await;
    denials.push(cost(&server, &world, &revoked, "000000").await);
    let reasons: Vec<_> = denials.iter().map(|(reason, _)| *reason).collect();
    let (none, locked) = (DenialReason::NoCode, DenialReason::Locked);
    assert_eq!(reasons, [none, locked, none, none]);
    for (reason, cost) in denials {
        assert_eq!(cost, of_a_wrong_guess, "{reason:?}");
    }
}

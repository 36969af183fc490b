//! Durability `synced`: an outcome is on the primary's disk before it is returned. The Redis of the
//! tests may be too old: then it must be refused, and a fake stands for a newer one.

use codes::conformance::{World, reason};
use codes::operations::OperationError;
use codes::record::DenialReason;
use codes::store::StoreError;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::{Checks, Use};
use store_redis::connection::confirmation::Confirmation;

use crate::confirmed::{guess, verify};
use crate::servers::fake::{Says, fake};
use crate::servers::{STANDALONE, Server};

fn open(url: &str, checks: Checks) -> Connection {
    let address = Address::parse(url).expect("a URL");
    Connection::open(&address, Access::default(), checks, Some(Confirmation::Disk), None)
        .expect("a connection")
}

/// A real server either supports the command and serves, or is refused with what to change.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_confirm_a_sync_is_refused() {
    let said = STANDALONE.cli(&["INFO", "server"]);
    let version = said.lines().find_map(|line| line.strip_prefix("redis_version:"));
    let mut numbers = version.expect("a version").trim().split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().expect("a number").expect("a number");
    if (next(), next()) < (7, 2) {
        for checks in [Checks::Off, Checks::On(Use::Codes)] {
            let refusal = open(&STANDALONE.url(), checks).first_look().await;
            let refusal = refusal.expect_err("it is too old").to_string();
            assert!(refusal.contains("run 7.2 or later"), "{refusal}");
            assert!(refusal.contains("appendfsync always"), "{refusal}");
        }
    } else {
        let server = Server::start("appendfsync always");
        let world = World::new(crate::bench(open(&server.url(), Checks::On(Use::Codes))));
        let user = world.stranger();
        let issued = world.issue(&user).await;
        world.fail(&user, &issued, 1).await;
        assert_eq!(world.describe(&user).await.lockout.failures, 1);
    }
}

/// A fake of that version, with no script loaded.
async fn fake_of(version: &str) -> (String, Says) {
    let (address, says) = fake().await;
    let info = format!("redis_version:{version}\r\naof_enabled:1\r\nrole:master");
    says.say_to("INFO", &format!("${}\r\n{info}\r\n", info.len()));
    says.say_to("EVALSHA", "-NOSCRIPT no matching script\r\n");
    says.say(b"*5\r\n$6\r\ndenied\r\n$7\r\nno_code\r\n$1\r\n-\r\n$1\r\n-\r\n$5\r\nfresh\r\n");
    says.say_to("WAITAOF", "*2\r\n:0\r\n:0\r\n");
    (format!("redis://{address}"), says)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_is_refused_and_a_newer_one_is_not() {
    for (version, fits) in [("7.0.15", false), ("7.1.9", false), ("7.2.0", true), ("8.0.1", true)] {
        let (url, _) = fake_of(version).await;
        let looked = open(&url, Checks::Off).first_look().await;
        assert_eq!(looked.is_ok(), fits, "{version}: {looked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_is_returned_once_it_is_on_disk() {
    let (url, says) = fake_of("7.2.0").await;
    let world = World::new(crate::bench(open(&url, Checks::Off))).of_a_service();
    let user = world.stranger();
    let withheld = verify(&world, &guess(&user, "000000", "key")).await;
    let Err(OperationError::Store(StoreError::Unavailable(why))) = withheld else {
        panic!("it was told: {withheld:?}");
    };
    assert!(why.contains("not confirmed"), "{why}");
    says.heard();
    says.say_to("WAITAOF", "*2\r\n:1\r\n:0\r\n");
    let told = verify(&world, &guess(&user, "000000", "key")).await.expect("it was synced");
    assert_eq!(reason(&told), DenialReason::NoCode);
    let lane = ["EVALSHA", "WAITAOF 1 0 200", "EVAL", "WAITAOF 1 0 200"];
    assert_eq!(says.heard(), lane, "sent in full if unknown, and confirmed each time");
}

//! Checks of a server: one that fails them is refused, with what to change. One that is not there yet is
//! waited for, but not for long.

use std::time::Duration;

use secrecy::SecretString;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::{Checks, Use};

use crate::servers::cluster::CLUSTER;
use crate::servers::sentinel::SENTINEL;
use crate::servers::{STANDALONE, Server};

fn open(url: &str, used: Use, access: Access) -> Connection {
    let address = Address::parse(url).expect("a URL");
    Connection::open(&address, access, Checks::On(used), None, None).expect("a connection")
}

async fn look(url: &str, used: Use, access: Access) -> Result<(), String> {
    open(url, used, access).first_look().await.map_err(|unfit| unfit.to_string())
}

async fn refusal(server: &Server, used: Use) -> String {
    look(&server.url(), used, Access::default()).await.expect_err("it fails the checks")
}

#[tokio::test]
async fn the_delivered_configuration_passes() {
    for url in [STANDALONE.url(), SENTINEL.url(), CLUSTER.url()] {
        assert_eq!(look(&url, Use::All, Access::default()).await, Ok(()), "{url}");
    }
}

#[tokio::test]
async fn the_start_waits_for_a_server_that_comes_soon_and_goes_on_without_one() {
    let mut server = Server::start("");
    server.kill();
    let early = open(&server.url(), Use::All, Access::default());
    assert!(early.first_look().await.is_ok(), "it may come later");
    assert!(!*early.serves().borrow(), "it is not there");

    let connection = open(&server.url(), Use::All, Access::default());
    let comes = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.restart();
    };
    let (looked, ()) = tokio::join!(connection.first_look(), comes);
    assert!(looked.is_ok() && *connection.serves().borrow(), "it serves at the end of the wait");
}

#[tokio::test]
async fn a_server_that_evicts_is_refused() {
    let server = Server::start("maxmemory-policy allkeys-lru");
    let refusal = refusal(&server, Use::Codes).await;
    assert!(refusal.contains("set it to noeviction"), "{refusal}");
}

#[tokio::test]
async fn a_server_without_persistence_is_refused() {
    let server = Server::start("appendonly no");
    let refusal = refusal(&server, Use::Codes).await;
    assert!(refusal.contains("set appendonly yes"), "{refusal}");
}

#[tokio::test]
async fn all_complaints_are_reported_together() {
    let server = Server::start("appendonly no\nmaxmemory-policy volatile-ttl");
    assert_eq!(refusal(&server, Use::All).await.lines().count(), 2);
}

#[tokio::test]
async fn a_replica_is_refused() {
    // Not of the server that other tests share: with its first replica, a server gets a new replication ID,
    // and with it a new fence.
    let primary = Server::start("");
    let replica = Server::start(&format!("replicaof 127.0.0.1 {}", primary.port));
    let refusal = refusal(&replica, Use::Codes).await;
    assert!(refusal.contains("name the primary"), "{refusal}");
}

#[tokio::test]
async fn missing_rights_are_named() {
    let rights = "+ping +role +info +time +eval +evalsha +get +set +del +hset +hsetnx +hget +hdel \
                  +zadd +zrem +zcard +zrangebyscore +pexpire";
    let keys = "~pcode:* ~postern:notices:*";
    let server = Server::start(&format!(
        "user able on >secret {keys} -@all {rights}\n\
         user weak on >secret {keys} -@all {rights} -set -del\n\
         user older on >secret ~pcode:* -@all {rights}\n\
         user astray on >secret ~other:* -@all {rights}\n\
         user postern on >secret {keys} ~postern:desk:* ~postern:journey:* -@all {rights} +eval_ro +hmget"
    ));
    let url = server.url();
    let as_user = |user: &str| Access {
        username: Some(user.to_owned()),
        password: Some(SecretString::from("secret")),
        ..Access::default()
    };
    assert_eq!(look(&url, Use::Codes, as_user("able")).await, Ok(()));
    assert_eq!(look(&url, Use::All, as_user("postern")).await, Ok(()));
    for (user, used, told) in [
        ("weak", Use::Codes, "may not run SET, DEL"),
        ("astray", Use::Codes, "rights of"),
        ("older", Use::Codes, "EVAL for notices"),
        ("able", Use::CodesAndDesks, "EVAL for desks"),
        ("able", Use::All, "may not run"),
        ("postern", Use::Console, "EVAL for journeys"),
        ("able", Use::JourneysAndGrants, "may not run EVAL_RO for grants: give it"),
    ] {
        let refusal = look(&url, used, as_user(user)).await.expect_err("it lacks rights");
        assert!(refusal.contains(told) && refusal.contains("users.acl"), "{user}: {refusal}");
    }
}

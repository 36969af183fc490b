//! Checks of a server: one that fails them is refused, with what to change.

use secrecy::SecretString;
use store_redis::connection::Connection;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::{Checks, Use};

use crate::servers::cluster::CLUSTER;
use crate::servers::sentinel::SENTINEL;
use crate::servers::{STANDALONE, Server};

async fn look(url: &str, used: Use, access: Access) -> Result<(), String> {
    let address = Address::parse(url).expect("a URL");
    let connection =
        Connection::open(&address, access, Checks::On(used), None, None).expect("a connection");
    connection.first_look().await.map_err(|unfit| unfit.to_string())
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
    let replica = Server::start(&format!("replicaof 127.0.0.1 {}", STANDALONE.port));
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
         user astray on >secret ~other:* -@all {rights}"
    ));
    let url = server.url();
    let as_user = |user: &str| Access {
        username: Some(user.to_owned()),
        password: Some(SecretString::from("secret")),
        ..Access::default()
    };
    assert_eq!(look(&url, Use::Codes, as_user("able")).await, Ok(()));
    for (user, used, told) in [
        ("weak", Use::Codes, "may not run SET, DEL"),
        ("astray", Use::Codes, "rights of"),
        ("older", Use::Codes, "EVAL for notices"),
        ("able", Use::All, "may not run"),
        ("able", Use::JourneysAndGrants, "may not run EVAL_RO for grants: give it"),
    ] {
        let refusal = look(&url, used, as_user(user)).await.expect_err("it lacks rights");
        assert!(refusal.contains(told) && refusal.contains("users.acl"), "{user}: {refusal}");
    }
}

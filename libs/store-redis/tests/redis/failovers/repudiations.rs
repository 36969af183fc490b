//! What ends a user's codes and tokens waits for a replica where there is one, at any durability level.

use clock::Clock as _;
use codes::conformance::World;
use codes::record::Repudiate;
use store_redis::connection::address::Access;
use tokio::task::block_in_place;

use crate::servers::pair::Pair;

/// I28: none of them is told before the replica has it. It takes effect all the same, and a retry tells so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn repudiations_lifts_and_revoked_grants_wait_for_the_replica() {
    let pair = block_in_place(Pair::start);
    let world = World::new(crate::bench(crate::connect(&pair.primary.url(), Access::default())));
    let user = world.stranger();
    let code_id = world.issue(&user).await.code_id;
    let (subject, told_of) = (code_id.subject(), world.bench.clock.now());
    let repudiate = async || {
        let command = Repudiate { code_id: code_id.clone(), told_of };
        world.bench.store.repudiate(subject, told_of, command).await
    };
    let lift = async || world.bench.store.lift_repudiation(subject, told_of).await;
    let revoke = async || world.bench.grants.revoke(&code_id.grant()).await;
    // The scripts are loaded, and a busy replica can be late.
    let (other, at) = (world.issue(&world.stranger()).await.code_id, told_of);
    let (store, grants) = (&world.bench.store, &world.bench.grants);
    let command = Repudiate { code_id: other.clone(), told_of };
    while store.repudiate(other.subject(), at, command.clone()).await.is_err() {}
    while store.lift_repudiation(other.subject(), at).await.is_err() {}
    while grants.revoke(&other.grant()).await.is_err() {}
    {
        let _stopped = block_in_place(|| pair.replica.stopped());
        assert!(repudiate().await.is_err());
        let again = repudiate().await;
        assert!(again.is_err(), "also a replay waits: {again:?}");
        assert!(revoke().await.is_err());
        assert!(lift().await.is_err());
    }
    // A busy replica can be late.
    while revoke().await.is_err() {}
    loop {
        if let Ok(repudiated) = repudiate().await {
            assert!(repudiated.replayed, "it took effect");
            break;
        }
    }
}

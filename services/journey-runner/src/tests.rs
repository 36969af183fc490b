//! A reload between any two steps of a request: the request is served under one configuration.

mod reloading;
mod world;

use self::world::World;

/// Runs a request again and again, each time with the reload at a later step, until one ends before it.
/// Returns how many steps there are.
async fn at_every_step(
    world: &mut World,
    mut request: impl AsyncFnMut(&mut World, Option<usize>) -> String,
) -> usize {
    let whole = request(world, None).await;
    assert!(whole.ends_with(r#"version "a", scope "a""#), "{whole}");
    for step in 1.. {
        let told = request(world, Some(step)).await;
        assert_eq!(told, whole, "reloaded at step {step}");
        if !world.has_reloaded() {
            return step - 1;
        }
    }
    unreachable!("the range has no end")
}

#[tokio::test]
async fn a_grpc_start_is_served_under_one_configuration() {
    let mut world = World::new();
    let steps = at_every_step(&mut world, async |world, reload_at| {
        world.begin();
        world.reload_at(reload_at);
        world.start_over_grpc().await
    });
    assert!(steps.await >= 4, "the gate, the claim, the verifier and the minter");
}

#[tokio::test]
async fn a_browsers_start_is_served_under_one_configuration() {
    let mut world = World::new();
    let steps = at_every_step(&mut world, async |world, reload_at| {
        world.begin();
        world.reload_at(reload_at);
        world.start_over_http().await
    });
    assert!(steps.await >= 3, "the limits, the verifier and the minter");
}

#[tokio::test]
async fn a_browsers_answer_is_served_under_one_configuration() {
    let mut world = World::new();
    let steps = at_every_step(&mut world, async |world, reload_at| {
        world.begin();
        let asked = world.ask_over_http().await;
        world.reload_at(reload_at);
        world.answer_over_http(&asked).await
    });
    assert!(steps.await >= 5, "the limits, the store, the claim, the verifier and the minter");
}

#[tokio::test]
async fn the_next_request_is_served_under_the_new_configuration() {
    let mut world = World::new();
    let before = world.start_over_grpc().await;
    world.reload_at(Some(1));
    assert_eq!(world.start_over_grpc().await, before);
    assert!(world.has_reloaded());
    assert_ne!(world.start_over_grpc().await, before);
}

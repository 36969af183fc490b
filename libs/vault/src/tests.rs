//! Values over the store in memory.

use clock::FakeClock;
use codes::randomness;
use journeys::memory::MemoryJourneyStore;
use serde::Deserialize;

use super::*;

#[derive(Default, Serialize, Deserialize)]
struct Notes(Vec<String>);

impl Kept for Notes {
    const PURPOSE: &str = "notes";

    fn lifetime(&self, _: Timestamp) -> Duration {
        Duration::from_secs(self.0.len() as u64)
    }
}

#[derive(Serialize, Deserialize)]
struct Others(Vec<String>);

impl Kept for Others {
    const PURPOSE: &str = "others";

    fn lifetime(&self, _: Timestamp) -> Duration {
        Duration::from_secs(60)
    }
}

fn vault() -> (Arc<MemoryJourneyStore>, Vault) {
    let clock = Arc::new(FakeClock::default());
    let store = Arc::new(MemoryJourneyStore::new(clock.clone()));
    (Arc::clone(&store), Vault::new(store, clock))
}

fn note(notes: &mut Notes) {
    notes.0.push("hunter2".to_owned());
}

#[tokio::test]
async fn the_store_holds_neither_secret_nor_value_and_another_secret_or_purpose_opens_nothing() {
    let (store, vault) = vault();
    let secret = Secret::draw(&randomness::system());
    vault.change_or_create(&secret, note).await.expect("room");
    let stored = store.load(&secret.key()).await.expect("it serves").expect("it is there");
    let holds = |text: &[u8]| stored.body.windows(text.len()).any(|part| part == text);
    assert!(!holds(b"hunter2") && !holds(secret.expose().as_bytes()));
    assert!(!secret.key().as_str().contains(secret.expose()));
    let other = Secret::draw(&randomness::system());
    assert!(opened::<Notes>(&other, &stored.body).is_none());
    assert!(opened::<Others>(&secret, &stored.body).is_none());
    assert!(opened::<Notes>(&secret, &stored.body).is_some());
}

#[tokio::test]
async fn a_value_without_a_lifetime_is_gone() {
    let (store, vault) = vault();
    let secret = Secret::draw(&randomness::system());
    vault.change_or_create(&secret, note).await.expect("room");
    let cleared = vault.change(&secret, |notes: &mut Notes| notes.0.clear()).await;
    assert_eq!(cleared.expect("it serves"), Some(()));
    assert!(store.load(&secret.key()).await.expect("it serves").is_none());
    assert_eq!(vault.change(&secret, note).await.expect("it serves"), None);
}

#[tokio::test]
async fn changes_of_many_requests_are_all_kept() {
    let (_, vault) = vault();
    let (vault, secret) = (Arc::new(vault), Arc::new(Secret::draw(&randomness::system())));
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (vault, secret) = (Arc::clone(&vault), Arc::clone(&secret));
        requests.spawn(async move { vault.change_or_create(&secret, note).await });
    }
    for changed in requests.join_all().await {
        changed.expect("it serves");
    }
    let count = vault.change(&secret, |notes: &mut Notes| notes.0.len()).await;
    assert_eq!(count.expect("it serves"), Some(8));
}

#[test]
fn a_derived_secret_depends_on_the_root_and_on_each_text() {
    let derived = |root: &str, texts: &[&str]| {
        let secret = Secret::derived(&root.into(), texts);
        assert!(Secret::parse(secret.expose()).is_some());
        secret.expose().to_owned()
    };
    let one = derived("root", &["a", "bc"]);
    assert_eq!(one, derived("root", &["a", "bc"]));
    for other in
        [derived("roo", &["a", "bc"]), derived("root", &["ab", "c"]), derived("root", &["a"])]
    {
        assert_ne!(one, other);
    }
    assert!(Secret::parse("short").is_none());
}

#[tokio::test]
async fn reading_a_value_does_not_keep_it_alive() {
    let clock = Arc::new(FakeClock::default());
    let vault = Vault::new(Arc::new(MemoryJourneyStore::new(clock.clone())), clock.clone());
    let secret = Secret::draw(&randomness::system());
    vault.change_or_create(&secret, |notes| (note(notes), note(notes))).await.expect("room");
    for is_there in [true, true, false] {
        let read = vault.read::<Notes>(&secret).await.expect("it serves");
        assert_eq!(read.is_some_and(|notes| notes.0.len() == 2), is_there);
        clock.advance(Duration::from_secs(1));
    }
}

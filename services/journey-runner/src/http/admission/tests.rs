//! Tests of the admission of encrypted messages.

use std::time::Duration;

use clock::FakeClock;
use futures_util::future::join_all;
use journeys::memory::MemoryJourneyStore;
use journeys::runner::Full;

use super::*;

const LEFT: Duration = Duration::from_secs(60);

fn admissions() -> (Admissions, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::default());
    let store = Arc::new(MemoryJourneyStore::new(clock.clone()));
    (Admissions::new(store, clock.clone(), Capacity { of_source: 1, in_all: 2 }), clock)
}

impl Admissions {
    async fn admits(&self, session: &str, iv: u8) -> Option<Admitted> {
        let expires_at = self.clock.now() + LEFT;
        self.admit(session, [iv; 16], expires_at, None).await.expect("the store serves")
    }

    async fn accepts(&self, admitted: Option<Admitted>) {
        self.accept(admitted.expect("it was admitted")).await.expect("the store serves");
    }
}

#[tokio::test]
async fn a_vector_is_admitted_once_in_each_session() {
    let (all, _) = admissions();
    for session in ["one", "other"] {
        for iv in 0..10 {
            let admitted = all.admits(session, iv).await;
            all.accepts(admitted).await;
        }
        for iv in 0..10 {
            assert!(all.admits(session, iv).await.is_none(), "{session} {iv}");
        }
    }
}

#[tokio::test]
async fn three_faults_end_a_session_and_no_accepted_message_counts() {
    let (all, _) = admissions();
    let mut iv = 0..;
    let mut next = || iv.next().expect("without end");
    for faults in 0..3 {
        for _ in 0..5 {
            let admitted = all.admits("one", next()).await;
            all.accepts(admitted).await;
        }
        assert!(all.admits("one", next()).await.is_some(), "after {faults} faults");
    }
    assert!(all.admits("one", next()).await.is_none());
    assert!(all.admits("other", next()).await.is_some(), "another session goes on");
}

#[tokio::test]
async fn messages_at_the_same_time_are_admitted_only_as_far_as_they_may_be_faults() {
    let (all, _) = admissions();
    let admitted = join_all((0..32).map(|iv| all.admits("one", iv))).await;
    assert_eq!(admitted.iter().flatten().count(), usize::from(MAX_FAULTS));
}

#[tokio::test]
async fn a_session_carries_a_bounded_number_of_messages() {
    let (all, _) = admissions();
    for iv in 0..64 {
        let admitted = all.admits("one", iv).await;
        all.accepts(admitted).await;
    }
    assert!(all.admits("one", 64).await.is_none());
}

#[tokio::test]
async fn what_is_stored_ends_with_the_session_s_key() {
    let (all, clock) = admissions();
    assert!(all.admits("one", 0).await.is_some());
    clock.advance(LEFT.saturating_sub(Duration::from_millis(1)));
    assert!(all.admits("one", 0).await.is_none(), "seen before");
    clock.advance(Duration::from_millis(1));
    assert!(all.load(&SessionKey::of_crypto_session("one")).await.expect("serves").is_none());
}

#[tokio::test]
async fn a_source_and_all_together_have_a_bounded_number_of_sessions() {
    let (all, clock) = admissions();
    let expires_at = clock.now() + LEFT;
    let admit = async |session: String, host: u8| {
        let source = Some(IpAddr::from([192, 0, 2, host]));
        match all.admit(&session, [0; 16], expires_at, source).await {
            Ok(admitted) => Ok(admitted.is_some()),
            Err(RunError::TooManyWait { full, .. }) => Err(full),
            Err(error) => panic!("{error:?}"),
        }
    };
    for turn in 0..10 {
        assert_eq!(admit(format!("one {turn}"), 1).await, Ok(true));
    }
    assert_eq!(admit("one more".to_owned(), 1).await, Err(Full::Source));
    assert_eq!(admit("one 0".to_owned(), 1).await, Ok(false), "begun before, and seen");
    for turn in 0..10 {
        assert_eq!(admit(format!("two {turn}"), 2).await, Ok(true));
    }
    assert_eq!(admit("three".to_owned(), 3).await, Err(Full::All));
    clock.advance(LEFT + Duration::from_secs(1));
    assert!(all.admits("three", 0).await.is_some(), "there is room again");
}

#[test]
fn an_entry_reads_as_it_was_written_and_nothing_else_does() {
    for count in [1, 2, MAX_MESSAGES] {
        let entry = Entry { faults: 2, seen: vec![[7; 16]; count] };
        assert_eq!(Entry::parse(&entry.bytes()), Some(entry));
    }
    for stored in [&[] as &[u8], &[0; 2], &[0; 16], &[0; 18]] {
        assert_eq!(Entry::parse(stored), None, "{stored:?}");
    }
}

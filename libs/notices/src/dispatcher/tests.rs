//! Tests of the dispatcher.

use std::sync::Mutex;
use std::time::Duration;

use clock::{Clock as _, FakeClock};
use codes::digest::Subject;
use codes::randomness::system;
use codes::user::{Identifier, IdentifierType};

use super::*;
use crate::memory::MemoryOutbox;
use crate::notice::Notice;
use crate::signature::SigningKey;

type Answer = Result<u16, PostError>;

/// A receiver that answers as it is told, and keeps what it was sent.
#[derive(Default)]
struct Receiving {
    answers: Mutex<Vec<Answer>>,
    received: Mutex<Vec<(Headers, Vec<u8>)>>,
}

#[async_trait]
impl Post for Receiving {
    async fn post(&self, _: &Receiver, headers: Headers, body: Vec<u8>) -> Answer {
        self.received.lock().expect("no panic").push((headers, body));
        self.answers.lock().expect("no panic").pop().unwrap_or(Ok(200))
    }
}

struct OneLink;

impl Links for OneLink {
    fn not_me(&self, _: &ApplicationId, code_id: &CodeId, _: Timestamp) -> Option<String> {
        Some(format!("https://acme.example/not-me?t={}", code_id.as_str()))
    }
}

struct World {
    clock: Arc<FakeClock>,
    net: Arc<Receiving>,
    receiver: Receiver,
    notifier: Notifier,
    dispatcher: Dispatcher,
    acme: ApplicationId,
    notice: Notice,
}

fn peppers(locator: u8) -> Arc<codes::peppers::Peppers> {
    let key = |byte| vec![byte; 32].into();
    Arc::new(codes::peppers::Peppers::new(key(locator), key(200), None).expect("valid"))
}

impl World {
    async fn new() -> Self {
        let (clock, net) = (Arc::new(FakeClock::default()), Arc::new(Receiving::default()));
        let outbox = Arc::new(MemoryOutbox::new(clock.clone()));
        let notifier = Notifier::new(outbox, peppers(1), clock.clone());
        let dispatcher = Dispatcher::new(notifier.clone(), net.clone(), system());
        let acme = ApplicationId::parse("acme").expect("valid");
        let alice = Identifier::parse(IdentifierType::UserId, "alice").expect("valid");
        let code = CodeId::new(&Subject::from_bytes([7; 16]), [1; 16]);
        let notice = Notice::redeemed((&acme, &alice), clock.now(), &code);
        notifier.write(&acme, &notice).await.expect("memory serves");
        let receiver = Receiver {
            url: "https://hooks.acme.example".to_owned(),
            keys: Arc::new([SigningKey::generate(&system()).0]),
            max_lag: Receiver::MAX_LAG,
            private_addresses: false,
        };
        Self { clock, net, receiver, notifier, dispatcher, acme, notice }
    }

    /// Delivers the one that is due, to an answer.
    async fn deliver(&self, answer: Answer) -> Outcome {
        self.net.answers.lock().expect("no panic").push(answer);
        let mut due = self.dispatcher.take(&self.acme, 9).await.expect("memory serves");
        let entry = due.pop().expect("one is due");
        self.dispatcher.deliver(&self.acme, &self.receiver, &entry).await.expect("memory serves")
    }

    async fn waiting(&self) -> u64 {
        self.notifier.backlog(&self.acme).await.expect("memory serves").waiting
    }
}

#[tokio::test]
async fn every_attempt_has_the_same_id_and_a_signature_of_its_own_time() {
    let world = World::new().await;
    for attempt in 1..=3 {
        let failed = world.deliver(Ok(500)).await;
        assert_eq!(failed, Outcome::Failed("the receiver answered 500".to_owned()));
        world.clock.advance(Duration::from_secs(2 << attempt));
    }
    assert_eq!(world.deliver(Ok(204)).await, Outcome::Delivered);
    assert_eq!(world.waiting().await, 0);
    let received = world.net.received.lock().expect("no panic");
    assert_eq!(received.len(), 4);
    for (headers, body) in &*received {
        assert_eq!(headers.id, world.notice.id().as_str());
        assert_eq!(body, &world.notice.to_json());
        let sent_at = headers.timestamp.parse::<i64>().expect("a number");
        let sent_at = Timestamp::from_unix_millis(sent_at * 1000);
        assert_eq!(headers.verify(body, &world.receiver.keys[0].public(), sent_at), Ok(()));
    }
    let mut times: Vec<_> = received.iter().map(|(headers, _)| &headers.timestamp).collect();
    times.dedup();
    assert_eq!(times.len(), 4);
}

/// Nothing is lost, nothing comes under a second ID, and meanwhile no code is issued.
#[tokio::test]
async fn a_receiver_that_was_down_for_an_hour_gets_every_notice_within_the_longest_pause() {
    const NOTICES: u8 = 20;
    let world = World::new().await;
    let alice = Identifier::parse(IdentifierType::UserId, "alice").expect("valid");
    for number in 2..=NOTICES {
        let code = CodeId::new(&Subject::from_bytes([7; 16]), [number; 16]);
        let notice = Notice::redeemed((&world.acme, &alice), world.clock.now(), &code);
        world.notifier.write(&world.acme, &notice).await.expect("memory serves");
    }
    let serve_for = async |seconds: u32, answer: fn() -> Answer| {
        let mut taken = Vec::new();
        for _ in 0..seconds {
            for entry in world.dispatcher.take(&world.acme, 99).await.expect("memory serves") {
                world.net.answers.lock().expect("no panic").push(answer());
                let delivered = world.dispatcher.deliver(&world.acme, &world.receiver, &entry);
                if delivered.await.expect("memory serves") == Outcome::Delivered {
                    taken.push(entry.id);
                }
            }
            world.clock.advance(Duration::from_secs(1));
        }
        taken
    };
    let is_delayed = async || {
        let max_lag = Duration::from_secs(600);
        world.notifier.is_delayed(&world.acme, max_lag).await.expect("memory serves")
    };
    assert!(!is_delayed().await);
    assert_eq!(serve_for(3600, || Err(PostError("down".to_owned()))).await, []);
    assert!(is_delayed().await);
    let mut taken = serve_for(301, || Ok(200)).await;
    taken.sort();
    let every = taken.len();
    taken.dedup();
    assert_eq!((every, taken.len()), (usize::from(NOTICES), usize::from(NOTICES)));
    assert_eq!((world.waiting().await, is_delayed().await), (0, false));
}

#[tokio::test]
async fn what_the_receiver_will_never_take_is_dead_at_once() {
    for status in [400, 401, 403, 404, 410, 413, 422, 499] {
        let world = World::new().await;
        world.clock.advance(Duration::from_secs(1));
        let outcome = world.deliver(Ok(status)).await;
        assert!(matches!(outcome, Outcome::Dead(DeadLetter::Refused, _)), "{status}: {outcome:?}");
        let backlog = world.notifier.backlog(&world.acme).await.expect("memory serves");
        assert_eq!((backlog.waiting, backlog.lag), (0, Duration::from_secs(1)), "it was not told");
    }
    for answer in [301, 302, 307, 408, 425, 429, 500, 503, 599, 100] {
        let world = World::new().await;
        assert!(matches!(world.deliver(Ok(answer)).await, Outcome::Failed(_)), "{answer}");
        assert_eq!(world.waiting().await, 1);
    }
}

#[tokio::test]
async fn after_72_hours_a_notice_that_fails_is_dead_and_one_that_succeeds_is_not() {
    for (answer, is_dead) in
        [(Ok(500), true), (Err(PostError("down".to_owned())), true), (Ok(200), false)]
    {
        let world = World::new().await;
        world.clock.advance(RETENTION.saturating_sub(Duration::from_secs(60)));
        assert!(matches!(world.deliver(Ok(500)).await, Outcome::Failed(_)));
        world.clock.advance(Duration::from_secs(60));
        let outcome = world.deliver(answer).await;
        assert_eq!(
            matches!(outcome, Outcome::Dead(DeadLetter::Expired, _)),
            is_dead,
            "{outcome:?}"
        );
        assert_eq!(world.waiting().await, 0);
    }
}

#[tokio::test]
async fn a_notice_of_another_application_or_key_is_never_sent() {
    let world = World::new().await;
    let mut due = world.dispatcher.take(&world.acme, 1).await.expect("memory serves");
    let entry = due.pop().expect("one is due");
    let other = ApplicationId::parse("other").expect("valid");
    let stranger = Notifier { peppers: peppers(2), ..world.notifier.clone() };
    let stranger = Dispatcher { notifier: stranger, ..world.dispatcher.clone() };
    for (dispatcher, application) in [(&world.dispatcher, &other), (&stranger, &world.acme)] {
        let outcome = dispatcher.deliver(application, &world.receiver, &entry).await;
        let outcome = outcome.expect("memory serves");
        assert!(matches!(outcome, Outcome::Dead(DeadLetter::Unreadable, _)), "{outcome:?}");
    }
    assert!(world.net.received.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn the_link_to_disown_a_code_is_in_its_notice_alone() {
    let mut world = World::new().await;
    let sealed = world.dispatcher.take(&world.acme, 1).await.expect("memory serves");
    assert!(!sealed[0].sealed.windows(5).any(|bytes| bytes == b"alice"), "it waits encrypted");
    world.clock.advance(Duration::from_secs(60));
    world.dispatcher = world.dispatcher.with_links(Arc::new(OneLink));
    assert_eq!(world.deliver(Ok(200)).await, Outcome::Delivered);
    let received = world.net.received.lock().expect("no panic");
    let body = String::from_utf8(received[0].1.clone()).expect("UTF-8");
    assert!(body.contains(r#""not_me_url":"https://acme.example/not-me?t="#), "{body}");
}

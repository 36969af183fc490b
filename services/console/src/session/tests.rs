//! Sessions over the store in memory.

use clock::{Clock as _, FakeClock};
use codes::randomness;
use journeys::memory::MemoryJourneyStore;

use super::*;
use crate::tests::fixture::person;

struct Bench {
    clock: Arc<FakeClock>,
    sessions: Sessions,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::default());
        let store = Arc::new(MemoryJourneyStore::new(clock.clone()));
        let url = PublicUrl::parse("https://console.example").expect("a URL");
        let random = randomness::system();
        let vault = Arc::new(Vault::new(store, clock.clone()));
        Self { clock, sessions: Sessions::new(vault, random, &url) }
    }

    async fn begin(&self) -> Secret {
        let mut session = Session::begin(self.clock.now());
        session.person = Some(person(self.clock.now(), &[]));
        self.keep(session).await
    }

    async fn keep(&self, session: Session) -> Secret {
        let cookie = self.sessions.create(&session).await.expect("room");
        let pair = cookie.to_str().expect("ASCII").split(';').next().expect("a pair").to_owned();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_str(&pair).expect("ASCII"));
        self.sessions.secret(&headers).expect("our own")
    }

    async fn is_alive(&self, secret: &Secret) -> bool {
        self.sessions.change(secret, |_| ()).await.expect("the store serves").is_some()
    }
}

#[tokio::test]
async fn a_session_ends_after_a_quarter_of_an_hour_without_requests_and_after_eight_hours() {
    let bench = Bench::new();
    let secret = bench.begin().await;
    bench.clock.advance(IDLE);
    assert!(!bench.is_alive(&secret).await);

    let secret = bench.begin().await;
    let step = IDLE.saturating_sub(Duration::from_secs(1));
    let mut age = Duration::ZERO;
    while age + step < LONGEST {
        bench.clock.advance(step);
        age += step;
        assert!(bench.is_alive(&secret).await, "{age:?}");
    }
    bench.clock.advance(LONGEST.saturating_sub(age));
    assert!(!bench.is_alive(&secret).await);
}

#[tokio::test]
async fn a_session_without_a_person_ends_after_ten_minutes() {
    let bench = Bench::new();
    let secret = bench.keep(Session::begin(bench.clock.now())).await;
    for _ in 0..2 {
        assert!(bench.is_alive(&secret).await);
        bench.clock.advance(LONGEST_OF_STRANGERS / 2);
    }
    assert!(!bench.is_alive(&secret).await);
}

#[tokio::test]
async fn a_form_is_taken_once_also_by_requests_at_once() {
    let bench = Arc::new(Bench::new());
    let secret = Arc::new(bench.begin().await);
    bench.sessions.change(&secret, |it| it.add_form("a")).await.expect("the store serves");
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (bench, secret) = (Arc::clone(&bench), Arc::clone(&secret));
        requests.spawn(async move {
            bench.sessions.change(&secret, |it| it.take_form("a")).await.expect("it serves")
        });
    }
    let taken = requests.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken == Some(true)).count(), 1);
    let again = bench.sessions.change(&secret, |it| it.take_form("b")).await;
    assert_eq!(again.expect("it serves"), Some(false), "it was never handed out");
}

#[tokio::test]
async fn the_latest_forms_can_be_sent() {
    let bench = Bench::new();
    let secret = bench.begin().await;
    let counted = |session: &mut Session| {
        (0..=MAX_FORMS).for_each(|n| session.add_form(&n.to_string()));
        (session.take_form("0"), session.take_form("1"), session.take_form(&MAX_FORMS.to_string()))
    };
    let taken = bench.sessions.change(&secret, counted).await.expect("the store serves");
    assert_eq!(taken, Some((false, true, true)));
}

#[tokio::test]
async fn the_form_of_a_request_that_waits_outlives_thirty_look_ups() {
    let bench = Bench::new();
    let secret = bench.begin().await;
    let look_up = |session: &mut Session| {
        session.add_form("waiting");
        (0..60).for_each(|n| session.add_form(&n.to_string()));
        session.take_form("waiting")
    };
    let taken = bench.sessions.change(&secret, look_up).await.expect("the store serves");
    assert_eq!(taken, Some(true));
}

#[tokio::test]
async fn a_session_ends_at_sign_out() {
    let bench = Bench::new();
    let secret = bench.begin().await;
    bench.sessions.end(&secret).await.expect("the store serves");
    assert!(!bench.is_alive(&secret).await);
}

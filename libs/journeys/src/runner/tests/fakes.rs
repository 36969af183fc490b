//! Fakes of the ports.

mod grants;
mod verifier;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clock::FakeClock;
use codes::authentication::Authentication;
use codes::digest::Fingerprint;
use codes::facts::BrowserFamily;
use codes::ids::{ApplicationId, ClientId};
use codes::operations::Caller;
use definitions::{Journey, JourneyId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value};

use crate::ids::SessionKey;
use crate::memory::MemoryJourneyStore;
use crate::ports::{Advance, JourneyStore, MintError, MintTokens, StoreFault, Stored, UserTokens};
use crate::runner::{
    Answer, CLIENT_INPUT, Capacity, InputRequired, RunError, Runner, Start, Submission, Terms,
};

pub(super) use self::grants::FakeGrants;
pub(super) use self::verifier::{FakeVerifier, accepted, number_of, rejected};

pub(super) fn input(answer: Result<Answer, RunError>) -> InputRequired {
    match answer {
        Ok(Answer::InputRequired(input)) => input,
        other => panic!("not waiting: {other:?}"),
    }
}

#[derive(Default)]
pub(super) struct FakeMinter {
    fails: AtomicBool,
    minted: AtomicUsize,
    runs: Mutex<Vec<String>>,
}

impl FakeMinter {
    /// The runs for which journey tokens were minted.
    pub(super) fn runs(&self) -> Vec<String> {
        self.runs.lock().expect("a lock").clone()
    }

    pub(super) fn fail_once(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }

    pub(super) fn minted(&self) -> usize {
        self.minted.load(Ordering::SeqCst)
    }
}

impl MintTokens for FakeMinter {
    fn user_tokens(&self, _: &Authentication) -> Result<UserTokens, MintError> {
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err(MintError("no key".to_owned()));
        }
        self.minted.fetch_add(1, Ordering::SeqCst);
        Ok(UserTokens { access_token: "A".to_owned(), id_token: "I".to_owned() })
    }

    fn journey_token(
        &self,
        _: &ApplicationId,
        _: &ClientId,
        _: &JourneyId,
        run: &str,
        authentication: Option<&Authentication>,
    ) -> Result<String, MintError> {
        assert!(run.len() >= 22, "128 random bits");
        self.minted.fetch_add(1, Ordering::SeqCst);
        self.runs.lock().expect("a lock").push(run.to_owned());
        let user = authentication.map(|authentication| authentication.user.as_str());
        Ok(format!("journey token of {user:?}"))
    }
}

/// A store in memory that keeps everything that was ever written.
pub(super) struct SpyStore {
    store: MemoryJourneyStore,
    written: Mutex<Vec<String>>,
}

impl SpyStore {
    fn note(&self, key: &SessionKey, body: &[u8]) {
        let body = String::from_utf8_lossy(body);
        self.written.lock().expect("a lock").push(format!("{} {body}", key.as_str()));
    }

    pub(super) fn writes(&self) -> usize {
        self.written.lock().expect("a lock").len()
    }

    pub(super) fn everything(&self) -> String {
        self.written.lock().expect("a lock").join("\n")
    }
}

#[async_trait]
impl JourneyStore for SpyStore {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        lifetime: Duration,
    ) -> Result<(), StoreFault> {
        self.note(key, &body);
        self.store.create(key, body, lifetime).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        let stored = self.store.load(key).await;
        tokio::task::yield_now().await;
        stored
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        self.note(key, &body);
        self.store.advance(key, expected, body, lifetime).await
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        self.store.end(key).await
    }
}

/// How many journeys may wait.
pub(super) const CAPACITY: Capacity = Capacity { of_source: 2, in_all: 5 };

/// A runner, and the fakes around it.
pub(super) struct World {
    pub(super) runner: Runner,
    pub(super) journey: Arc<Journey>,
    pub(super) verifier: Arc<FakeVerifier>,
    pub(super) grants: Arc<FakeGrants>,
    pub(super) minter: Arc<FakeMinter>,
    pub(super) store: Arc<SpyStore>,
    pub(super) clock: Arc<FakeClock>,
    pub(super) caller: Caller,
}

impl World {
    pub(super) fn new(yaml: &str) -> Self {
        let journey = Journey::parse("j", yaml).map(Arc::new).expect("a journey");
        let clock = Arc::new(FakeClock::default());
        let store = MemoryJourneyStore::new(clock.clone());
        let store = Arc::new(SpyStore { store, written: Mutex::default() });
        Self::over(journey, store, clock)
    }

    /// Another replica over the same store.
    pub(super) fn replica(&self) -> Self {
        Self::over(Arc::clone(&self.journey), self.store.clone(), self.clock.clone())
    }

    fn over(journey: Arc<Journey>, store: Arc<SpyStore>, clock: Arc<FakeClock>) -> Self {
        // Two replicas never draw the same.
        static SEEDS: AtomicUsize = AtomicUsize::new(0);
        let (verifier, minter) = (Arc::<FakeVerifier>::default(), Arc::<FakeMinter>::default());
        let grants = Arc::new(FakeGrants::new(clock.clone()));
        let runner = Runner::new(
            store.clone(),
            verifier.clone(),
            grants.clone(),
            clock.clone(),
            Arc::new(|| {
                let seed = SEEDS.fetch_add(1, Ordering::SeqCst) as u64;
                Box::new(StdRng::seed_from_u64(seed))
            }),
            CAPACITY,
        );
        let caller = Caller {
            application: ApplicationId::parse("acme").expect("an application"),
            client: ClientId::parse("acme-web").expect("a client"),
            agent: None,
            is_service: false,
        };
        Self { runner, journey, verifier, grants, minter, store, clock, caller }
    }

    pub(super) fn start_request(params: Value) -> Start {
        let params = match params {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        Start::new(JourneyId::parse("j").expect("a journey"), params)
    }

    /// The terms of the client `acme-web`.
    pub(super) fn terms(&self) -> Terms<'_> {
        Terms { caller: &self.caller, tokens: &*self.minter, failures_allowed: 3 }
    }

    pub(super) async fn start_as(
        &self,
        name: Option<Fingerprint>,
        start: Start,
    ) -> Result<Answer, RunError> {
        self.runner.start(self.terms(), &self.journey, name, start).await
    }

    pub(super) async fn start(&self, params: Value) -> Result<Answer, RunError> {
        self.start_as(None, Self::start_request(params)).await
    }

    pub(super) fn submission(asked: &InputRequired, data: Value) -> Submission {
        Submission {
            session: asked.session.clone(),
            assertion_id: asked.assertion_id.clone(),
            challenge: asked.challenge.clone(),
            option: CLIENT_INPUT.to_owned(),
            data,
            idempotency_key: None,
            source: None,
            browser: BrowserFamily::default(),
            secret: None,
        }
    }

    pub(super) fn find(&self) -> impl Fn(&JourneyId) -> Option<Arc<Journey>> + Send {
        let journey = Arc::clone(&self.journey);
        move |id| (id == journey.id()).then(|| Arc::clone(&journey))
    }

    pub(super) async fn submit(
        &self,
        asked: &InputRequired,
        data: Value,
    ) -> Result<Answer, RunError> {
        self.submit_option(asked, CLIENT_INPUT, data).await
    }

    pub(super) async fn submit_option(
        &self,
        asked: &InputRequired,
        option: &str,
        data: Value,
    ) -> Result<Answer, RunError> {
        let submission = Submission { option: option.to_owned(), ..Self::submission(asked, data) };
        self.runner.submit(self.terms(), self.find(), submission).await
    }
}

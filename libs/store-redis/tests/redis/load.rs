//! Load: many clients issue, guess and redeem concurrently over separate connections, while a test
//! disturbs the servers. All outcomes are recorded and checked against the invariants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use codes::digest::{CodeDigest, Subject};
use store_redis::codes::RedisCodeStore;
use store_redis::connection::Connection;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cases::{Case, attempt, digest, drawn};
use crate::ledger::Ledger;

/// The number of simulated service processes.
const REPLICAS: usize = 3;

/// The number of clients.
const CLIENTS: usize = 8;

/// The pause of a client between two steps.
const PAUSE: Duration = Duration::from_millis(10);

/// The number of codes a client holds, so that some live through each disturbance.
const IN_HAND: usize = 24;

/// The number of answers for a code after which its client takes another.
const ASKED: usize = 5;

/// How long all calls must succeed for the service to count as recovered.
const CALM: Duration = Duration::from_millis(400);

/// The number of answers required during that time.
const AT_WORK: usize = 400;

/// The limit for a recovery.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running load.
pub(crate) struct Load {
    ledger: Arc<Mutex<Ledger>>,
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts clients for users of that kind.
    pub(crate) fn start(connect: impl Fn() -> Connection, subject: fn() -> Subject) -> Self {
        let stores: Vec<_> =
            (0..REPLICAS).map(|_| Arc::new(RedisCodeStore::new(connect()))).collect();
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let over = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|place| Client {
            stores: [0, 1].map(|next| Arc::clone(&stores[(place + next) % REPLICAS])),
            ledger: Arc::clone(&ledger),
            over: Arc::clone(&over),
            subject,
        });
        let clients = clients.map(|client| tokio::spawn(client.work())).collect();
        Self { ledger, over, clients }
    }

    /// Waits until calls have failed for that long.
    pub(crate) async fn outage(&self, long: Duration) {
        let began = Instant::now();
        while lock(&self.ledger).first_fault().is_none_or(|first| first.elapsed() < long) {
            assert!(began.elapsed() < PATIENCE, "no call fails");
            sleep(PAUSE).await;
        }
    }

    /// Waits until calls succeed and none fails for a while. Returns how long after that instant
    /// the service recovered, and how long some calls failed.
    pub(crate) async fn recovery(&self, after: Instant) -> (Duration, Duration) {
        let began = Instant::now();
        let mut answers = None;
        loop {
            {
                let mut ledger = lock(&self.ledger);
                let before = *answers.get_or_insert(ledger.answers());
                let is_calm = ledger.last_fault().is_none_or(|fault| fault.elapsed() > CALM);
                if is_calm && began.elapsed() > CALM && ledger.answers() > before + AT_WORK {
                    let (back, away) = ledger.back();
                    return (back.saturating_duration_since(after), away);
                }
                let fault = ledger.last_error();
                assert!(began.elapsed() < PATIENCE, "the service never comes back: {fault}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops all clients and returns the recorded outcomes.
    pub(crate) async fn stop(mut self) -> Ledger {
        self.over.store(true, Ordering::SeqCst);
        for client in self.clients.drain(..) {
            let ended = tokio::time::timeout(PATIENCE, client).await;
            ended.expect("no client hangs").expect("no client panics");
        }
        std::mem::take(&mut *lock(&self.ledger))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Client {
    stores: [Arc<RedisCodeStore>; 2],
    ledger: Arc<Mutex<Ledger>>,
    over: Arc<AtomicBool>,
    subject: fn() -> Subject,
}

impl Client {
    async fn work(self) {
        let mut hand: Vec<(Case, usize)> = vec![];
        while !self.over.load(Ordering::SeqCst) {
            let [what, which, ..] = drawn();
            let place = usize::from(which) % hand.len().max(1);
            if hand.len() < IN_HAND {
                // Some users ask again, which voids their earlier code.
                let again = hand.get(place).filter(|_| what < 40).map(|(case, _)| case.subject);
                let case = Case::of(again.unwrap_or_else(self.subject));
                if self.issue(&case).await {
                    hand.push((case, ASKED));
                }
            } else {
                let (case, left) = &mut hand[place];
                let told = match what {
                    0..130 => self.guess(0, case, digest()).await,
                    130..190 => self.guess(1, case, case.digest).await,
                    190.. => self.race(case).await,
                };
                *left -= usize::from(told);
                if *left == 0 {
                    hand.swap_remove(place);
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Issues a code. Returns whether there was an answer.
    async fn issue(&self, case: &Case) -> bool {
        let outcome = case.ask(&*self.stores[0], attempt()).await;
        lock(&self.ledger).issue(&outcome)
    }

    /// Enters the right code twice and a wrong one once, concurrently.
    async fn race(&self, case: &Case) -> bool {
        let (one, other, wrong) = futures_util::future::join3(
            self.guess(0, case, case.digest),
            self.guess(1, case, case.digest),
            self.guess(1, case, digest()),
        )
        .await;
        one || other || wrong
    }

    /// Guesses, and retries under the same id if there was no answer. Returns whether there was an
    /// answer in the end.
    async fn guess(&self, at: usize, case: &Case, guess: CodeDigest) -> bool {
        let attempt = attempt();
        for again in 0..3 {
            let began = Instant::now();
            let outcome = case.guess(&*self.stores[(at + again) % 2], guess, attempt).await;
            let is_right = guess.matches(&case.digest);
            if lock(&self.ledger).guess(case, is_right, attempt, began.elapsed(), &outcome) {
                return true;
            }
            sleep(PAUSE).await;
        }
        false
    }
}

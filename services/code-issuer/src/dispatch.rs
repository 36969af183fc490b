//! The task that delivers notices, for as long as the process serves. Every replica runs one: the outbox gives
//! each notice to one of them at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use codes::ids::ApplicationId;
use codes::randomness;
use config::Live;
use edge::notices::receiver;
use notices::dispatcher::{DeadLetter, Dispatcher, Links, Outcome};
use notices::notifier::Notifier;
use notices::outbox::{Backlog, Entry, OutboxError};
use notices::receiver::Receiver;
use telemetry::{Counter, Gauge, Seconds};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::webhooks::Webhooks;

/// How often the outbox is looked into.
const EVERY: Duration = Duration::from_millis(500);

/// How many notices of one application are under way at a time: a receiver that answers slowly delays no
/// other application.
const AT_A_TIME: usize = 16;

/// Delivers the notices of every application that has a receiver, with links if there is a page for them.
pub async fn dispatch(live: Arc<Live>, notifier: Notifier, links: Option<Arc<dyn Links>>) {
    let dispatcher = Dispatcher::new(notifier.clone(), Arc::new(Webhooks), randomness::system());
    let dispatcher = match links {
        Some(links) => dispatcher.with_links(links),
        None => dispatcher,
    };
    let metrics = Metrics::new();
    let mut under_way = BTreeMap::<ApplicationId, JoinSet<()>>::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let configuration = live.current();
        let applications = configuration.applications();
        let receivers: BTreeMap<_, _> =
            applications.filter_map(|it| Some((&it.id, receiver(it)?))).collect();
        under_way.retain(|application, sending| {
            while sending.try_join_next().is_some() {}
            receivers.contains_key(application) || !sending.is_empty()
        });
        let mut worst = Worst::default();
        for (application, receiver) in receivers {
            let sending = under_way.entry(application.clone()).or_default();
            let free = AT_A_TIME.saturating_sub(sending.len());
            match look(&dispatcher, &notifier, application, free).await {
                Ok((backlog, due)) => {
                    worst.add(&backlog, receiver);
                    for entry in due {
                        let send = Send {
                            dispatcher: dispatcher.clone(),
                            application: application.clone(),
                            receiver: receiver.clone(),
                            metrics: metrics.clone(),
                        };
                        sending.spawn(send.run(entry));
                    }
                }
                Err(error) => tracing::warn!(%error, "notices wait in their outbox"),
            }
        }
        metrics.tell(worst);
    }
}

/// How the notices of an application stand, and those that are to be delivered.
async fn look(
    dispatcher: &Dispatcher,
    notifier: &Notifier,
    application: &ApplicationId,
    limit: usize,
) -> Result<(Backlog, Vec<Entry>), OutboxError> {
    let backlog = notifier.backlog(application).await?;
    let is_idle = backlog.waiting == 0 || limit == 0;
    let due = if is_idle { Vec::new() } else { dispatcher.take(application, limit).await? };
    Ok((backlog, due))
}

/// One attempt to deliver.
struct Send {
    dispatcher: Dispatcher,
    application: ApplicationId,
    receiver: Receiver,
    metrics: Metrics,
}

impl Send {
    async fn run(self, entry: Entry) {
        let Self { dispatcher, application, receiver, metrics } = self;
        let (webhook_id, attempts) = (entry.id.as_str(), entry.attempts);
        match dispatcher.deliver(&application, &receiver, &entry).await {
            Ok(outcome) => {
                metrics.count(&outcome);
                match outcome {
                    Outcome::Delivered => {}
                    Outcome::Failed(reason) => {
                        tracing::warn!(%application, webhook_id, attempts, reason, "a notice failed");
                    }
                    Outcome::Dead(letter, reason) => tracing::error!(
                        %application,
                        webhook_id,
                        attempts,
                        reason,
                        "a notice is dead: {}; its user was not told",
                        letter.as_str()
                    ),
                }
            }
            Err(error) => {
                tracing::warn!(%application, webhook_id, %error, "a delivery could not be noted");
            }
        }
    }
}

/// Over all applications: how many notices wait, the longest lag, how many applications are delayed, and for
/// how many the lag does not count.
/// Metrics have no label that a configuration can set.
#[derive(Clone, Copy, Default)]
struct Worst {
    waiting: u64,
    lag: Duration,
    delayed: u64,
    suspended: u64,
}

impl Worst {
    fn add(&mut self, backlog: &Backlog, receiver: &Receiver) {
        self.waiting += backlog.waiting;
        self.lag = self.lag.max(backlog.lag);
        self.delayed += u64::from(backlog.is_delayed(receiver.max_lag));
        self.suspended += u64::from(backlog.suspended_until.is_some());
    }
}

/// The metrics of notices.
#[derive(Clone)]
struct Metrics {
    deliveries: Counter,
    dead: Counter,
    waiting: Gauge,
    lag: Seconds,
    delayed: Gauge,
    suspended: Gauge,
}

impl Metrics {
    fn new() -> Self {
        let deliveries =
            Counter::new("postern.notices.deliveries", "Attempts to deliver a notice.");
        for outcome in ["delivered", "failed"] {
            deliveries.begin(&[("postern.outcome", outcome)]);
        }
        let dead =
            Counter::new("postern.notices.dead_letters", "Notices that will not be delivered.");
        for letter in DeadLetter::ALL {
            dead.begin(&[("postern.reason", letter.as_str())]);
        }
        let says = "Applications for which no code is issued, since their notices are too late.";
        Self {
            deliveries,
            dead,
            waiting: Gauge::new("postern.notices.waiting", "Notices that wait to be delivered."),
            lag: Seconds::new(
                "postern.notices.lag",
                "How long no notice of an application was delivered although some wait; the longest.",
            ),
            delayed: Gauge::new("postern.notices.delayed_applications", says),
            suspended: Gauge::new(
                "postern.notices.suspended_applications",
                "Applications for which codes are issued however late their notices are.",
            ),
        }
    }

    fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered => self.deliveries.count(&[("postern.outcome", "delivered")]),
            Outcome::Failed(_) => self.deliveries.count(&[("postern.outcome", "failed")]),
            Outcome::Dead(letter, _) => self.dead.count(&[("postern.reason", letter.as_str())]),
        }
    }

    fn tell(&self, worst: Worst) {
        self.waiting.set(worst.waiting);
        self.lag.set(worst.lag.as_secs_f64());
        self.delayed.set(worst.delayed);
        self.suspended.set(worst.suspended);
    }
}

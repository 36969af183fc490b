//! The store of desks: each operation of the port as one call of its script.

mod names;
mod replies;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Timestamp};
use codes::ids::ApplicationId;
use codes::record::Attempt;
use codes::store::StoreError;
use desk::decide::{Case, Facts};
use desk::messages::Decision;
use desk::names::RequestId;
use desk::policy::Limits;
use desk::store::{
    About, Admission, Admit, Approval, Decide, DecideOutcome, DeskStore, Request, Stop, Stops,
};
use futures_util::future::try_join_all;

use crate::arguments::Arguments;
use crate::calls::Calls;
use crate::connection::Connection;
use crate::keys;
use crate::reply::{Reply, Unreadable};
use crate::scripts::{self, Script};

/// Keeps desks in Redis.
pub struct RedisDeskStore {
    connection: Connection,
    calls: Calls,
    clock: Option<Arc<dyn Clock>>,
}

impl RedisDeskStore {
    /// A store behind this connection, at the server's own time.
    pub fn new(connection: Connection) -> Self {
        Self { connection, calls: Calls::default(), clock: None }
    }

    /// The same store at an injected time, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The arguments that open every call.
    fn opening(&self, asked_at: Timestamp) -> Arguments {
        let opening = Arguments::default().number(asked_at.unix_millis());
        let opening = match &self.clock {
            Some(clock) => opening.number(clock.now().unix_millis()),
            None => opening.bytes(""),
        };
        let confirmed = if self.connection.confirms() { "confirmed" } else { "" };
        opening.bytes("").bytes(self.calls.next()).bytes(confirmed)
    }

    /// Runs a script and takes the first word of its reply.
    async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: Arguments,
    ) -> Result<(String, Reply), StoreError> {
        let words = self.connection.run_confirmed(script, keys, &arguments).await;
        let mut reply =
            Reply::new(words.map_err(|fault| StoreError::Unavailable(fault.to_string()))?);
        let word = reply.word()?;
        if word == "skewed" {
            return Err(StoreError::Skewed(Duration::from_millis(reply.number()?)));
        }
        Ok((word, reply))
    }
}

/// The keys and arguments that say what an issue is about, after the first key: see `desk_about.lua`.
fn about(
    application: &ApplicationId,
    first: String,
    about: &About,
    opening: Arguments,
) -> (Vec<String>, Arguments) {
    let agent = about.agent.as_ref().map(names::agent).unwrap_or_default();
    let group = about.group.as_ref().map(ToString::to_string).unwrap_or_default();
    let ticket = about.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
    let key = |name: String| keys::desk(application, name);
    let keys = vec![
        first,
        stops(application),
        key(format!("u:{}", about.subject)),
        key(format!("c:{agent}")),
        key(format!("g:{group}")),
        key(format!("t:{ticket}")),
    ];
    let once = if ticket.is_empty() { "" } else { "once" };
    let arguments = opening.bytes(agent).bytes(group).bytes(about.subject.as_bytes()).bytes(once);
    (keys, arguments)
}

fn stops(application: &ApplicationId) -> String {
    keys::desk(application, "stops")
}

fn waiting(application: &ApplicationId) -> String {
    keys::desk(application, "waiting")
}

fn request(application: &ApplicationId, id: RequestId) -> String {
    keys::desk(application, format_args!("r:{id}"))
}

fn admission(application: &ApplicationId, attempt: &Attempt) -> String {
    keys::desk(application, format_args!("a:{}", attempt.id))
}

fn limit(arguments: Arguments, limit: Option<u32>) -> Arguments {
    match limit {
        Some(limit) => arguments.number(limit),
        None => arguments.bytes(""),
    }
}

/// What is known of an issue without a store.
fn case(arguments: Arguments, case: &Case) -> Arguments {
    let Limits { agent_per_hour, group_per_hour, user_per_day } = case.limits;
    let arguments = arguments
        .number(u8::from(case.fields.is_some()))
        .number(u8::from(case.tier.is_some()))
        .bytes(case.cause.map_or("", |cause| cause.as_str()));
    let arguments =
        [user_per_day, agent_per_hour, group_per_hour].into_iter().fold(arguments, limit);
    arguments.number(u8::from(case.above_limits))
}

#[async_trait]
impl DeskStore for RedisDeskStore {
    async fn admit(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        command: Admit,
    ) -> Result<Admission, StoreError> {
        let Attempt { id, fingerprint } = command.attempt;
        let first = admission(application, &command.attempt);
        let opening = self.opening(asked_at);
        let (mut keys, arguments) = about(application, first, &command.about, opening);
        let arguments = arguments.bytes(id.as_bytes()).bytes(fingerprint.as_bytes());
        let arguments = case(arguments, &command.case);
        let (id, arguments) = match &command.approval {
            Approval::Ask { id, life, body } => {
                let arguments = arguments.bytes("ask").bytes(id.as_bytes());
                (*id, arguments.number(life.as_millis()).bytes(body))
            }
            Approval::Collect(id) => (*id, arguments.bytes("collect").bytes(id.as_bytes())),
        };
        keys.extend([waiting(application), request(application, id)]);
        let (word, mut reply) = self.run(&scripts::DESK_ADMIT, &keys, arguments).await?;
        replies::admission(&command.case, &word, &mut reply)
    }

    async fn settle(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        attempt: Attempt,
        collects: Option<RequestId>,
    ) -> Result<(), StoreError> {
        let (key, collect) = match collects {
            Some(id) => (request(application, id), "collect"),
            None => (admission(application, &attempt), ""),
        };
        let arguments = self
            .opening(asked_at)
            .bytes(attempt.id.as_bytes())
            .bytes(attempt.fingerprint.as_bytes())
            .bytes(collect);
        let (word, _) = self.run(&scripts::DESK_SETTLE, &[key], arguments).await?;
        if word == "settled" { Ok(()) } else { Err(Unreadable.into()) }
    }

    async fn facts(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        asked: About,
    ) -> Result<Facts, StoreError> {
        let opening = self.opening(asked_at);
        let (keys, arguments) = about(application, stops(application), &asked, opening);
        let (word, mut reply) = self.run(&scripts::DESK_FACTS, &keys, arguments).await?;
        if word == "facts" { Ok(replies::facts(&mut reply)?) } else { Err(Unreadable.into()) }
    }

    async fn stops(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Stops, StoreError> {
        let (keys, arguments) = ([stops(application)], self.opening(asked_at));
        let (word, mut reply) = self.run(&scripts::DESK_STOPS, &keys, arguments).await?;
        if word == "stops" { Ok(replies::stops(&mut reply)?) } else { Err(Unreadable.into()) }
    }

    async fn stop(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        stop: Stop,
    ) -> Result<bool, StoreError> {
        let opening = self.opening(asked_at);
        let arguments = match stop {
            Stop::Brake(scope, life) => {
                opening.bytes("brake").bytes(names::scope(&scope)).number(life.as_millis())
            }
            Stop::Release(scope) => opening.bytes("lift").bytes(names::scope(&scope)),
            Stop::Thaw(agent) => opening.bytes("lift").bytes(names::frozen(&agent)),
        };
        let keys = [stops(application)];
        let (word, _) = self.run(&scripts::DESK_STOP, &keys, arguments).await?;
        match word.as_str() {
            "changed" => Ok(true),
            "same" => Ok(false),
            _ => Err(Unreadable.into()),
        }
    }

    /// Reads the list, then each request: one that is decided meanwhile may still be returned.
    async fn requests(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Vec<Request>, StoreError> {
        let (keys, arguments) = ([waiting(application)], self.opening(asked_at));
        let (word, mut reply) = self.run(&scripts::DESK_REQUESTS, &keys, arguments).await?;
        if word != "requests" {
            return Err(Unreadable.into());
        }
        let ids = replies::request_ids(&mut reply)?;
        let each = ids.into_iter().map(|id| self.request(application, asked_at, id));
        let mut requests: Vec<_> = try_join_all(each).await?.into_iter().flatten().collect();
        requests.sort_by_key(|request| (request.expires_at, request.id));
        Ok(requests)
    }

    async fn request(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        id: RequestId,
    ) -> Result<Option<Request>, StoreError> {
        let (keys, arguments) = ([request(application, id)], self.opening(asked_at));
        let (word, mut reply) = self.run(&scripts::DESK_REQUEST, &keys, arguments).await?;
        match word.as_str() {
            "request" => Ok(Some(replies::request(id, &mut reply)?)),
            "none" => Ok(None),
            _ => Err(Unreadable.into()),
        }
    }

    async fn decide(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        Decide { id, approver, requester, decision }: Decide,
    ) -> Result<DecideOutcome, StoreError> {
        let [approver, requester] = [approver, requester].map(|agent| names::agent(&agent));
        let pair = |by: &str, of: &str| keys::desk(application, format_args!("p:{by} {of}"));
        let keys = [
            request(application, id),
            waiting(application),
            pair(&approver, &requester),
            pair(&requester, &approver),
        ];
        let said = match decision {
            Decision::Approve => "approve",
            Decision::Deny => "deny",
        };
        let arguments = self.opening(asked_at).bytes(id.as_bytes()).bytes(approver).bytes(said);
        let (word, mut reply) = self.run(&scripts::DESK_DECIDE, &keys, arguments).await?;
        Ok(replies::decided(&word, &mut reply)?)
    }
}

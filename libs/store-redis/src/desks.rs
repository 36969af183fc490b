//! The store of desks: each operation of the port as one call of its script.

mod names;
mod replies;
mod requests;

use std::sync::Arc;

use async_trait::async_trait;
use clock::{Clock, Timestamp};
use codes::ids::ApplicationId;
use codes::record::Attempt;
use codes::store::StoreError;
use desk::decide::Facts;
use desk::messages::Decision;
use desk::names::RequestId;
use desk::store::{
    About, Admission, Admit, Approval, Decide, DecideOutcome, DeskStore, Request, Stop, Stops,
};
use futures_util::future::try_join_all;

use self::requests::{about, admission, case, issues_by, pair, request, stops, waiting};
use crate::opening::{Injected, OpenedCalls};
use crate::reply::Unreadable;
use crate::scripts;
use redis_connection::Connection;

/// Keeps desks in Redis.
pub struct RedisDeskStore {
    calls: OpenedCalls,
}

impl RedisDeskStore {
    /// A store behind this connection, at the server's own time.
    pub fn new(connection: Connection) -> Self {
        Self { calls: OpenedCalls::new(connection) }
    }

    /// The same store at an injected time, for tests.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { calls: self.calls.at(Injected { clock, fence: Box::new(String::new) }) }
    }

    /// The requests that wait for a decision.
    async fn waiting_ids(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Vec<RequestId>, StoreError> {
        let (keys, arguments) = ([waiting(application)], self.calls.opening(asked_at));
        let (word, mut reply) = self.calls.run(&scripts::DESK_REQUESTS, &keys, arguments).await?;
        match word.as_str() {
            "requests" => Ok(replies::request_ids(&mut reply)?),
            _ => Err(Unreadable.into()),
        }
    }
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
        let collects = matches!(command.approval, Approval::Collect(_));
        let opening = if collects {
            self.calls.acknowledged_opening(asked_at)
        } else {
            self.calls.opening(asked_at)
        };
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
        let (word, mut reply) = if collects {
            self.calls.run_acknowledged(&scripts::DESK_ADMIT, &keys, arguments).await?
        } else {
            self.calls.run(&scripts::DESK_ADMIT, &keys, arguments).await?
        };
        let admission = replies::admission(&command.case, &word, &mut reply)?;
        if admission == Admission::Froze {
            // A write after the freeze: once a replica has it, it has the freeze.
            let keys = [stops(application)];
            let arguments = self.calls.acknowledged_opening(asked_at);
            self.calls.run_acknowledged(&scripts::DESK_STOPS, &keys, arguments).await?;
        }
        Ok(admission)
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
            .calls
            .opening(asked_at)
            .bytes(attempt.id.as_bytes())
            .bytes(attempt.fingerprint.as_bytes())
            .bytes(collect);
        let (word, _) = self.calls.run(&scripts::DESK_SETTLE, &[key], arguments).await?;
        if word == "settled" { Ok(()) } else { Err(Unreadable.into()) }
    }

    async fn facts(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        asked: About,
    ) -> Result<Facts, StoreError> {
        let opening = self.calls.opening(asked_at);
        let (keys, arguments) = about(application, stops(application), &asked, opening);
        let (word, mut reply) = self.calls.run(&scripts::DESK_FACTS, &keys, arguments).await?;
        if word == "facts" { Ok(replies::facts(&mut reply)?) } else { Err(Unreadable.into()) }
    }

    async fn stops(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<Stops, StoreError> {
        let (keys, arguments) = ([stops(application)], self.calls.opening(asked_at));
        let (word, mut reply) = self.calls.run(&scripts::DESK_STOPS, &keys, arguments).await?;
        if word == "stops" { Ok(replies::stops(&mut reply)?) } else { Err(Unreadable.into()) }
    }

    async fn stop(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        stop: Stop,
    ) -> Result<bool, StoreError> {
        let (mut keys, opening) =
            (vec![stops(application)], self.calls.acknowledged_opening(asked_at));
        let arguments = match stop {
            Stop::Brake(scope, life) => {
                opening.bytes("brake").bytes(names::scope(&scope)).number(life.as_millis())
            }
            Stop::Release(scope) => opening.bytes("lift").bytes(names::scope(&scope)),
            Stop::Thaw(agent) => {
                keys.push(issues_by(application, &names::agent(&agent)));
                opening.bytes("lift").bytes(names::frozen(&agent))
            }
        };
        let (word, _) = self.calls.run_acknowledged(&scripts::DESK_STOP, &keys, arguments).await?;
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
        let ids = self.waiting_ids(application, asked_at).await?;
        let each = ids.into_iter().map(|id| self.request(application, asked_at, id));
        let mut requests: Vec<_> = try_join_all(each).await?.into_iter().flatten().collect();
        requests.sort_by_key(|request| (request.expires_at, request.id));
        Ok(requests)
    }

    async fn waiting(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self.waiting_ids(application, asked_at).await?.len())
    }

    async fn request(
        &self,
        application: &ApplicationId,
        asked_at: Timestamp,
        id: RequestId,
    ) -> Result<Option<Request>, StoreError> {
        let (keys, arguments) = ([request(application, id)], self.calls.opening(asked_at));
        let (word, mut reply) = self.calls.run(&scripts::DESK_REQUEST, &keys, arguments).await?;
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
        let keys = [
            request(application, id),
            waiting(application),
            pair(application, &approver, &requester),
            pair(application, &requester, &approver),
        ];
        let said = match decision {
            Decision::Approve => "approve",
            Decision::Deny => "deny",
        };
        let arguments =
            self.calls.opening(asked_at).bytes(id.as_bytes()).bytes(approver).bytes(said);
        let (word, mut reply) = self.calls.run(&scripts::DESK_DECIDE, &keys, arguments).await?;
        Ok(replies::decided(&word, &mut reply)?)
    }
}

//! Random histories: for any actions in any order, the invariants hold, and two stores show the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clock::{Clock as _, Timestamp};
use codes::ids::CodeId;
use codes::issuer::Issuance;
use proptest::prelude::*;

use super::room::{agent_of, collecting, keyed};
use super::{Bench, Room};
use crate::messages::{Decided, Decision, DeskIssuance, Pending};
use crate::names::{Group, RequestId, Scope};
use crate::policy::{AGENT_WINDOW, DeskSettings, Limits};
use crate::request::Ask;
use crate::rule::Rule;
use crate::store::{ADMISSION_WINDOW, About, Stop};

const AGENTS: [&str; 3] = ["ada", "bob", "eve"];
const USERS: [&str; 4] = ["jane", "john", "root", "root2"];

/// Of each agent within an hour; twice as many with approval.
const LIMIT: u32 = 3;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// An agent asks for a user's code, without a reason if the last is true.
    Issue(usize, usize, bool),
    /// The latest issue comes again under its key.
    Retry,
    /// An issue that waits is repeated with the id of its request, under a key of its own or another.
    Collect(usize, bool),
    /// An agent decides on a request.
    Decide(usize, usize, bool),
    /// A brake is set, for so many seconds.
    Brake(usize, u64),
    /// A brake is lifted.
    Release(usize),
    /// An agent is free again.
    Thaw(usize),
    /// Time passes.
    Wait(u64),
}

/// Any operation, weighted so that histories reach limits, and the ends of windows and requests.
pub fn op() -> impl Strategy<Value = Op> {
    let pause = prop_oneof![1..10_u64, 110..130_u64, 890..910_u64, 3500..3700_u64];
    prop_oneof![
        8 => (0..3_usize, 0..4_usize, prop::bool::weighted(0.1))
            .prop_map(|(agent, user, bare)| Op::Issue(agent, user, bare)),
        2 => Just(Op::Retry),
        4 => (0..4_usize, any::<bool>()).prop_map(|(at, same)| Op::Collect(at, same)),
        4 => (0..3_usize, 0..4_usize, prop::bool::weighted(0.8))
            .prop_map(|(agent, at, yes)| Op::Decide(agent, at, yes)),
        1 => (0..3_usize, 1..200_u64).prop_map(|(scope, seconds)| Op::Brake(scope, seconds)),
        1 => (0..3_usize).prop_map(Op::Release),
        1 => (0..3_usize).prop_map(Op::Thaw),
        2 => pause.prop_map(Op::Wait),
    ]
}

fn scope(at: usize) -> Scope {
    let group = Group::parse("outsourced").expect("a group");
    [Scope::Application, Scope::Group(group), Scope::Agent(agent_of("ada"))][at].clone()
}

/// What an observer expects of a desk.
#[derive(Default)]
struct Witness {
    latest: Option<(usize, Ask)>,
    waiting: Vec<(usize, Ask, Pending)>,
    approved: BTreeSet<RequestId>,
    /// The code that was returned for each admission, which its key or its request names; and until
    /// when a key names it.
    codes: BTreeMap<String, (CodeId, Option<Timestamp>)>,
    /// The end of each agent's window, and the issues that it counts.
    windows: BTreeMap<usize, (Timestamp, u32)>,
    brakes: BTreeMap<usize, Timestamp>,
}

/// Plays a history and checks every step of it. Returns what each step showed, without ids.
pub async fn keeps_the_invariants(bench: Bench, ops: &[Op]) -> Vec<String> {
    let limits =
        Limits { agent_per_hour: Some(LIMIT), group_per_hour: Some(7), user_per_day: None };
    let room = Room::new(bench, DeskSettings { limits, ..Room::settings() });
    let mut witness = Witness::default();
    let mut seen = Vec::new();
    for (step, op) in ops.iter().enumerate() {
        seen.push(witness.step(&room, step, *op).await);
        let now = room.world.bench.clock.now();
        let about = AGENTS.map(|agent| About {
            subject: codes::digest::Subject::from_bytes([0; 16]),
            agent: Some(agent_of(agent)),
            group: Group::parse("outsourced").ok(),
            ticket: None,
        });
        for about in about {
            let facts = room.store().facts(room.application(), now, about).await;
            seen.push(format!("{:?}", facts.expect("the store answers")));
        }
    }
    seen
}

impl Witness {
    async fn step(&mut self, room: &Room, step: usize, op: Op) -> String {
        let now = room.world.bench.clock.now();
        match op {
            Op::Wait(seconds) => room.wait(Duration::from_secs(seconds)),
            Op::Issue(agent, user, is_bare) => {
                let mut ask = keyed(&room.ask(USERS[user]), &format!("key-{step}"));
                if is_bare {
                    ask.issue.context.reason = None;
                }
                self.latest = Some((agent, ask));
                return self.ask(room, now).await;
            }
            Op::Retry => return self.ask(room, now).await,
            Op::Collect(at, is_own_key) => {
                let newest = self.waiting.iter().rev().nth(at).cloned();
                let Some((agent, ask, Pending { request_id, .. })) = newest else {
                    return String::new();
                };
                let key = if is_own_key { "own".to_owned() } else { format!("other-{step}") };
                let ask = collecting(&keyed(&ask, &format!("{key}-{request_id}")), request_id);
                self.latest = Some((agent, ask));
                return self.ask(room, now).await;
            }
            Op::Decide(agent, at, is_yes) => {
                let newest = self.waiting.iter().rev().nth(at).cloned();
                let Some((requester, _, pending)) = newest else { return String::new() };
                let decision = if is_yes { Decision::Approve } else { Decision::Deny };
                let decided = room.decide(AGENTS[agent], pending.request_id, decision).await;
                return match decided {
                    Decided::Done { is_mutual, .. } => {
                        assert_ne!(agent, requester, "I24");
                        if is_yes {
                            self.approved.insert(pending.request_id);
                        }
                        format!("decided, mutual: {is_mutual}")
                    }
                    other => format!("{other:?}"),
                };
            }
            Op::Brake(at, seconds) => {
                let life = Duration::from_secs(seconds);
                let has_changed = room.stop(Stop::Brake(scope(at), life)).await;
                let end = self.brakes.entry(at).or_default();
                *end = (*end).max(now + life);
                return format!("{has_changed}");
            }
            Op::Release(at) => {
                self.brakes.remove(&at);
                return format!("{}", room.stop(Stop::Release(scope(at))).await);
            }
            Op::Thaw(agent) => {
                let was_frozen = room.stop(Stop::Thaw(agent_of(AGENTS[agent]))).await;
                if was_frozen {
                    self.windows.remove(&agent);
                }
                return format!("{was_frozen}");
            }
        }
        String::new()
    }

    /// Sends the latest ask.
    async fn ask(&mut self, room: &Room, now: Timestamp) -> String {
        let Some((agent, ask)) = self.latest.clone() else { return String::new() };
        let issuance = room.issue(AGENTS[agent], &ask).await;
        match &issuance {
            DeskIssuance::Decided(Issuance::Issued(code)) => {
                self.is_entitled(agent, &ask, &code.code_id, now);
                format!("issued until {}", code.expires_at)
            }
            DeskIssuance::Pending(_, pending) => {
                let known = self.waiting.iter().any(|(.., it)| it == pending);
                if !known {
                    assert!(self.count(agent, now) <= 2 * LIMIT, "I25: twice the limit");
                    let plain = Ask { request_id: None, ..ask };
                    self.waiting.push((agent, plain, *pending));
                }
                format!("pending: {:?} until {}", pending.cause, pending.expires_at)
            }
            DeskIssuance::Refused(_, rule) => {
                if matches!(rule, Rule::Brake { .. }) {
                    assert!(self.is_braked(agent, now), "no brake is set");
                }
                format!("{rule:?}")
            }
            DeskIssuance::Froze(_) => "froze".to_owned(),
            DeskIssuance::Decided(refused) => format!("{refused:?}"),
            DeskIssuance::AgentRequired => panic!("every call has an agent"),
        }
    }

    fn is_braked(&self, agent: usize, now: Timestamp) -> bool {
        let stops = |(at, until): (&usize, &Timestamp)| (*at < 2 || agent == 0) && now < *until;
        self.brakes.iter().any(stops)
    }

    /// Whether the policy allows the code that was returned.
    fn is_entitled(&mut self, agent: usize, ask: &Ask, code: &CodeId, now: Timestamp) {
        assert!(!self.is_braked(agent, now), "I30");
        assert!(ask.issue.context.reason.is_some(), "I23");
        let admission = match ask.request_id {
            Some(id) => id.to_string(),
            None => ask.issue.idempotency_key.as_ref().expect("each has a key").to_string(),
        };
        let known = self.codes.get(&admission);
        if let Some((known, _)) = known.filter(|(_, until)| until.is_none_or(|it| now < it)) {
            assert_eq!(known, code, "I24, I25: one code for each admission");
            return;
        }
        let until = ask.request_id.is_none().then(|| now + ADMISSION_WINDOW);
        self.codes.insert(admission, (code.clone(), until));
        if let Some(id) = ask.request_id {
            assert!(self.approved.contains(&id), "I23: nobody approved");
            return;
        }
        assert!(!ask.issue.user.value().starts_with("root"), "I23: privileged, without approval");
        assert!(self.count(agent, now) <= LIMIT, "I25");
    }

    /// Counts an issue of the agent; returns how many the window has.
    fn count(&mut self, agent: usize, now: Timestamp) -> u32 {
        let (ends, number) = self.windows.entry(agent).or_default();
        if now >= *ends {
            (*ends, *number) = (now + AGENT_WINDOW, 0);
        }
        *number += 1;
        *number
    }
}

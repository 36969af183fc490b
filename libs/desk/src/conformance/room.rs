//! The use case over a store under test, and what every case needs of it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use clock::Clock as _;
use codes::audit::Context;
use codes::conformance::{World, request, user};
use codes::directory::{DirectoryError, OpaqueDirectory};
use codes::ids::{Agent, AgentId, ApplicationId, IdempotencyKey, ProviderId};
use codes::issuer::{Issuance, IssueRequest, IssuedCode, Planned};
use codes::operations::{Caller, OperationError};
use codes::store::StoreError;
use codes::user::{Identifier, UserId};

use super::Bench;
use crate::decide::Facts;
use crate::desk::{Desk, House};
use crate::messages::{Decided, Decision, DeskIssuance, Explained, Pending, RequestView};
use crate::names::{Group, RequestId, Tier};
use crate::policy::{AgentRule, Approval, DeskPolicy, DeskSettings, Limits, Requirement};
use crate::request::{Ask, Standing};
use crate::rule::Rule;
use crate::store::{Admission, DeskStore, Stop};
use crate::ticket::TicketRule;
use crate::tiers::Tiers;

/// A desk over a store, with one policy and an application of its own.
pub struct Room {
    /// The codes behind it.
    pub world: World,
    /// The use case.
    pub desk: Desk,
    /// The policy of every operation.
    pub policy: DeskPolicy,
}

/// Users named `root…` are privileged; of users named `ghost…` the directory knows no tier.
struct ByName;

#[async_trait]
impl Tiers for ByName {
    async fn tier_of(
        &self,
        _: &ApplicationId,
        user: &UserId,
    ) -> Result<Option<Tier>, DirectoryError> {
        let name = user.as_str();
        let tier = if name.starts_with("root") { Tier::parse("privileged").ok() } else { None };
        Ok(if name.starts_with("ghost") { None } else { Some(tier.unwrap_or_default()) })
    }
}

impl Room {
    /// The settings that most cases begin with: two of each limit but for the user, who has ten, and
    /// approval for privileged users and above limits.
    pub fn settings() -> DeskSettings {
        let ticket = TicketRule::new("INC[0-9]+", true).expect("a pattern");
        let limits =
            Limits { agent_per_hour: Some(2), group_per_hour: Some(4), user_per_day: Some(10) };
        let privileged = Tier::parse("privileged").expect("a tier");
        let approval =
            Approval { tiers: [privileged].into(), above_limits: true, ..Approval::default() };
        DeskSettings {
            agent: AgentRule::Verified,
            require: [Requirement::Reason, Requirement::TicketRef].into(),
            ticket: Some(ticket),
            verification_methods: BTreeSet::new(),
            limits,
            approval: Some(approval),
        }
    }

    /// Settings with limits that no case reaches, and no approval.
    pub fn generous() -> DeskSettings {
        let most = Some(DeskPolicy::MAX_LIMIT);
        let limits = Limits { agent_per_hour: most, group_per_hour: most, user_per_day: most };
        DeskSettings { limits, approval: None, ..Self::settings() }
    }

    /// A room with these settings.
    pub fn new(bench: Bench, settings: DeskSettings) -> Self {
        let Bench { codes, store } = bench;
        let mut world = World::new(codes);
        // One store serves many tests: an application of its own.
        let drawn: [u8; 16] = codes::randomness::bytes(&codes::randomness::system());
        let unique = format!("desk-{}", RequestId::from_bytes(drawn));
        world.caller.application = ApplicationId::parse(&unique).expect("valid");
        let desk = Desk::new(world.operations(), store);
        Self { world, desk, policy: DeskPolicy::new(settings).expect("valid settings") }
    }

    /// The same application with the same client, over another store.
    #[must_use]
    pub fn over(&self, bench: Bench) -> Self {
        let mut other = Self::new(bench, self.policy.settings().clone());
        other.world.caller = self.world.caller.clone();
        other
    }

    /// The store under test.
    pub fn store(&self) -> &dyn DeskStore {
        &*self.desk.store
    }

    /// The application.
    pub fn application(&self) -> &ApplicationId {
        &self.world.caller.application
    }

    /// What the application brings.
    pub fn house(&self) -> House<'_> {
        House {
            codes: &self.world.policy,
            desk: &self.policy,
            directory: &OpaqueDirectory,
            tiers: &ByName,
        }
    }

    /// A call for an agent.
    pub fn by(&self, agent: &str) -> Caller {
        Caller { agent: Some(agent_of(agent)), ..self.world.caller.clone() }
    }

    /// An issue with everything that the policy requires, each user with a ticket.
    pub fn ask(&self, name: &str) -> Ask {
        let number: u32 = name.bytes().map(u32::from).fold(7, |sum, it| sum * 31 % 999_983 + it);
        let context = Context {
            reason: Some("lost phone".to_owned()),
            ticket_ref: Some(format!("INC{number}")),
            ..Context::default()
        };
        Ask {
            issue: IssueRequest { context, ..request(&user(name)) },
            standing: standing(),
            pairing_confirmed: false,
            request_id: None,
        }
    }

    /// Asks for a code. Under a key it asks again where a busy machine exceeds a store's deadline.
    pub async fn issue(&self, agent: &str, ask: &Ask) -> DeskIssuance {
        loop {
            match self.desk.issue(&self.by(agent), self.house(), ask).await {
                Ok(issuance) => return issuance,
                Err(OperationError::Store(StoreError::Unavailable(_)))
                    if ask.issue.idempotency_key.is_some() => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// Asks for a code for a user, with everything that the policy requires.
    pub async fn issue_for(&self, agent: &str, name: &str) -> DeskIssuance {
        self.issue(agent, &self.ask(name)).await
    }

    /// Admits an issue whose service dies before it issues the code.
    pub async fn admit(&self, agent: &str, ask: &Ask) -> Admission {
        let (caller, house) = (self.by(agent), self.house());
        let planned =
            self.world.issuer().plan(&caller, house.codes, house.directory, &ask.issue).await;
        let Ok(Planned::Ready(plan)) = planned else { panic!("no plan") };
        let tier = house.tiers.tier_of(self.application(), plan.user()).await.expect("a tier");
        let command = self.desk.admission(&caller, house.desk, ask, &plan, tier.as_ref());
        let now = self.world.bench.clock.now();
        self.store().admit(self.application(), now, command).await.expect("the store answers")
    }

    /// Asks for a user's code under a key, which must be granted.
    pub async fn insist(&self, agent: &str, name: &str, key: &str) -> IssuedCode {
        let ask = keyed(&self.ask(name), &format!("{name}-{key}"));
        issued(self.issue(agent, &ask).await)
    }

    /// The facts about an issue for a user.
    pub async fn facts(&self, agent: &str, name: &str) -> Facts {
        let explained = self.desk.explain(&self.by(agent), self.house(), &self.ask(name)).await;
        match explained.expect("the store answers") {
            Explained::Policy(explanation) => explanation.facts,
            refused @ Explained::Refused(_) => panic!("{refused:?}"),
        }
    }

    /// The request of that ID, as a decision needs it.
    pub async fn find(&self, id: RequestId) -> Option<RequestView> {
        let found = self.desk.find_request(&self.world.caller.application, id).await;
        found.expect("the store answers")
    }

    /// Decides on a request.
    pub async fn decide(&self, agent: &str, id: RequestId, decision: Decision) -> Decided {
        let (by, request) = (self.by(agent), self.find(id).await);
        let decided = self.desk.decide_request(&by, &standing(), request, decision).await;
        decided.expect("the store answers")
    }

    /// Approves a request, which must succeed.
    pub async fn approve(&self, agent: &str, id: RequestId) {
        let decided = self.decide(agent, id, Decision::Approve).await;
        assert!(matches!(decided, Decided::Done { .. }), "{decided:?}");
    }

    /// Sets or lifts a stop; returns whether that changed anything.
    pub async fn stop(&self, stop: Stop) -> bool {
        let now = self.world.bench.clock.now();
        self.store().stop(self.application(), now, stop).await.expect("the store answers")
    }

    /// Lets a time pass but for its end.
    pub fn wait_short_of(&self, time: Duration, by: Duration) {
        self.wait(time.saturating_sub(by));
    }

    /// Lets time pass.
    pub fn wait(&self, time: Duration) {
        self.world.bench.clock.advance(time);
    }
}

/// The agent of that name.
pub fn agent_of(name: &str) -> Agent {
    Agent {
        provider: ProviderId::parse("acme").expect("valid"),
        id: AgentId::parse(name).expect("valid"),
    }
}

/// What every agent may do.
pub(super) fn standing() -> Standing {
    let privileged = Tier::parse("privileged").expect("a tier");
    let group = Group::parse("outsourced").expect("a group");
    Standing { group: Some(group), tiers: [Tier::default(), privileged].into() }
}

/// The same issue under a key.
pub fn keyed(ask: &Ask, key: &str) -> Ask {
    let key = IdempotencyKey::parse(key).expect("valid");
    Ask { issue: IssueRequest { idempotency_key: Some(key), ..ask.issue.clone() }, ..ask.clone() }
}

/// The same issue, which collects an approval.
pub fn collecting(ask: &Ask, id: RequestId) -> Ask {
    Ask { request_id: Some(id), ..ask.clone() }
}

/// The code that must have been issued.
pub fn issued(issuance: DeskIssuance) -> IssuedCode {
    match issuance {
        DeskIssuance::Decided(Issuance::Issued(code)) => code,
        other => panic!("no code: {other:?}"),
    }
}

/// The request that must wait.
pub fn pending(issuance: &DeskIssuance) -> Pending {
    match issuance {
        DeskIssuance::Pending(_, pending) => *pending,
        other => panic!("no request: {other:?}"),
    }
}

/// The rule that must have refused.
pub fn refused(issuance: &DeskIssuance) -> &Rule {
    match issuance {
        DeskIssuance::Refused(_, rule) => rule,
        DeskIssuance::Froze(_) => &Rule::FrozenAgent,
        other => panic!("no refusal: {other:?}"),
    }
}

/// The user of that name.
pub(super) fn named(name: &str) -> Identifier {
    user(name)
}

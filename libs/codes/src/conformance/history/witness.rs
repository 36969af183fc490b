//! One user's part of a history, and the invariants that every step of it must keep.

mod guesses;
mod issues;
mod repudiations;
mod retries;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use clock::{Clock as _, Timestamp};

use self::repudiations::Repudiations;
use self::retries::Sent;
use super::outcomes::Outcomes;
use super::{Sight, Spot, Typed};
use crate::conformance::{Place, World, wrong};
use crate::ids::CodeId;
use crate::issuer::{IssueRequest, IssuedCode};
use crate::pairing::PairingNumber;
use crate::record::{CodeState, Description, Lockout};
use crate::user::Identifier;

/// What a history is checked against: an observer's notes about one user.
pub(super) struct Witness {
    user: Identifier,
    /// The user's own journey.
    journey: Place,
    /// The journey's latest number and its expiry.
    number: Option<(PairingNumber, Timestamp)>,
    codes: Vec<IssuedCode>,
    /// The incarnation of the primary that issued each code.
    behind: HashMap<CodeId, u32>,
    /// The code that the present one superseded, if it was live.
    replaced: Option<String>,
    compared: HashMap<CodeId, u32>,
    /// The failures at each code, by source.
    by_source: HashMap<(CodeId, Option<IpAddr>), u32>,
    spent: HashSet<CodeId>,
    /// When the hour's window of codes ends, and how many were issued in it.
    hour: (Timestamp, u32),
    outcomes: Outcomes,
    last_issue: Option<(Timestamp, IssueRequest)>,
    last: Option<Sent>,
    repudiations: Repudiations,
}

impl Witness {
    pub(super) fn new(world: &World) -> Self {
        Self {
            user: world.stranger(),
            journey: world.journey(),
            number: None,
            codes: Vec::new(),
            behind: HashMap::new(),
            replaced: None,
            compared: HashMap::new(),
            by_source: HashMap::new(),
            spent: HashSet::new(),
            hour: (Timestamp::default(), 0),
            outcomes: Outcomes::default(),
            last_issue: None,
            last: None,
            repudiations: Repudiations::default(),
        }
    }

    pub(super) fn guess(&self, typed: Typed) -> String {
        let latest = self.codes.last();
        let right = || latest.map_or("000000".to_owned(), |code| code.code.expose().to_owned());
        match typed {
            Typed::Wrong => latest.map_or("000000".to_owned(), wrong),
            Typed::Stale if self.codes.len() > 1 => {
                self.codes[self.codes.len() - 2].code.expose().to_owned()
            }
            Typed::Stale | Typed::Right => right(),
        }
    }

    /// The journey and address of a guess: the user's own journey, or one that has not paired.
    fn place(&self, Spot { is_own, source }: Spot) -> Place {
        let place = if is_own { self.journey } else { Place::default() };
        place.at(source)
    }

    /// I17: a terminal state never becomes active again.
    pub(super) async fn look(&self, world: &World) -> Sight {
        let Description { code, lockout, paired_lockout, blocked_until } =
            world.describe(&self.user).await;
        assert_eq!(blocked_until, self.blocked_until(world), "I28");
        if let Some(code) = &code {
            assert!(!(self.spent.contains(&code.id) && code.state == CodeState::Active), "I17");
        }
        let now = world.bench.clock.now();
        if let Some((number, until)) = &self.number {
            let found = world.pairing(&self.user, number).await;
            assert_eq!(found.is_some(), now < *until, "a number is found while it lives");
            assert!(found.is_none_or(|found| Some(found.binding) == self.journey.binding));
        }
        let code = code.map(|code| {
            (code.state, code.issued_at, code.expires_at, code.paired, code.exhausted_sources)
        });
        Sight { code, lockout, paired_lockout, blocked_until }
    }
}

/// The counters of paired or of unpaired codes.
const fn lockout(description: &Description, is_paired: bool) -> Lockout {
    if is_paired { description.paired_lockout } else { description.lockout }
}

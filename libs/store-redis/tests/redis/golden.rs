//! Records that earlier releases wrote: this version reads them, and answers as they did.
//!
//! A file in `tests/golden` holds the records of one release. Each was built by the scripts of that
//! release, at an injected time and fence, with three failed attempts allowed and a lockout of 15
//! minutes; `outcomes` holds what those scripts answered, each time from the same record. Bytes are in
//! hexadecimal. A golden file never changes. A release that stores records differently adds one.

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, FakeClock, Timestamp};
use codes::digest::{AttemptId, CodeDigest, Fingerprint, Kid, Source, Subject};
use codes::ids::{ClientId, CodeId};
use codes::record::{
    Attempt, CodeState, Description, Issue, IssueOutcome, IssuedBy, Limits, Verify, VerifyOutcome,
};
use codes::store::CodeStore as _;
use serde_json::Value;
use store_redis::codes::{Injected, RedisCodeStore};
use store_redis::connection::address::Access;

use crate::cases::stranger;
use crate::servers::STANDALONE;

const RECORDS: [&str; 1] = [include_str!("../golden/0.1.0.json")];

const FENCE: &str = "0123456789abcdef";

const LIMITS: Limits = Limits {
    failed_attempts: 3,
    attempts_per_source: 3,
    pairing_required: false,
    lockout: Duration::from_secs(900),
    issues_per_hour: 100,
    overrides_per_day: 3,
};

/// The store at the time that an outcome was had.
struct Golden {
    store: RedisCodeStore,
    subject: Subject,
    now: Timestamp,
}

impl Golden {
    /// A user whose record has these bytes.
    fn of(bytes: &str, now: Timestamp) -> Self {
        let subject = stranger();
        let write = "return redis.call('SET', KEYS[1], (string.gsub(ARGV[1], '..', function(digits) \
                     return string.char(tonumber(digits, 16)) end)))";
        let written = STANDALONE.cli(&["EVAL", write, "1", &format!("pcode:{{{subject}}}"), bytes]);
        assert_eq!(written.trim(), "OK");
        let injected = Injected {
            clock: Arc::new(FakeClock::at(now)) as Arc<dyn Clock>,
            fence: Box::new(|| FENCE.to_owned()),
        };
        let connection = crate::connect(&STANDALONE.url(), Access::default());
        Self { store: RedisCodeStore::with_injected(connection, injected), subject, now }
    }

    async fn describe(&self) -> String {
        described(&self.store.describe(self.subject, self.now).await.expect("an answer"))
    }

    async fn verify(&self, guess: u8, attempt: u8) -> String {
        let guess = CodeDigest::from_parts(Kid::from_u32(1), [guess; 16]);
        let attempt = named(attempt, 0xf1);
        let command = Verify {
            attempt,
            candidates: vec![guess],
            binding: None,
            source: Source::from_bytes([0; 16]),
            limits: LIMITS,
        };
        verified(&self.store.verify(self.subject, self.now, command).await.expect("an answer"))
    }

    async fn issue(&self, attempt: u8, override_lockout: bool) -> String {
        let command = Issue {
            attempt: named(attempt, 0xf0),
            code_id: CodeId::new(&self.subject, [0x09; 16]),
            digest: CodeDigest::from_parts(Kid::from_u32(1), [0xdd; 16]),
            life: Duration::from_secs(300),
            issued_by: IssuedBy {
                client: ClientId::parse("help-desk").expect("a client"),
                agent: Some("agent-7".to_owned()),
            },
            pairing: None,
            reissue_only: false,
            override_lockout,
            limits: LIMITS,
        };
        issued(&self.store.issue(self.subject, self.now, command).await.expect("an answer"))
    }
}

fn named(attempt: u8, fingerprint: u8) -> Attempt {
    let fingerprint = Fingerprint::from_bytes([fingerprint; 16]);
    Attempt { id: AttemptId::from_bytes([attempt; 16]), fingerprint }
}

/// The first byte of a code's id within its record.
fn code(id: &CodeId) -> String {
    format!("code {:02x}", id.nonce()[0])
}

fn lock(until: Option<Timestamp>) -> String {
    until.map_or("not locked".to_owned(), |until| format!("locked until {}", until.unix_millis()))
}

const fn again(replayed: bool) -> &'static str {
    if replayed { "replayed" } else { "fresh" }
}

fn described(Description { code: found, lockout, .. }: &Description) -> String {
    let found = found.as_ref().map_or("no code".to_owned(), |found| {
        let state = match found.state {
            CodeState::Active => "active",
            CodeState::Consumed => "consumed",
            CodeState::Burned => "burned",
            CodeState::Revoked => "revoked",
            CodeState::Expired => "expired",
        };
        let (issued_at, expires_at) =
            (found.issued_at.unix_millis(), found.expires_at.unix_millis());
        let IssuedBy { client, agent } = &found.issued_by;
        let agent = agent.as_deref().unwrap_or("nobody");
        let issued = format!("issued at {issued_at} by {client} for {agent}");
        format!("{} {state}, {issued}, expires at {expires_at}", code(&found.id))
    });
    let (failures, consecutive) = (lockout.failures, lockout.consecutive_failures);
    let disabled = if lockout.disabled { "disabled" } else { "enabled" };
    let lock = lock(lockout.locked_until);
    format!("{found}; {failures} failures, {consecutive} consecutive; {lock}; {disabled}")
}

fn verified(outcome: &VerifyOutcome) -> String {
    match outcome {
        VerifyOutcome::Accepted { code_id, at, replayed } => {
            format!("accepted {} at {}, {}", code(code_id), at.unix_millis(), again(*replayed))
        }
        VerifyOutcome::Denied { denial, replayed, .. } => {
            let (reason, lock) = (denial.reason.as_str(), lock(denial.locked_until));
            format!("denied: {reason}, {lock}, {}", again(*replayed))
        }
        VerifyOutcome::Conflict => "conflict".to_owned(),
    }
}

fn issued(outcome: &IssueOutcome) -> String {
    match outcome {
        IssueOutcome::Issued {
            code_id,
            expires_at,
            attempts_allowed,
            lock_overridden,
            replayed,
            ..
        } => format!(
            "issued {} until {}, {attempts_allowed} attempts, {}, {}",
            code(code_id),
            expires_at.unix_millis(),
            if *lock_overridden { "overridden" } else { "plain" },
            again(*replayed),
        ),
        IssueOutcome::PairingNotFound
        | IssueOutcome::OutlivesSession(_)
        | IssueOutcome::Blocked(_) => {
            panic!("no earlier release pairs or blocks: {outcome:?}")
        }
        IssueOutcome::Locked(until) => format!("locked until {}", until.unix_millis()),
        IssueOutcome::Disabled => "disabled".to_owned(),
        IssueOutcome::QuotaExceeded(_) => "quota_exceeded".to_owned(),
        IssueOutcome::OverrideQuotaExceeded(_) => "override_quota_exceeded".to_owned(),
        IssueOutcome::Conflict => "conflict".to_owned(),
    }
}

/// What this version answers to one of the questions of a golden file.
async fn answer(question: &str, bytes: &str, now: Timestamp) -> String {
    let right = 0xaa;
    let at = |now| Golden::of(bytes, now);
    match question {
        "describe" => at(now).describe().await,
        "verify the right code" => at(now).verify(right, 0xe1).await,
        "verify a wrong code" => at(now).verify(0xee, 0xe2).await,
        // The attempt that was the first one at the code, where there was one.
        "verify again" => at(now).verify(right, 0x21).await,
        "issue" => at(now).issue(0xe3, false).await,
        "issue and override" => at(now).issue(0xe4, true).await,
        "verify ten minutes later" => at(now + Duration::from_secs(600)).verify(right, 0xe5).await,
        other => panic!("no such question: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_earlier_releases_are_read_and_answered_as_they_were() {
    let mut asked = 0;
    for records in RECORDS {
        let records: Vec<Value> = serde_json::from_str(records).expect("a golden file is JSON");
        for record in &records {
            let now = record["now"].as_i64().map(Timestamp::from_unix_millis).expect("a time");
            let bytes = record["bytes"].as_str().expect("bytes");
            let outcomes = record["outcomes"].as_object().expect("outcomes");
            for (question, expected) in outcomes {
                let answer = answer(question, bytes, now).await;
                let expected = expected.as_str().expect("an answer");
                // Since then, an override also ends the window of failures.
                let expected = expected.replace("1 attempts, overridden", "3 attempts, overridden");
                assert_eq!(answer, expected, "{}: {question}", record["name"]);
                asked += 1;
            }
        }
    }
    assert_eq!(asked, 11 * 7);
}

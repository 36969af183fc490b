//! Ports that reload the configuration when they are called, as an operator's change may come at any
//! moment.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, SystemClock, Timestamp};
use codes::claims::{Claim, ClaimStore};
use codes::ids::GrantId;
use codes::memory::MemoryClaimStore;
use codes::record;
use codes::store::StoreError;
use codes::user::UserId;
use config::{Live, Reload};
use journeys::ids::SessionKey;
use journeys::memory::MemoryJourneyStore;
use journeys::ports::{
    Advance, JourneyStore, PairRequest, StoreFault, Stored, VerifyCodes, VerifyFault,
    VerifyRequest, Withdrawal,
};
use journeys::verdict::{PairVerdict, Verdict};
use tempfile::TempDir;

/// A reload that comes at one of the calls that a request makes.
pub(super) struct Reloading {
    pub(super) live: Arc<Live>,
    folder: TempDir,
    /// The calls until then; 0 if it has come or never will.
    left: AtomicUsize,
}

impl Reloading {
    /// The first version serves.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        write(&folder, "a");
        let live = Live::open(folder.path()).map(Arc::new).expect("valid");
        Self { live, folder, left: AtomicUsize::new(0) }
    }

    /// The second version serves from that call on.
    pub(super) fn come_at(&self, step: Option<usize>) {
        self.left.store(step.unwrap_or(0), Ordering::SeqCst);
    }

    pub(super) fn has_come(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    /// One call.
    fn step(&self) {
        let before =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if before == Ok(1) {
            self.become_version("b");
        }
    }

    pub(super) fn become_version(&self, version: &str) {
        write(&self.folder, version);
        assert!(!matches!(self.live.reload(), Reload::Refused(_)));
    }
}

/// Everything that a request can see differs between the versions: pages, journeys, rights, policy and
/// tokens.
fn write(folder: &TempDir, version: &str) {
    let (journeys, scope, rate) = match version {
        "a" => ("enter, form", "journeys:run", 1_000),
        _ => ("form", "journeys:read", 1),
    };
    let application = format!(
        "id: acme\nname: Acme\nclients:\n  - {{ id: web, journeys: [{journeys}], redirect_uris: \
         [\"https://{version}.example\"] }}\n  - {{ id: desk, secret_sha256: {}, scopes: [{scope}], verifications_per_minute: {rate} }}\n\
         tokens: {{ scope: {version} }}\n",
        "f".repeat(64)
    );
    let journey = |id: &str, first: &str| {
        format!(
            "id: {id}\nstart: {first}\nsteps:\n  \
             a: {{ type: collect_information, form_id: f, fields: [user, code], output: form, on: {{ submit: b }} }}\n  \
             b: {{ type: temp_code_authentication, external_user_id: form.user, temp_code: form.code, on: {{ success: d }} }}\n  \
             c: {{ type: temp_code_authentication, external_user_id: \"@policy.request().params.user\", \
             temp_code: \"@policy.request().params.code\", on: {{ success: d }} }}\n  \
             d: {{ type: complete, data: {{ version: \"`{version}`\", tokens: \"@policy.userTokens()\" }} }}\n"
        )
    };
    let without = |text: &str, steps: &[&str]| -> String {
        let is_kept = |line: &&str| !steps.iter().any(|step| line.trim_start().starts_with(step));
        text.split_inclusive('\n').filter(is_kept).collect()
    };
    let enter = without(&journey("enter", "c"), &["a:", "b:"]);
    let form = without(&journey("form", "a"), &["c:"]);
    for (path, text) in [
        ("applications/acme.yaml", application),
        ("journeys/enter.yaml", enter),
        ("journeys/form.yaml", form),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        fs::write(path, text).expect("writes");
    }
}

/// A port that reloads.
pub(super) struct Reloads<T>(pub(super) Arc<Reloading>, pub(super) T);

impl Clock for Reloads<SystemClock> {
    fn now(&self) -> Timestamp {
        self.0.step();
        self.1.now()
    }
}

#[async_trait]
impl ClaimStore for Reloads<MemoryClaimStore> {
    async fn claim(&self, attempt: record::Attempt) -> Result<Claim, StoreError> {
        self.0.step();
        self.1.claim(attempt).await
    }

    async fn settle_idle(&self, attempt: record::Attempt) -> Result<(), StoreError> {
        self.1.settle_idle(attempt).await
    }
}

#[async_trait]
impl JourneyStore for Reloads<MemoryJourneyStore> {
    async fn create(
        &self,
        key: &SessionKey,
        body: Vec<u8>,
        life: Duration,
    ) -> Result<(), StoreFault> {
        self.0.step();
        self.1.create(key, body, life).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, StoreFault> {
        self.0.step();
        self.1.load(key).await
    }

    async fn advance(
        &self,
        key: &SessionKey,
        expected: u64,
        body: Vec<u8>,
        lifetime: Option<Duration>,
    ) -> Result<Advance, StoreFault> {
        self.0.step();
        self.1.advance(key, expected, body, lifetime).await
    }

    async fn end(&self, key: &SessionKey) -> Result<(), StoreFault> {
        self.1.end(key).await
    }
}

#[async_trait]
impl VerifyCodes for Reloads<()> {
    async fn verify(&self, _: VerifyRequest) -> Result<Verdict, VerifyFault> {
        self.0.step();
        Ok(Verdict::Accepted {
            user: UserId::parse("ada").expect("a user"),
            grant: GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("a grant"),
            at: SystemClock.now(),
        })
    }

    async fn pair(&self, _: PairRequest) -> Result<PairVerdict, VerifyFault> {
        self.0.step();
        Ok(PairVerdict::TooMany)
    }

    async fn withdraw(&self, _: Withdrawal) {
        self.0.step();
    }
}

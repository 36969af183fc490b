//! The desk: agents who prove who they are issue codes under rules.

mod approvals;
mod brakes;
mod end_to_end;
mod library;
mod limits;
mod not_me;
mod page;
mod repudiation;
mod rules;
mod runbook;
mod suspension;
mod tiers;

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::keys::now;
use crate::harness::pb::code::IssueCodeResponse;
use crate::harness::pb::desk::v1::desk_service_client::DeskServiceClient;
use crate::harness::postern::copy_of_config;
use crate::harness::provider::Provider;
use crate::harness::receiver::{Receiver, keygen};
use crate::harness::*;

/// An application whose client may do everything of a desk.
const APPLICATION: &str = "\
id: acme
name: Acme
clients:
  - id: acme-console
    secret_sha256: c49194f6d4746a229e94171a90bcf2a4886ed681983f5c729f0057f88224af6c
    scopes: [codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear, lockouts:override, desk:approve, desk:brake]
  - id: acme-verifier
    secret_sha256: 51d999ae560b57557ffdd6a4207886cae81db4a24dbe04efdab62d247ec60234
    scopes: [codes:verify, codes:reason]
  - id: acme-web
    redirect_uris: [\"https://app.acme.example/recovered\"]
    journeys: [temp-code-authentication, temp-code-form]
temp_code: { length: 12 }
users: { directory: file, file: desk.yaml }
";

/// A desk with every rule.
const POLICY: &str = "\
desk:
  agent: verified
  require: [reason, ticket_ref, verification_method]
  ticket: { pattern: 'INC[0-9]{7}', once: true }
  verification_methods: [video, callback]
  limits: { agent_per_hour: 10, group_per_hour: 60, user_per_day: 3 }
  approval: { tiers: [privileged], above_limits: true }
";

const PROVIDER: &str = "\
jwks_file: acme.jwks.json
audience: postern-desk
clients: [acme-console]
claim: roles
self: { user_id: employee_id }
roles:
  helpdesk: { applications: [acme], may: [issue, revoke, read], tiers: [standard, privileged], group: outsourced }
  junior: { applications: [acme], may: [issue, read], tiers: [standard], group: outsourced }
  lead: { applications: [acme], may: [issue, read, clear, approve], tiers: [standard, privileged], group: inhouse }
  team: { applications: [acme], may: [issue, read, approve], tiers: [standard], group: inhouse }
  security: { applications: [acme], may: [read, brake] }
";

/// How many users the directory has: `u-0` and so on.
const USERS: usize = 150;

/// The user whose codes another agent must approve.
const BOSS: &str = "boss";

/// A folder with a desk, and the identity provider of its agents.
struct Folder {
    folder: TempDir,
    provider: Provider,
}

impl Folder {
    fn with(policy: &str) -> anyhow::Result<Self> {
        let (folder, provider) = (copy_of_config()?, Provider::new()?);
        let path = |name: &str| folder.path().join(name);
        fs::remove_dir_all(path("applications"))?;
        fs::create_dir(path("applications"))?;
        fs::write(path("applications/acme.yaml"), format!("{APPLICATION}{policy}"))?;
        let mut users = format!("users:\n  - {{ user_id: {BOSS}, tier: privileged }}\n");
        for user in 0..USERS {
            writeln!(users, "  - {{ user_id: u-{user} }}")?;
        }
        fs::write(path("users/desk.yaml"), users)?;
        fs::create_dir_all(path("agents"))?;
        let agents = format!("issuer: {}\n{PROVIDER}", provider.issuer);
        fs::write(path("agents/acme.yaml"), agents)?;
        provider.write_keys(&folder)?;
        Ok(Self { folder, provider })
    }

    /// The token of an agent with this role.
    async fn agent(&self, postern: &Postern, name: &str, role: &str) -> anyhow::Result<String> {
        let employee = format!("e-{name}");
        let claims = json!({"sub": name, "roles": [role], "employee_id": employee});
        postern.agent("acme-console", &self.provider, &claims).await
    }
}

/// A desk with verified agents, and the receiver of its notices. `more` has more keys of `notify`.
async fn notifying(more: &str) -> anyhow::Result<(Folder, Receiver)> {
    notified("desk:\n  agent: verified\n", more).await
}

/// A desk with this policy, which gets `notify` as its last key, and the receiver.
async fn notified(policy: &str, more: &str) -> anyhow::Result<(Folder, Receiver)> {
    let receiver = Receiver::start().await?;
    let notify = format!(
        "notify: {{ url: 'http://{}/', key_files: [notify.key], private_addresses: true{more} }}",
        receiver.at
    );
    let folder = Folder::with(&format!("{policy}  {notify}\n"))?;
    keygen(&folder.folder)?;
    Ok((folder, receiver))
}

/// A Postern with a desk.
struct Desk {
    postern: Postern,
    folder: Folder,
}

impl Desk {
    fn start(policy: &str) -> anyhow::Result<Self> {
        let folder = Folder::with(policy)?;
        let postern = Postern::serving(folder.folder.path())?;
        Ok(Self { postern, folder })
    }

    async fn agent(&self, name: &str, role: &str) -> anyhow::Result<String> {
        self.folder.agent(&self.postern, name, role).await
    }

    /// The token of an agent with these claims.
    async fn agent_with(&self, claims: &Value) -> anyhow::Result<String> {
        self.postern.agent("acme-console", &self.folder.provider, claims).await
    }

    /// The token of an agent who signed in six minutes ago: too long to approve, lift or release.
    async fn late_agent(&self, name: &str, role: &str) -> anyhow::Result<String> {
        let claims = json!({
            "sub": name, "roles": [role], "employee_id": format!("e-{name}"),
            "auth_time": now() - 360,
        });
        self.agent_with(&claims).await
    }

    fn service(&self, token: &str) -> DeskServiceClient<Authorized> {
        self.postern.desk_with(Some(token.to_owned()))
    }

    /// The events of one action.
    fn trail(&self, action: &str) -> Vec<Value> {
        self.postern.trail(action)
    }
}

/// A complete request for a user, under a ticket of that number.
fn issue(user: &str, ticket: usize) -> IssueCodeRequest {
    let context = IssueContext {
        reason: "lost phone".to_owned(),
        ticket_ref: format!("INC{ticket:07}"),
        verification_method: "video".to_owned(),
        ..Default::default()
    };
    IssueCodeRequest { user: user_id(user), context: Some(context), ..Default::default() }
}

/// Issues as the agent of the token.
async fn send(
    postern: &Postern,
    token: &str,
    request: IssueCodeRequest,
) -> Result<IssueCodeResponse, Status> {
    let issued = postern.issuer_with(Some(token.to_owned())).issue_code(request).await?;
    let issued = issued.into_inner();
    if issued.pending.is_none() {
        postern.keep_secret(&issued.code);
    }
    Ok(issued)
}

/// The code and the reason of a refusal.
fn told(status: &Status) -> (Code, String) {
    let info = status.get_details_error_info().expect("a refusal carries an ErrorInfo");
    (status.code(), info.reason)
}

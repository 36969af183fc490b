//! Issues a code as the help desk does, and redeems it as a login backend does.
//!
//! ```console
//! $ cargo run                                         # the demo, in another terminal
//! $ cargo run -p client --example recover -- alice
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use anyhow::Context as _;
use clap::Parser;
use client::{
    CallError, Client, Credentials, IdentifierType, IssueCodeRequest, Outcome, Secret, attempt,
    user,
};

/// Issues a code for a user and redeems it.
#[derive(Parser)]
struct Arguments {
    /// The user ID.
    user: String,
    /// The token endpoint.
    #[arg(long, default_value = "http://127.0.0.1:8080/oidc/token")]
    token_endpoint: String,
    /// The code issuer.
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    issuer: String,
    /// The verifier.
    #[arg(long, default_value = "http://127.0.0.1:50052")]
    verifier: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The demo's clients, whose secrets are public. Yours come from files: `Secret::File`.
    let client = |id: &str| {
        let (token_endpoint, client_id) = (arguments.token_endpoint.clone(), id.to_owned());
        let secret = Secret::Text(format!("{id}-secret").into());
        Client::new(Credentials { token_endpoint, client_id, secret, tls: None }, None)
    };
    let issuer = client("acme-support")?.code_issuer(&arguments.issuer)?;
    let verifier = client("acme-verifier")?.verifier(&arguments.verifier)?;
    let whom = || user(IdentifierType::UserId, &arguments.user);

    let request = IssueCodeRequest { user: whom(), ..Default::default() };
    let issued = match issuer.issue_code(request).await {
        Err(CallError::UserLocked { locked_until }) => {
            anyhow::bail!("the user is locked until {locked_until:?}: clear the lockout")
        }
        answer => answer.context("no code was issued")?,
    };
    println!("issued {} with {} attempts", issued.code, issued.attempts_allowed);

    if let Err(CallError::InvalidArgument(fields)) =
        verifier.verify_code(attempt(whom(), "no code")).await
    {
        println!("refused {:?}: {}", fields[0].field, fields[0].description);
    }
    match verifier.verify_code(attempt(whom(), &issued.code)).await? {
        Outcome::Accepted(accepted) => println!("accepted, grant {}", accepted.grant_id),
        Outcome::Rejected(rejected) => println!("rejected: {:?}", rejected.reason()),
    }
    Ok(())
}

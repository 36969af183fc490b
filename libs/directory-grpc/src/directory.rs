//! The adapter: resolves identifiers and tiers at the integrator's directory.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use codes::directory::{Directory, DirectoryError};
use codes::ids::ApplicationId;
use codes::user::{Identifier, IdentifierType, UserId};
use desk::names::Tier;
use desk::tiers::Tiers;
use grpc_client::{Client, Remote, has_lost_its_connection};
use telemetry::Counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status};
use wire::directory::v1::directory_service_client::DirectoryServiceClient;
use wire::directory::{from_identifier, parse_answer};

use crate::answers::{Answer, Answers, Question};
use crate::circuit::Circuit;
use crate::token::Token;

/// How long a question may take, with a second attempt where the connection was lost.
pub const TIMEOUT: Duration = Duration::from_millis(300);

/// The concurrency limit. More questions wait, within their time.
const CONCURRENT: usize = 64;

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

const OUTCOME: &str = "postern.outcome";

static LOOKUPS: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("postern.directory.lookups", "Questions to the directory of users, by outcome.")
});

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// The directory is down, slow, or refuses Postern: so is it for every user.
    #[error("{0}")]
    Down(String),
    /// The directory fails at this question, or contradicts it.
    #[error("{0}")]
    Answer(String),
}

/// The integrator's directory, for all applications that have `users: { directory: grpc }`.
pub struct GrpcDirectory {
    client: DirectoryServiceClient<Client>,
    token: Option<Token>,
    answers: Answers,
    circuit: Circuit,
    permits: Semaphore,
}

impl GrpcDirectory {
    /// Starts to connect. Needs a runtime. Keeps answers for `lifetime`.
    ///
    /// # Errors
    /// The descriptors cannot be decoded.
    pub fn connect(
        remote: Remote,
        token: Option<Token>,
        lifetime: Duration,
    ) -> anyhow::Result<Self> {
        for outcome in ["cached", "found", "unknown", "unbelievable", "failed", "refused"] {
            LOOKUPS.begin(&[(OUTCOME, outcome)]);
        }
        if let Some(token) = token.clone() {
            tokio::spawn(token.look_after());
        }
        let client = Client::connect(remote, wire::FILE_DESCRIPTOR_SET)?;
        Ok(Self {
            client: DirectoryServiceClient::new(client).max_decoding_message_size(MAX_ANSWER),
            token,
            answers: Answers::new(lifetime),
            circuit: Circuit::default(),
            permits: Semaphore::new(CONCURRENT),
        })
    }

    /// The answer to a question: a cached one, unless the directory is down.
    async fn find(&self, question: Question) -> Result<Answer, DirectoryError> {
        if self.circuit.is_closed()
            && let Some(answer) = self.answers.find(&question, Instant::now())
        {
            count("cached");
            return Ok(answer);
        }
        self.fetch(question).await
    }

    /// The directory's answer to a question.
    async fn fetch(&self, question: Question) -> Result<Answer, DirectoryError> {
        if !self.circuit.admits(Instant::now()) {
            count("refused");
            return Err(DirectoryError("it is down, and is tried once a second".to_owned()));
        }
        let late = || Fault::Down(format!("no answer within {} ms", TIMEOUT.as_millis()));
        let answer = timeout(TIMEOUT, self.ask(&question)).await.unwrap_or_else(|_| Err(late()));
        match &answer {
            Ok(answer) => {
                self.circuit.answered();
                count(if answer.is_some() { "found" } else { "unknown" });
                self.answers.keep(question, answer.clone(), Instant::now());
            }
            Err(Fault::Answer(_)) => {
                self.circuit.answered();
                count("unbelievable");
            }
            Err(Fault::Down(_)) => {
                self.circuit.failed(Instant::now());
                count("failed");
            }
        }
        answer.map_err(|fault| DirectoryError(fault.to_string()))
    }

    /// Asks, once more where the connection was lost.
    async fn ask(&self, question: &Question) -> Result<Answer, Fault> {
        let closed = |_| Fault::Down("the process ends".to_owned());
        let _permit = self.permits.acquire().await.map_err(closed)?;
        let (application, identifier) = question;
        let mut is_retry = false;
        loop {
            let mut request = Request::new(from_identifier(application, identifier));
            request.set_timeout(TIMEOUT);
            if let Some(token) = &self.token {
                request.metadata_mut().insert("authorization", token.header());
            }
            match self.client.clone().resolve_user(request).await {
                Ok(answer) => {
                    let answer = parse_answer(identifier, answer.get_ref());
                    return answer.map_err(|error| Fault::Answer(error.to_string()));
                }
                Err(status) if !is_retry && has_lost_its_connection(status.code()) => {
                    is_retry = true;
                }
                Err(status) => return Err(fault(&status)),
            }
        }
    }
}

#[async_trait]
impl Directory for GrpcDirectory {
    async fn resolve(
        &self,
        application: &ApplicationId,
        identifier: &Identifier,
    ) -> Result<Option<UserId>, DirectoryError> {
        let answer = self.find((application.clone(), identifier.clone())).await?;
        Ok(answer.map(|known| known.user))
    }
}

#[async_trait]
impl Tiers for GrpcDirectory {
    /// Asks the directory each time: issues at a desk are few, and a raised tier counts at once.
    async fn tier_of(
        &self,
        application: &ApplicationId,
        user: &UserId,
    ) -> Result<Option<Tier>, DirectoryError> {
        let own = Identifier::parse(IdentifierType::UserId, user.as_str());
        let own = own.map_err(|error| DirectoryError(format!("its user ID {error}")))?;
        let answer = self.fetch((application.clone(), own)).await?;
        Ok(answer.and_then(|known| known.tier))
    }
}

fn count(outcome: &'static str) {
    LOOKUPS.count(&[(OUTCOME, outcome)]);
}

/// What a status says about the directory. Its message may name a user, and is not repeated.
fn fault(status: &Status) -> Fault {
    let told = format!("it answered {:?}", status.code());
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::ResourceExhausted
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::Unimplemented => Fault::Down(told),
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::DataLoss => Fault::Answer(told),
    }
}

#[cfg(test)]
mod tests;

//! The adapter: resolves identifiers and tiers at the integrator's directory.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use codes::directory::{Directory, DirectoryError};
use codes::ids::ApplicationId;
use codes::user::{Identifier, IdentifierType, UserId};
use desk::names::Tier;
use desk::tiers::Tiers;
use grpc_client::{Client, Remote};
use telemetry::Counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status};
use wire::directory::v1::directory_service_client::DirectoryServiceClient;
use wire::directory::{AnswerError, from_identifier, parse_answer};

use crate::answers::{Answer, Answers, Question};
use crate::circuit::{Cause, Circuit};
use crate::token::Token;

/// How long a call may take. A question may wait as long before, for its turn.
pub const TIMEOUT: Duration = Duration::from_millis(300);

/// The concurrency limit.
const CONCURRENT: usize = 64;

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

const OUTCOME: &str = "postern.outcome";

static LOOKUPS: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("postern.directory.lookups", "Questions to the directory of users, by outcome.")
});

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
        // The wait says nothing about the directory's health: it is not a part of the call's time.
        let turn = timeout(TIMEOUT, self.permits.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            count("refused");
            return Err(DirectoryError(format!("{CONCURRENT} questions are under way")));
        };
        let status = match timeout(TIMEOUT, self.ask(&question)).await {
            Ok(Ok(answer)) => return Ok(self.conclude(question, &answer)),
            Ok(Err(status)) => status,
            Err(_) => Status::deadline_exceeded(""),
        };
        if status.code() == Code::OutOfRange {
            // Longer than the limit, so there is a user.
            return Ok(self.conclude(question, &Err(AnswerError::TooLong)));
        }
        count("failed");
        self.circuit.failed(cause(&status), question, Instant::now());
        // Without the status' message, which may name a user.
        Err(DirectoryError(match status.code() {
            Code::DeadlineExceeded => format!("no answer within {} ms", TIMEOUT.as_millis()),
            code => format!("it answered {code:?}"),
        }))
    }

    /// Keeps an answer. One that is not believed counts as no such user, since only an existing one could
    /// be the reason: an error would tell a stranger that there is one.
    fn conclude(&self, question: Question, answer: &Result<Answer, AnswerError>) -> Answer {
        match answer {
            Ok(answer) => {
                self.circuit.answered();
                count(if answer.is_some() { "found" } else { "unknown" });
            }
            Err(error) => {
                tracing::warn!(%error, "an answer of the directory of users is not believed");
                count("unbelievable");
            }
        }
        let answer = answer.as_ref().map_or(None, Answer::clone);
        self.answers.keep(question, answer.clone(), Instant::now());
        answer
    }

    async fn ask(&self, question: &Question) -> Result<Result<Answer, AnswerError>, Status> {
        let (application, identifier) = question;
        let mut request = Request::new(from_identifier(application, identifier));
        request.set_timeout(TIMEOUT);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.header());
        }
        let answer = self.client.clone().resolve_user(request).await?;
        Ok(parse_answer(identifier, answer.get_ref()))
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

/// Has every label from the start, also where no directory is given, so that a first increase is one.
pub fn begin() {
    for outcome in ["cached", "found", "unknown", "unbelievable", "failed", "refused"] {
        LOOKUPS.begin(&[(OUTCOME, outcome)]);
    }
}

fn count(outcome: &'static str) {
    LOOKUPS.count(&[(OUTCOME, outcome)]);
}

/// What a call failed at.
fn cause(status: &Status) -> Cause {
    match status.code() {
        Code::Unavailable
        | Code::Unauthenticated
        | Code::PermissionDenied
        | Code::Unimplemented => Cause::Directory,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::DataLoss => Cause::Question,
    }
}

#[cfg(test)]
mod tests;

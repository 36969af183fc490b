//! A directory of users that a test serves, as an integrator does.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status};

use super::grpc::{IdentifierType, UserIdentifier};
use super::pb::directory::directory_service_server::{DirectoryService, DirectoryServiceServer};
use super::pb::directory::{ResolveUserRequest, ResolveUserResponse, User};
use super::tls::{Authority, Pair};

/// What the directory does with questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Answers after a second.
    Slow,
    Fails(Code),
    /// Answers with another user than was asked for, for known and unknown users.
    WrongUser,
    /// Answers with a text that is no user ID.
    NoUserId,
    /// Answers with more than any user needs.
    TooLong,
}

#[derive(Default)]
struct State {
    users: HashMap<(i32, String), User>,
    mood: Option<Mood>,
    asked: Vec<(ResolveUserRequest, MetadataMap)>,
}

/// A directory, which can be changed, stopped and started again.
pub(crate) struct UserDirectory {
    pub(crate) at: SocketAddr,
    state: Arc<Mutex<State>>,
    server: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

#[derive(Clone)]
struct Service(Arc<Mutex<State>>);

#[tonic::async_trait]
impl DirectoryService for Service {
    async fn resolve_user(
        &self,
        request: Request<ResolveUserRequest>,
    ) -> Result<Response<ResolveUserResponse>, Status> {
        let (mood, user) = self.find(request);
        let stranger = |user_id: &str, tier: String| {
            let (user_id, identifiers) = (user_id.to_owned(), Vec::new());
            Some(User { user_id, identifiers, tier })
        };
        let user = match mood {
            Mood::Well => user,
            Mood::Slow => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                user
            }
            Mood::Fails(code) => return Err(Status::new(code, "the database is away")),
            Mood::WrongUser => stranger("mallory", String::new()),
            Mood::NoUserId => stranger(" ", String::new()),
            Mood::TooLong => stranger("mallory", "a".repeat(100_000)),
        };
        Ok(Response::new(ResolveUserResponse { user }))
    }
}

impl Service {
    fn find(&self, request: Request<ResolveUserRequest>) -> (Mood, Option<User>) {
        let mut state = self.0.lock().expect("no panic");
        let (headers, _, request) = request.into_parts();
        let asked = request.identifier.clone().expect("an identifier");
        state.asked.push((request, headers));
        let user = state.users.get(&(asked.r#type, asked.value)).cloned();
        (state.mood.unwrap_or(Mood::Well), user)
    }
}

impl UserDirectory {
    /// Starts an empty one.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut directory = Self::stopped()?;
        directory.start_again()?;
        Ok(directory)
    }

    /// One that listens nowhere yet, at a free address.
    pub(crate) fn stopped() -> anyhow::Result<Self> {
        let [at] = super::postern::free()?;
        Ok(Self { at, state: Arc::default(), server: None })
    }

    /// Starts one that serves TLS, and knows its clients by certificates of this authority.
    pub(crate) fn over_tls(authority: &Authority, pair: &Pair) -> anyhow::Result<Self> {
        let identity = Identity::from_pem(fs::read(&pair.certificate)?, fs::read(&pair.key)?);
        let clients = Certificate::from_pem(authority.pem());
        let tls = ServerTlsConfig::new().identity(identity).client_ca_root(clients);
        let mut directory = Self::stopped()?;
        directory.serve(Server::builder().tls_config(tls)?)?;
        Ok(directory)
    }

    /// Serves at the same address as before.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        self.serve(Server::builder())
    }

    fn serve(&mut self, mut server: Server) -> anyhow::Result<()> {
        let incoming = TcpIncoming::bind(self.at)?;
        let service = DirectoryServiceServer::new(Service(Arc::clone(&self.state)));
        let (stop, stopped) = oneshot::channel();
        let serving = server.add_service(service).serve_with_incoming_shutdown(incoming, async {
            // Dropped without a word, it ends too.
            let _ = stopped.await;
        });
        let serving = tokio::spawn(async { serving.await.expect("it serves") });
        self.server = Some((stop, serving));
        Ok(())
    }

    /// Ends it, and every connection.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let (stop, serving) = self.server.take().context("it was serving")?;
        drop(stop);
        Ok(serving.await?)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Adds a user, or replaces what is known of them.
    pub(crate) fn add(&self, user_id: &str, tier: &str, others: &[(IdentifierType, &str)]) {
        let own = [(IdentifierType::UserId, user_id)];
        let identifiers: Vec<_> = own.iter().chain(others).collect();
        let user = User {
            user_id: user_id.to_owned(),
            identifiers: identifiers
                .iter()
                .map(|(kind, value)| UserIdentifier {
                    r#type: (*kind).into(),
                    value: (*value).to_owned(),
                })
                .collect(),
            tier: tier.to_owned(),
        };
        let mut state = self.state.lock().expect("no panic");
        for (kind, value) in identifiers {
            state.users.insert(((*kind).into(), (*value).to_owned()), user.clone());
        }
    }

    /// Removes a user.
    pub(crate) fn remove(&self, user_id: &str) {
        self.state.lock().expect("no panic").users.retain(|_, user| user.user_id != user_id);
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().expect("no panic").mood = Some(mood);
    }

    /// The questions so far, each with its headers.
    pub(crate) fn asked(&self) -> Vec<(ResolveUserRequest, MetadataMap)> {
        self.state.lock().expect("no panic").asked.clone()
    }
}

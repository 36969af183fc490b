//! Tests of the adapter, at a directory that they script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::time::sleep;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Response, async_trait};
use wire::code::v1::{IdentifierType as Kind, UserIdentifier};
use wire::directory::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use wire::directory::v1::{ResolveUserRequest, ResolveUserResponse, User};

use super::*;

const LIFETIME: Duration = Duration::from_secs(30);

/// What the directory does with a question.
#[derive(Clone)]
enum Reply {
    Known(&'static str),
    /// A user who does not have the identifier.
    OtherUser(&'static str),
    Unknown,
    Status(Code),
    Late,
    /// An answer of this many bytes.
    Long(usize),
}

/// Answers each question with the next of its replies, and the last one for ever.
#[derive(Clone)]
struct Scripted {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<ResolveUserRequest>>>,
}

#[async_trait]
impl DirectoryService for Scripted {
    async fn resolve_user(
        &self,
        request: Request<ResolveUserRequest>,
    ) -> Result<Response<ResolveUserResponse>, Status> {
        let request = request.into_inner();
        self.asked.lock().expect("no panic").push(request.clone());
        let reply = {
            let mut replies = self.replies.lock().expect("no panic");
            if replies.len() == 1 { replies.front().cloned() } else { replies.pop_front() }
        };
        let user = |id: &str, tier: String| User {
            user_id: id.to_owned(),
            identifiers: request.identifier.clone().into_iter().collect(),
            tier,
        };
        let user = match reply.expect("a reply") {
            Reply::Known(id) => Some(user(id, "privileged".to_owned())),
            Reply::OtherUser(id) => Some(User { user_id: id.to_owned(), ..User::default() }),
            Reply::Unknown => None,
            Reply::Status(code) => return Err(Status::new(code, "about ada@staff.example")),
            Reply::Late => {
                sleep(TIMEOUT * 2).await;
                None
            }
            Reply::Long(bytes) => Some(user("ada", "a".repeat(bytes))),
        };
        Ok(Response::new(ResolveUserResponse { user }))
    }
}

impl Scripted {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        Self { replies, asked: Arc::default() }
    }

    async fn serve(&self) -> GrpcDirectory {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = DirectoryServiceServer::new(self.clone());
        tokio::spawn(
            Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)),
        );
        let remote = Remote::parse(&url, None).expect("a URL");
        GrpcDirectory::connect(remote, None, LIFETIME).expect("descriptors")
    }

    fn asked(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }
}

async fn serving(replies: impl IntoIterator<Item = Reply>) -> (GrpcDirectory, Scripted) {
    let scripted = Scripted::new(replies);
    (scripted.serve().await, scripted)
}

fn acme() -> ApplicationId {
    ApplicationId::parse("acme").expect("an ID")
}

async fn resolve(directory: &GrpcDirectory, email: &str) -> Result<Option<String>, String> {
    let identifier = Identifier::parse(IdentifierType::Email, email).expect("an address");
    let user = directory.resolve(&acme(), &identifier).await;
    user.map(|user| user.map(|user| user.as_str().to_owned())).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_user_is_resolved_once_and_the_answer_is_cached() {
    let (directory, scripted) = serving([Reply::Known("u-1815"), Reply::Unknown]).await;
    for _ in 0..2 {
        assert_eq!(resolve(&directory, "Ada@staff.example").await, Ok(Some("u-1815".to_owned())));
        assert_eq!(resolve(&directory, "eve@staff.example").await, Ok(None));
    }
    let asked = scripted.asked.lock().expect("no panic").clone();
    let identifier =
        UserIdentifier { r#type: Kind::Email.into(), value: "ada@staff.example".into() };
    let question =
        ResolveUserRequest { application_id: "acme".to_owned(), identifier: Some(identifier) };
    assert_eq!((asked.len(), &asked[0]), (2, &question));
}

#[tokio::test]
async fn a_tier_is_asked_for_each_time() {
    let (directory, scripted) = serving([Reply::Known("u-1815"), Reply::Unknown]).await;
    let user = UserId::parse("u-1815").expect("an ID");
    let tier = async || directory.tier_of(&acme(), &user).await.expect("an answer");
    assert_eq!(tier().await, Some(Tier::parse("privileged").expect("a tier")));
    assert_eq!(tier().await, None, "the user was removed");
    assert_eq!(scripted.asked(), 2);
}

#[tokio::test]
async fn every_failed_call_is_an_error_and_none_repeats_what_the_directory_says() {
    for (reply, told) in [
        (Reply::Status(Code::NotFound), "it answered NotFound"),
        (Reply::Status(Code::PermissionDenied), "it answered PermissionDenied"),
        (Reply::Late, "no answer within 300 ms"),
    ] {
        let (directory, scripted) = serving([reply]).await;
        let error = resolve(&directory, "ada@staff.example").await.expect_err(told);
        assert!(error.contains(told) && !error.contains("ada@"), "{error}");
        assert_eq!(scripted.asked(), 1, "a repetition would double the load");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_believed_counts_as_no_such_user() {
    for reply in [
        Reply::Long(MAX_ANSWER),
        Reply::Known(""),
        Reply::Known("email:ada@staff.example"),
        Reply::OtherUser("u-1815"),
    ] {
        let (directory, scripted) = serving([reply]).await;
        for _ in 0..2 {
            assert_eq!(resolve(&directory, "ada@staff.example").await, Ok(None));
        }
        assert_eq!(scripted.asked(), 1, "it is cached as an unknown user is");
    }
}

#[tokio::test]
async fn a_directory_that_is_down_fails_every_user_fast_until_it_answers() {
    let down = Reply::Status(Code::Unauthenticated);
    let (directory, scripted) =
        serving([Reply::Known("u-1815"), down.clone(), down.clone(), down, Reply::Unknown]).await;
    resolve(&directory, "ada@staff.example").await.expect("an answer, which is cached");
    for user in 0..3 {
        resolve(&directory, &format!("u{user}@staff.example")).await.expect_err("down");
    }
    for user in ["ada", "bob"] {
        let error = resolve(&directory, &format!("{user}@staff.example")).await;
        let error = error.expect_err("no user fares better");
        assert!(error.contains("is tried once a second"), "{error}");
    }
    assert_eq!(scripted.asked(), 4);

    sleep(Duration::from_secs(1)).await;
    assert_eq!(resolve(&directory, "bob@staff.example").await, Ok(None));
    assert_eq!(resolve(&directory, "ada@staff.example").await, Ok(Some("u-1815".to_owned())));
    assert_eq!(scripted.asked(), 5, "the cache serves again");
}

#[tokio::test]
async fn a_question_that_fails_again_and_again_does_not_stop_the_others() {
    for reply in [Reply::Status(Code::Internal), Reply::Status(Code::ResourceExhausted)] {
        let broken = (0..20).map(|_| reply.clone());
        let (directory, _) = serving(broken.chain([Reply::Known("u-1815")])).await;
        for _ in 0..20 {
            resolve(&directory, "broken@staff.example").await.expect_err("broken");
        }
        assert_eq!(resolve(&directory, "ada@staff.example").await, Ok(Some("u-1815".to_owned())));
    }
}

#[tokio::test]
async fn a_directory_that_fails_at_every_question_is_down() {
    let (directory, scripted) =
        serving([Reply::Known("u-1815"), Reply::Status(Code::Internal)]).await;
    resolve(&directory, "ada@staff.example").await.expect("an answer, which is cached");
    for user in 0..20 {
        resolve(&directory, &format!("u{user}@staff.example")).await.expect_err("broken");
    }
    resolve(&directory, "ada@staff.example").await.expect_err("no user fares better");
    assert!(scripted.asked() < 20, "calls fail fast");
}

#[tokio::test]
async fn questions_that_wait_for_their_turn_do_not_count_against_the_directory() {
    let (directory, _) = serving([Reply::Known("u-1815")]).await;
    let all = directory.permits.acquire_many(64).await.expect("the limit");
    for user in 0..9 {
        let error = resolve(&directory, &format!("u{user}@staff.example")).await;
        assert!(error.expect_err("no turn").contains("64 questions are under way"));
    }
    drop(all);
    assert_eq!(resolve(&directory, "ada@staff.example").await, Ok(Some("u-1815".to_owned())));
}

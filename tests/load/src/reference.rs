//! The reference services: the same rpc with the same messages on the same transport, with almost
//! nothing behind it.

use std::net::SocketAddr;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Connection, Script};
use sha2::{Digest as _, Sha256};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::calls::Issued;
use crate::pb::code::verifier_service_server::{VerifierService, VerifierServiceServer};
use crate::pb::code::verify_code_response::Outcome;
use crate::pb::code::{
    Accepted, ClearLockoutRequest, ClearLockoutResponse, DescribeLockoutRequest,
    DescribeLockoutResponse, PairJourneyRequest, PairJourneyResponse, VerifyCodeRequest,
    VerifyCodeResponse, WithdrawPairingRequest, WithdrawPairingResponse,
};

/// The work for each call.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Behind {
    /// Nothing: the upper bound of the transport.
    Nothing,
    /// One GET over one shared connection: the reference R.
    Get,
    /// The smallest correct single-use check, by one script over one shared connection: the reference W.
    SingleUse,
}

/// The script of [`Behind::SingleUse`].
const SINGLE_USE: &str = include_str!("single_use.lua");

/// Serves a reference, in the runtime from tonic's documentation with two workers.
pub(crate) fn serve(behind: Behind, listen: SocketAddr, redis: &str) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let store = match behind {
            Behind::Nothing => None,
            Behind::Get | Behind::SingleUse => Some(connect(redis).await?),
        };
        let reference = Reference { behind, store, script: Script::new(SINGLE_USE) };
        let server = Server::builder().tcp_nodelay(true);
        Ok(server.clone().add_service(VerifierServiceServer::new(reference)).serve(listen).await?)
    })
}

/// The key that R reads. Its value is about as long as a record.
const KEY: &str = "pcode:reference";

/// The length of a record of W, about that of Postern's.
const RECORD: usize = 144;

/// The lifetime of a record of W, in milliseconds: about that of Postern's.
const LIFETIME: u64 = 3_900_000;

/// The key of the record of W for a user.
fn key(user: &str) -> String {
    format!("pcode:{{{user}}}")
}

/// A record of W: the digest of a code, or zeros for a code that has been used.
fn record(digest: [u8; 16]) -> Vec<u8> {
    let mut record = digest.to_vec();
    record.resize(RECORD, 0);
    record
}

fn digest(user: &str, code: &str) -> [u8; 16] {
    let hash = Sha256::new().chain_update(user).chain_update(code).finalize();
    std::array::from_fn(|at| hash[at])
}

/// Writes the records that W verifies.
pub(crate) fn seed(redis: &mut Connection, codes: &[Issued]) -> anyhow::Result<()> {
    for codes in codes.chunks(1_000) {
        let mut writes = redis::pipe();
        for Issued { user, code, .. } in codes {
            writes.pset_ex(key(user), record(digest(user, code)), LIFETIME).ignore();
        }
        let () = writes.query(redis)?;
    }
    Ok(())
}

async fn connect(redis: &str) -> anyhow::Result<MultiplexedConnection> {
    let client = Client::open(redis)?;
    let config = AsyncConnectionConfig::new();
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let () = redis::cmd("SET").arg(KEY).arg("x".repeat(200)).query_async(&mut connection).await?;
    // The verifier's user may not load a script: running it once does.
    let () = redis::cmd("EVAL")
        .arg(SINGLE_USE)
        .arg(&[1])
        .arg(KEY)
        .arg(&[0; 3])
        .query_async(&mut connection)
        .await?;
    Ok(connection)
}

struct Reference {
    behind: Behind,
    store: Option<MultiplexedConnection>,
    script: Script,
}

#[tonic::async_trait]
impl VerifierService for Reference {
    async fn verify_code(
        &self,
        request: Request<VerifyCodeRequest>,
    ) -> Result<Response<VerifyCodeResponse>, Status> {
        let VerifyCodeRequest { user, code, .. } = request.into_inner();
        let user = user.unwrap_or_default().value;
        let replied = match (self.behind, self.store.clone()) {
            (Behind::Nothing, _) | (_, None) => Ok(true),
            (Behind::Get, Some(mut store)) => {
                redis::cmd("GET").arg(KEY).query_async::<()>(&mut store).await.map(|()| true)
            }
            (Behind::SingleUse, Some(mut store)) => {
                let mut call = self.script.key(key(&user));
                let call = call.arg(&digest(&user, &code)[..]).arg(record([0; 16])).arg(LIFETIME);
                call.invoke_async(&mut store).await
            }
        };
        if !replied.map_err(|error| Status::unavailable(error.to_string()))? {
            return Err(Status::failed_precondition("the code is wrong or used"));
        }
        // About as long as the verifier's answer.
        let accepted = Accepted {
            grant_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            code_id: "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            user_id: user,
            accepted_at: None,
        };
        Ok(Response::new(VerifyCodeResponse { outcome: Some(Outcome::Accepted(accepted)) }))
    }

    async fn describe_lockout(
        &self,
        _: Request<DescribeLockoutRequest>,
    ) -> Result<Response<DescribeLockoutResponse>, Status> {
        Err(Status::unimplemented("a reference verifies"))
    }

    async fn clear_lockout(
        &self,
        _: Request<ClearLockoutRequest>,
    ) -> Result<Response<ClearLockoutResponse>, Status> {
        Err(Status::unimplemented("a reference verifies"))
    }

    async fn pair_journey(
        &self,
        _: Request<PairJourneyRequest>,
    ) -> Result<Response<PairJourneyResponse>, Status> {
        Err(Status::unimplemented("a reference verifies"))
    }

    async fn withdraw_pairing(
        &self,
        _: Request<WithdrawPairingRequest>,
    ) -> Result<Response<WithdrawPairingResponse>, Status> {
        Err(Status::unimplemented("a reference verifies"))
    }
}

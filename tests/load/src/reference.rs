//! The reference services: the same rpc with the same messages on the same transport, with almost
//! nothing behind it.

use std::net::SocketAddr;

use redis::Client;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Script};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

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
    /// The smallest script, by its hash, over one shared connection.
    Script,
}

/// Serves a reference, in the runtime from tonic's documentation with two workers.
pub(crate) fn serve(behind: Behind, listen: SocketAddr, redis: &str) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let store = match behind {
            Behind::Nothing => None,
            Behind::Get | Behind::Script => Some(connect(redis).await?),
        };
        let reference = Reference { behind, store, script: Script::new("return 1") };
        let server = Server::builder().tcp_nodelay(true);
        Ok(server.clone().add_service(VerifierServiceServer::new(reference)).serve(listen).await?)
    })
}

/// The key that is read. Its value is about as long as a record.
const KEY: &str = "reference";

async fn connect(redis: &str) -> anyhow::Result<MultiplexedConnection> {
    let client = Client::open(redis)?;
    let config = AsyncConnectionConfig::new();
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let () = redis::cmd("SET").arg(KEY).arg("x".repeat(200)).query_async(&mut connection).await?;
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
        let user = request.into_inner().user.unwrap_or_default().value;
        if let Some(mut store) = self.store.clone() {
            let replied: Result<(), _> = if self.behind == Behind::Get {
                redis::cmd("GET").arg(KEY).query_async(&mut store).await
            } else {
                self.script.key(KEY).invoke_async(&mut store).await
            };
            replied.map_err(|error| Status::unavailable(error.to_string()))?;
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

//! Endpoints for operators and tools: health, reflection, keys, metadata, and the page.

use anyhow::Context as _;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1alpha;

use crate::Tested;
use crate::harness::{Postern, channel};

const SERVICES: [&str; 3] = [
    "postern.code.v1.CodeIssuerService",
    "postern.code.v1.VerifierService",
    "postern.journey.v1.JourneyRunnerService",
];

fn addresses(postern: &Postern) -> [std::net::SocketAddr; 3] {
    [postern.at.issuer, postern.at.verifier, postern.at.runner]
}

#[tokio::test]
async fn each_service_reports_its_health_without_a_token() -> Tested {
    let postern = Postern::start()?;
    for (service, address) in SERVICES.into_iter().zip(addresses(&postern)) {
        let mut health = HealthClient::new(channel(address));
        for name in ["", service] {
            let request = HealthCheckRequest { service: name.to_owned() };
            let answer = health.check(request).await?.into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{name:?} at {service}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_service_supports_reflection() -> Tested {
    let postern = Postern::start()?;
    for (service, address) in SERVICES.into_iter().zip(addresses(&postern)) {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut reflection = ServerReflectionClient::new(channel(address));
        let answers = reflection.server_reflection_info(tokio_stream(request)).await?;
        let answer = answers.into_inner().message().await?.expect("an answer").message_response;
        let Some(MessageResponse::ListServicesResponse(list)) = answer else {
            panic!("no list: {answer:?}")
        };
        assert!(list.service.iter().any(|listed| listed.name == service), "{list:?}");

        let request = v1alpha::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(
                v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                    service.to_owned(),
                ),
            ),
        };
        let mut reflection =
            v1alpha::server_reflection_client::ServerReflectionClient::new(channel(address));
        let answers = reflection.server_reflection_info(tokio_stream(request)).await?;
        let answer = answers.into_inner().message().await?.expect("an answer").message_response;
        assert!(
            matches!(
                answer,
                Some(v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(
                    _
                ))
            ),
            "{answer:?}"
        );
    }
    Ok(())
}

/// The file that a reflection service returns.
async fn described(
    address: std::net::SocketAddr,
    asks: MessageRequest,
) -> anyhow::Result<FileDescriptorProto> {
    let context = format!("{asks:?} at {address}");
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(asks) };
    let mut reflection = ServerReflectionClient::new(channel(address));
    let answers = reflection.server_reflection_info(tokio_stream(request)).await?;
    let answer = answers.into_inner().message().await.context(context.clone())?;
    let Some(MessageResponse::FileDescriptorResponse(files)) =
        answer.expect("an answer").message_response
    else {
        anyhow::bail!("no file for {context}")
    };
    Ok(FileDescriptorProto::decode(&*files.file_descriptor_proto[0])?)
}

#[tokio::test]
async fn reflection_describes_the_details_of_errors() -> Tested {
    let postern = Postern::start()?;
    for address in addresses(&postern) {
        for symbol in ["ErrorInfo", "BadRequest", "RetryInfo", "Status"] {
            let symbol = MessageRequest::FileContainingSymbol(format!("google.rpc.{symbol}"));
            let file = described(address, symbol).await?;
            for import in file.dependency {
                described(address, MessageRequest::FileByFilename(import)).await?;
            }
        }
    }
    Ok(())
}

/// A stream of one request.
fn tokio_stream<T: Send + 'static>(
    request: T,
) -> impl futures_util::Stream<Item = T> + Send + 'static {
    futures_util::stream::iter([request])
}

#[tokio::test]
async fn keys_and_metadata_are_public() -> Tested {
    let postern = Postern::start()?;
    let keys: Value = postern.get("/.well-known/jwks.json").send().await?.json().await?;
    let listed = keys["keys"].as_array().expect("keys");
    assert!(!listed.is_empty());
    for key in listed {
        assert!(key["kid"].is_string() && key.get("d").is_none(), "only public keys");
    }
    let same: Value = postern.get("/cis/oidc/jwks").send().await?.json().await?;
    assert_eq!(same, keys);

    let metadata: Value =
        postern.get("/.well-known/openid-configuration").send().await?.json().await?;
    for field in ["issuer", "token_endpoint", "jwks_uri"] {
        assert!(metadata[field].is_string(), "{field} in {metadata}");
    }
    let openapi: Value = postern.get("/openapi.json").send().await?.json().await?;
    assert!(openapi["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for path in ["/oidc/token", "/cis/v1/auth/otp/send"] {
        assert!(openapi["paths"].get(path).is_some(), "{path}");
    }
    let schemas = &openapi["components"]["schemas"];
    let start = &schemas["Start.temp-code-authentication"]["properties"]["params"];
    assert_eq!(start["required"], json!(["external_user_id", "temp_code"]), "{start}");
    assert!(start["properties"]["temp_code"]["type"].is_array(), "{start}");
    assert_eq!(schemas.get("Start.back-office"), None, "no page may run it");
    Ok(())
}

#[tokio::test]
async fn the_recovery_page_loads_nothing_from_other_origins_and_forbids_it() -> Tested {
    let postern = Postern::start()?;
    let answer = postern.get("/").send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let headers = answer.headers().clone();
    let policy = headers["content-security-policy"].to_str()?;
    for directive in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let page = answer.text().await?;
    assert!(page.contains("Login with Temporary Code"));
    assert!(!page.contains("{{"), "a placeholder is left");
    assert!(page.contains("data-client-id=\"acme-web\""));
    for (path, kind) in [
        ("/style.css", "text/css"),
        ("/recovery.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = postern.get(path).send().await?.error_for_status()?;
        let content_type = answer.headers()["content-type"].to_str()?.to_owned();
        assert!(content_type.starts_with(kind), "{path} is {content_type}");
    }
    Ok(())
}

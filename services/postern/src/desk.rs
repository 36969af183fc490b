//! The demo's console, and the people who sign in at it.

use std::sync::Arc;

use anyhow::Context as _;
use assembly::store::Stores;
use client::{Client, Credentials, Secret};
use clock::SystemClock;
use codes::randomness;
use config::Live;
use console::{Console, Ports, PublicUrl, Services};
use oidc::RelyingParty;
use oidc::relying_party::Registration;
use server::{HttpServer, Listener, StartError};

use crate::people::{self, People};
use crate::welcome::{Addresses, reachable};

/// The console's client of the demo's application, and its secret, which everybody knows.
const CLIENT: (&str, &str) = ("globex-console", "globex-console-secret");

/// The console over the services of this process.
pub(crate) fn pages(
    people: People,
    listener: Listener,
    addresses: &Addresses,
    stores: &Stores,
    live: &Arc<Live>,
) -> Result<HttpServer, StartError> {
    let origin = format!("http://{}", reachable(listener.address()));
    let credentials = Credentials {
        token_endpoint: format!("http://{}/oidc/token", reachable(addresses.http)),
        client_id: CLIENT.0.to_owned(),
        secret: Secret::Text(CLIENT.1.into()),
        tls: None,
    };
    let client = Client::new(credentials, None).context("the demo's console")?;
    let issuer = format!("http://{}", reachable(addresses.issuer));
    let verifier = format!("http://{}", reachable(addresses.verifier));
    let url = PublicUrl::parse(&origin).context("the demo's console")?;
    let registration = Registration {
        issuer: people::ISSUER.to_owned(),
        client_id: people::CLIENT.0.to_owned(),
        secret: people::CLIENT.1.into(),
        redirect_uri: url.at(console::CALLBACK),
        scope: "openid profile".to_owned(),
        max_age: console::MAX_AGE,
    };
    let console = Console::new(Ports {
        url,
        relying_party: RelyingParty::new(registration).at(People::endpoints(&origin)),
        services: Services::at(client, &issuer, &verifier).context("the demo's console")?,
        sessions: Arc::clone(&stores.console),
        clock: Arc::new(SystemClock),
        randomness: randomness::system(),
        configuration: Some(Arc::clone(live)),
    });
    let router = people.beside(console.http(), &origin);
    Ok(Console::serve_pages(HttpServer::new(listener, router)))
}

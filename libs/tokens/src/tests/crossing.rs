//! Every kind of token, where every other is wanted.

use codes::digest::Subject;
use codes::ids::{Agent, AgentId, CodeId, ProviderId};
use codes::user::{Identifier, IdentifierType};

use super::*;
use crate::agent::AgentToken;
use crate::caller::CallerToken;
use crate::journey::JourneyToken;
use crate::link::LinkToken;
use crate::mint::Minter;
use crate::service::{Service, ServiceToken};
use crate::user::{IdToken, UserToken};

pub(super) const KINDS: [&str; 8] =
    ["client", "agent", "service", "issuer", "user", "id", "link", "journey"];

pub(super) fn mint(kind: &str, minter: &Minter) -> String {
    let authentication = alice();
    match kind {
        "client" => client_token().mint(minter, NOW),
        "agent" => agent_token().mint(minter, NOW, HOUR),
        "service" => service_token(Service::JourneyRunner).mint(minter, NOW),
        "issuer" => service_token(Service::CodeIssuer).mint(minter, NOW),
        "user" => UserToken { authentication, scope: "openid".to_owned() }.mint(minter, HOUR),
        "id" => id_token(authentication).mint(minter, HOUR),
        "link" => link_token().mint(minter),
        _ => journey_token(Some(authentication)).mint(minter, "session", NOW),
    }
    .expect("mints")
}

fn verify(kind: &str, token: &str, verifier: &TokenVerifier) -> Result<(), TokenError> {
    match kind {
        "client" => ClientToken::verify(token, verifier, NOW).map(drop),
        "agent" => AgentToken::verify(token, verifier, NOW).map(drop),
        "service" => ServiceToken::verify(token, Service::JourneyRunner, verifier, NOW).map(drop),
        "issuer" => ServiceToken::verify(token, Service::CodeIssuer, verifier, NOW).map(drop),
        "user" => UserToken::verify(token, &application(), verifier, NOW).map(drop),
        "id" => IdToken::verify(token, &client(), verifier, NOW).map(drop),
        "link" => LinkToken::verify(token, verifier, NOW).map(drop),
        _ => JourneyToken::verify(token, &application(), verifier, NOW).map(drop),
    }
}

fn id_token(authentication: Authentication) -> IdToken {
    IdToken { authentication, nonce: None, access_token_hash: None }
}

fn service_token(service: Service) -> ServiceToken {
    ServiceToken { service, application: application() }
}

fn agent_token() -> AgentToken {
    AgentToken {
        agent: Agent {
            provider: ProviderId::parse("acme-login").expect("valid"),
            id: AgentId::parse("agent-7").expect("valid"),
        },
        issuer: "https://login.acme.example".to_owned(),
        roles: BTreeSet::from(["helpdesk".to_owned()]),
        authenticated_at: NOW,
        own: vec![Identifier::parse(IdentifierType::Email, "ada@example.com").expect("valid")],
        client: client_token(),
    }
}

fn link_token() -> LinkToken {
    let code_id = CodeId::new(&Subject::from_bytes([7; 16]), [9; 16]);
    LinkToken { application: application(), code_id, told_of: NOW }
}

#[test]
fn a_link_names_its_code_for_seven_days() {
    let (minter, verifier) = pair(KeyRing::generate());
    let token = link_token().mint(&minter).expect("mints");
    assert_eq!(LinkToken::verify(&token, &verifier, NOW), Ok(link_token()));
    let end = NOW + LinkToken::LIFETIME;
    assert!(LinkToken::verify(&token, &verifier, end).is_ok());
    let late = LinkToken::verify(&token, &verifier, end + TokenVerifier::LEEWAY);
    assert_eq!(late, Err(TokenError::Expired));
}

fn journey_token(authentication: Option<Authentication>) -> JourneyToken {
    let journey = "temp-code-authentication".to_owned();
    JourneyToken { application: application(), client: client(), journey, authentication }
}

#[test]
fn no_kind_of_token_is_accepted_for_another() {
    let (minter, verifier) = pair(KeyRing::generate());
    for minted in KINDS {
        let token = mint(minted, &minter);
        for wanted in KINDS {
            let expected = if minted == wanted { Ok(()) } else { Err(TokenError::WrongType) };
            assert_eq!(verify(wanted, &token, &verifier), expected, "{minted} as {wanted}");
        }
    }
}

#[test]
fn a_caller_presents_a_token_of_a_client_or_of_an_agent_and_no_other() {
    let (minter, verifier) = pair(KeyRing::generate());
    for minted in KINDS {
        let token = mint(minted, &minter);
        let expected = match minted {
            "client" => Ok(CallerToken::Client(client_token())),
            "agent" => Ok(CallerToken::Agent(agent_token())),
            _ => Err(TokenError::WrongType),
        };
        // The second time the signature is remembered.
        for _ in 0..2 {
            assert_eq!(CallerToken::verify(&token, &verifier, NOW), expected, "{minted}");
        }
    }
}

#[test]
fn a_token_that_is_remembered_from_where_it_was_good_is_good_nowhere_else() {
    let (minter, verifier) = pair(KeyRing::generate());
    let other = ApplicationId::parse("other").expect("valid");
    let other_client = ClientId::parse("other-web").expect("valid");
    for minted in KINDS {
        let token = mint(minted, &minter);
        assert_eq!(verify(minted, &token, &verifier), Ok(()), "{minted}");
        for wanted in KINDS.into_iter().filter(|wanted| *wanted != minted) {
            let refused = verify(wanted, &token, &verifier);
            assert_eq!(refused, Err(TokenError::WrongType), "{minted} as {wanted}");
        }
        let elsewhere = match minted {
            "user" => UserToken::verify(&token, &other, &verifier, NOW).map(drop),
            "id" => IdToken::verify(&token, &other_client, &verifier, NOW).map(drop),
            "journey" => JourneyToken::verify(&token, &other, &verifier, NOW).map(drop),
            // Meant for all that a client calls, and for the one that a service does.
            _ => Err(TokenError::WrongAudience),
        };
        assert_eq!(elsewhere, Err(TokenError::WrongAudience), "{minted}");
        assert_eq!(verify(minted, &token, &verifier), Ok(()), "{minted}, still");
    }
}

#[test]
fn neither_type_nor_audience_alone_makes_a_token_of_another_kind() {
    let (minter, verifier) = pair(KeyRing::generate());
    for minted in KINDS {
        for wanted in KINDS.into_iter().filter(|wanted| *wanted != minted) {
            let (token, other) = (mint(minted, &minter), mint(wanted, &minter));
            let (mut header, mut claims) = (decode(&token, 0), decode(&token, 1));
            header["typ"] = decode(&other, 0)["typ"].clone();
            let retyped = forge(minter.ring(), &header.to_string(), &claims.to_string());
            assert_eq!(
                verify(wanted, &retyped, &verifier),
                Err(TokenError::WrongAudience),
                "{minted} as {wanted}"
            );
            claims["aud"] = decode(&other, 1)["aud"].clone();
            let readdressed =
                forge(minter.ring(), &decode(&token, 0).to_string(), &claims.to_string());
            assert_eq!(
                verify(wanted, &readdressed, &verifier),
                Err(TokenError::WrongType),
                "{minted} as {wanted}"
            );
        }
    }
}

#[test]
fn a_token_of_another_application_or_client_is_refused() {
    let (minter, verifier) = pair(KeyRing::generate());
    let other = ApplicationId::parse("other").expect("valid");
    let other_client = ClientId::parse("other-web").expect("valid");
    let wrong = Some(TokenError::WrongAudience);
    let user = mint("user", &minter);
    assert_eq!(UserToken::verify(&user, &other, &verifier, NOW).err(), wrong);
    let id = mint("id", &minter);
    assert_eq!(IdToken::verify(&id, &other_client, &verifier, NOW).err(), wrong);
    let journey = mint("journey", &minter);
    assert_eq!(JourneyToken::verify(&journey, &other, &verifier, NOW).err(), wrong);
}

#[test]
fn what_was_minted_is_what_is_read() {
    let (minter, verifier) = pair(KeyRing::generate());
    let token = client_token().mint(&minter, NOW).expect("mints");
    assert_eq!(ClientToken::verify(&token, &verifier, NOW), Ok(client_token()));

    let email = Identifier::parse(IdentifierType::Email, "ada@example.com").expect("valid");
    for user in [UserId::parse("a:b").expect("valid"), UserId::from_identifier(&email)] {
        let token = journey_token(Some(authentication(user)));
        let text = token.mint(&minter, "session", NOW).expect("mints");
        assert_eq!(JourneyToken::verify(&text, &application(), &verifier, NOW), Ok(token));
    }
    let text = agent_token().mint(&minter, NOW, HOUR).expect("mints");
    assert_eq!(AgentToken::verify(&text, &verifier, NOW), Ok(agent_token()));

    let nobody = journey_token(None);
    let text = nobody.mint(&minter, "session", NOW).expect("mints");
    assert_eq!(JourneyToken::verify(&text, &application(), &verifier, NOW), Ok(nobody));
}

#[test]
fn one_grant_mints_one_family() {
    let (minter, _) = pair(KeyRing::generate());
    for kind in ["user", "id"] {
        let [once, twice] = [mint(kind, &minter), mint(kind, &minter)];
        assert_eq!(decode(&once, 1), decode(&twice, 1), "{kind}");
    }
    let [access, id] = ["user", "id"].map(|kind| decode(&mint(kind, &minter), 1));
    assert_eq!(access["sid"], id["sid"]);
    assert_ne!(access["jti"], id["jti"]);
    assert_eq!(access["amr"], json!(["otp"]));
    assert_eq!(access["auth_time"], NOW.unix_seconds());
    assert_eq!(access["exp"], NOW.unix_seconds() + 3600);
}

#[test]
fn a_client_token_has_the_claims_of_rfc_9068() {
    let (minter, _) = pair(KeyRing::generate());
    let claims = decode(&mint("client", &minter), 1);
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert_eq!(claims["exp"], NOW.unix_seconds() + 3600);
    assert_ne!(claims["jti"], decode(&mint("client", &minter), 1)["jti"]);
}

#[test]
fn an_agents_token_names_the_agent_and_the_client_that_acts() {
    let (minter, verifier) = pair(KeyRing::generate());
    let token = mint("agent", &minter);
    let claims = decode(&token, 1);
    assert_eq!((&claims["sub"], &claims["act"]), (&json!("agent-7"), &json!({"sub": "acme-web"})));
    assert_eq!(claims["client_id"], "acme-web");
    let changes =
        [("act", json!({"sub": "other"})), ("provider", json!("../x")), ("sub", json!(""))];
    for (name, value) in changes {
        let mut claims = claims.clone();
        claims[name] = value;
        let token = forge(minter.ring(), &decode(&token, 0).to_string(), &claims.to_string());
        let refused = AgentToken::verify(&token, &verifier, NOW).err();
        assert_eq!(refused, Some(TokenError::Claim(name)));
    }
}

#[test]
fn a_journey_token_does_not_show_the_session_it_ends() {
    let (minter, _) = pair(KeyRing::generate());
    let token = journey_token(None).mint(&minter, "session", NOW).expect("mints");
    assert!(!decode(&token, 1).to_string().contains("session"));
}

//! The endpoints as HTTP: methods, paths, parameters, caches, and pages of other origins.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};

use super::flow::{self, Flow, PORTAL, SHOP, configured};
use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::http::TOKEN;
use crate::harness::*;

/// `OpenID` Connect Core, section 3.1.2.1: the endpoint takes `GET` and `POST`.
#[tokio::test]
async fn a_request_as_a_form_is_sent_on_as_a_query() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let mut query = flow::valid(SHOP);
    query.push(("login_hint", "j\u{e4}ne & co".to_owned()));
    let answer = flow::browser(&postern, Method::POST, "/oidc/auth", &[]).form(&query);
    let answer = answer.send().await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.headers().get("set-cookie").is_none(), "a form of another site has no cookie");
    let base = Url::parse(&format!("http://{}/oidc/auth?x=1", postern.at.pages))?;
    let address = base.join(answer.headers()["location"].to_str()?)?;
    assert_eq!((address.path(), address.host()), (base.path(), base.host()));
    let sent: Vec<_> = address.query_pairs().into_owned().collect();
    let asked: Vec<_> = query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(sent, asked);
    let page = Client::new().get(address).send().await?.error_for_status()?.text().await?;
    assert!(page.contains("data-interaction"), "{page}");

    // Nothing in a form leads to another host.
    for form in ["//evil.example", "\r\nlocation: https://evil.example", "", "#@evil.example"] {
        let answer = flow::browser(&postern, Method::POST, "/oidc/auth", &[]).body(form);
        let answer = answer.send().await?;
        let address = base.join(answer.headers()["location"].to_str()?)?;
        assert_eq!((address.path(), address.host()), (base.path(), base.host()), "{form:?}");
    }
    Ok(())
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_and_unknown_parameters_ignored() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let query = [flow::valid(SHOP), vec![("vendor_hint", "x".to_owned())]].concat();
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (method, path, status) in [
        (Method::GET, "/oidc/auth", 200),
        (Method::HEAD, "/oidc/auth", 200),
        (Method::PUT, "/oidc/auth", 405),
        (Method::DELETE, "/oidc/auth", 405),
        (Method::GET, "/oidc/auth/", 404),
        (Method::GET, "/oidc/AUTH", 404),
        (Method::GET, TOKEN, 405),
        (Method::HEAD, TOKEN, 405),
        (Method::POST, "/oidc/token/", 404),
    ] {
        let what = format!("{method} {path}");
        let answer = flow::browser(&postern, method, path, &query).send().await?;
        assert_eq!(answer.status().as_u16(), status, "{what}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn the_token_endpoint_refuses_as_rfc_6749_says_and_no_cache_keeps_its_answers() -> Tested {
    let folder = configured()?;
    let postern = Postern::serving(folder.path())?;
    let (flow, back) = flow::signed_in(&postern, SHOP).await?;
    let grant = flow.grant(&back);
    let with = |name: &'static str, value: &str| {
        let mut form = grant.clone();
        form.retain(|(it, _)| *it != name);
        [form, vec![(name, value.to_owned())]].concat()
    };
    let twice = [grant.clone(), vec![("code_verifier", flow.verifier.clone())]].concat();
    for (what, form, status, error) in [
        ("no grant type", with("grant_type", ""), 400, "invalid_request"),
        ("another grant type", with("grant_type", "password"), 400, "unsupported_grant_type"),
        ("refreshing", with("grant_type", "refresh_token"), 400, "unsupported_grant_type"),
        ("a parameter twice", twice, 400, "invalid_request"),
        ("an unknown client", with("client_id", "other"), 401, "invalid_client"),
        ("no relying party", with("client_id", "acme-web"), 400, "unauthorized_client"),
        ("an unknown code", with("code", &"A".repeat(43)), 400, "invalid_grant"),
        ("a code", grant, 200, ""),
    ] {
        let answer = postern.post(TOKEN).form(&form).send().await?;
        let headers = answer.headers();
        assert_eq!(headers["cache-control"], "no-store", "{what}");
        assert_eq!(headers["pragma"], "no-cache", "{what}");
        assert_eq!(headers["content-type"], "application/json", "{what}");
        assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{what}");
        let (told, body) = (answer.status(), answer.json::<Value>().await?);
        flow.keep(&body);
        let error = if error.is_empty() { Value::Null } else { json!(error) };
        assert_eq!((told.as_u16(), &body["error"]), (status, &error), "{what}: {body}");
    }
    Ok(())
}

/// A page without a backend reads the metadata, and redeems its code itself.
#[tokio::test]
async fn a_public_clients_page_may_read_the_answers_of_both_services() -> Tested {
    let folder = configured()?;
    let deployment = Deployment::of(folder.path())?.of_one_issuer();
    let postern = deployment.replica()?;
    let from = |at: SocketAddr, method: Method, path: &str, origin: &'static str| {
        let request = Client::new().request(method, format!("http://{at}{path}"));
        request.header("origin", origin)
    };
    let allowed = async |request: RequestBuilder| -> anyhow::Result<Option<String>> {
        let answer = request.send().await?;
        let origin = answer.headers().get("access-control-allow-origin");
        Ok(origin.map(|it| it.to_str().expect("ASCII").to_owned()))
    };
    let (own, foreign) = ("https://shop.example", "https://evil.example");
    let (flow, back) = flow::signed_in(&postern, SHOP).await?;
    for (origin, expected) in [(own, Some(own)), (foreign, None)] {
        for at in [postern.at.http, postern.at.pages] {
            for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
                let told = allowed(from(at, Method::GET, path, origin)).await?;
                assert_eq!(told.as_deref(), expected, "{path}");
            }
        }
        let preflight = from(postern.at.http, Method::OPTIONS, TOKEN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        assert_eq!(allowed(preflight).await?.as_deref(), expected);
        let redeemed = from(postern.at.http, Method::POST, TOKEN, origin).form(&flow.grant(&back));
        assert_eq!(allowed(redeemed).await?.as_deref(), expected);
    }
    // The origin of a backend's redirect URI is no page's.
    let portal = Flow::begin(&postern, PORTAL).await?;
    let origin = PORTAL.redirect_uri.split("/back").next().expect("an origin");
    let asked = from(postern.at.http, Method::POST, TOKEN, origin);
    assert_eq!(allowed(asked.form(&[("client_id", portal.party.id)])).await?, None);
    Ok(())
}

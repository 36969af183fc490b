//! The redirect back to the client: parameters in the query, and always the issuer (RFC 9207), so
//! that a client of several issuers knows which one answered.

use crate::code::AuthorizationCode;
use crate::refusal::RequestError;

/// The address of a successful response.
pub fn success(
    redirect_uri: &str,
    state: Option<&str>,
    issuer: &str,
    code: &AuthorizationCode,
) -> String {
    with_query(redirect_uri, state, issuer, &[("code", code.expose())])
}

/// The address of an error response.
pub fn failure(
    redirect_uri: &str,
    state: Option<&str>,
    issuer: &str,
    error: RequestError,
) -> String {
    let RequestError { code, description } = error;
    let parameters = [("error", code.as_str()), ("error_description", description)];
    with_query(redirect_uri, state, issuer, &parameters)
}

/// Adds parameters to a redirect URI. A query of its own is kept as it is (RFC 6749, section 3.1.2).
fn with_query(
    redirect_uri: &str,
    state: Option<&str>,
    issuer: &str,
    parameters: &[(&str, &str)],
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    query.extend_pairs(state.map(|state| ("state", state)));
    query.append_pair("iss", issuer);
    let separator = match redirect_uri.find('?') {
        None => "?",
        Some(_) if redirect_uri.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{redirect_uri}{separator}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::DENIED;

    #[test]
    fn parameters_are_encoded_and_follow_the_uris_own_query() {
        let issuer = "https://issuer.example";
        for (redirect_uri, state, address) in [
            (
                "https://a.example/back",
                Some("a&code=b #\u{e4}"),
                "https://a.example/back?error=access_denied&\
                 error_description=the+user+was+not+authenticated&\
                 state=a%26code%3Db+%23%C3%A4&iss=https%3A%2F%2Fissuer.example",
            ),
            (
                "https://a.example/back?x=1",
                None,
                "https://a.example/back?x=1&error=access_denied&\
                 error_description=the+user+was+not+authenticated&iss=https%3A%2F%2Fissuer.example",
            ),
        ] {
            assert_eq!(failure(redirect_uri, state, issuer, DENIED), address);
        }
        let code = AuthorizationCode::parse(&"A".repeat(43)).expect("a code");
        let address = success("https://a.example/?", Some(""), issuer, &code);
        let code = code.expose();
        assert_eq!(
            address,
            format!("https://a.example/?code={code}&state=&iss=https%3A%2F%2Fissuer.example")
        );
    }
}

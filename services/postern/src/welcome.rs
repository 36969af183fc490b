//! What `postern` says when it is ready: where everything is, and for the demo the commands that
//! take a code from its issue to its redemption, ready to paste.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use config::Configuration;

/// Where everything is served.
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) issuer: SocketAddr,
    pub(crate) verifier: SocketAddr,
    pub(crate) runner: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// The demo's console, where it is served.
    pub(crate) console: Option<SocketAddr>,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
}

/// The address that this process connects to: an address of every interface is none to connect to.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
    } else {
        address
    }
}

/// Prints the welcome to standard output.
pub(crate) fn welcome(addresses: &Addresses, configuration: &Configuration, is_demo: bool) {
    let mut out = io::stdout().lock();
    let style = Style { colours: out.is_terminal() };
    let mut text = style.places(addresses, configuration);
    if is_demo {
        text += &style.commands(addresses);
    }
    // The reader has closed the output.
    let _ = writeln!(out, "{text}");
}

struct Style {
    colours: bool,
}

impl Style {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn places(&self, addresses: &Addresses, configuration: &Configuration) -> String {
        let http = format!("{}://{}", addresses.scheme, reachable(addresses.http));
        let mut text = self.paint("1", "Postern is ready.");
        let places = [
            ("recovery page", format!("{http}/")),
            ("HTTP API", format!("{http}/openapi.json")),
            ("code-issuer", format!("{} (gRPC)", addresses.issuer)),
            ("verifier", format!("{} (gRPC)", addresses.verifier)),
            ("journey-runner", format!("{} (gRPC)", addresses.runner)),
            ("health", format!("http://{}/readyz", reachable(addresses.admin))),
        ];
        text.push('\n');
        let console = addresses.console.map(|at| ("console", format!("http://{}/", reachable(at))));
        for (name, place) in places.into_iter().chain(console) {
            let _ = write!(text, "\n  {name:<15} {}", self.paint("36", &place));
        }
        text.push('\n');
        for line in configuration.policy_lines() {
            let _ = write!(text, "\n  {line}");
        }
        text.push('\n');
        text
    }

    fn commands(&self, addresses: &Addresses) -> String {
        let http = format!("{}://{}", addresses.scheme, reachable(addresses.http));
        let verifier = reachable(addresses.verifier);
        let token = |client: &str| {
            format!(
                "$(curl -s {http}/oidc/token -d grant_type=client_credentials \
                 -d client_id={client} -d client_secret={client}-secret \
                 | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
            )
        };
        let steps = [
            ("The help desk gets an access token:", format!("TOKEN={}", token("acme-support"))),
            (
                "An agent has a code issued for the user alice:",
                format!(
                    "curl -s {http}/cis/v1/auth/otp/send -H \"Authorization: Bearer $TOKEN\" \
                     -H 'Content-Type: application/json' -d '{{\"channel\": \"direct\", \
                     \"identifier_type\": \"user_id\", \"identifier\": \"alice\"}}'"
                ),
            ),
            ("Alice redeems it here, with the user ID alice and that code:", format!("{http}/")),
            (
                "Or a service verifies it over gRPC, with the code in place of 123456:",
                format!(
                    "grpcurl -plaintext -H \"Authorization: Bearer {}\" -d '{{\"user\": \
                     {{\"type\": \"IDENTIFIER_TYPE_USER_ID\", \"value\": \"alice\"}}, \
                     \"code\": \"123456\"}}' {verifier} \
                     postern.code.v1.VerifierService/VerifyCode",
                    token("acme-verifier")
                ),
            ),
            (
                "Or pair first: Alice reads the number on this page to the agent, who adds \
                 \"pairing_number\" to step 2:",
                format!("{http}/?client_id=acme-web&journey=account-recovery"),
            ),
        ];
        let mut text = String::new();
        for (number, (what, command)) in (1..).zip(&steps) {
            let what = self.paint("1", &format!("{number}. {what}"));
            let _ = write!(text, "\n  {what}\n     {}\n", self.paint("32", command));
        }
        if let Some(console) = addresses.console {
            let what = self
                .paint("1", "At a desk: sign in as Ada, open the second page as the caller alice:");
            let pages = [
                format!("http://{}/", reachable(console)),
                format!("{http}/?client_id=globex-web&journey=account-recovery"),
            ];
            let _ = write!(text, "\n  {what}\n");
            for page in pages {
                let _ = writeln!(text, "     {}", self.paint("36", &page));
            }
        }
        let note = "This is the demo: codes, keys and lockouts end with this process.";
        let _ = write!(text, "\n  {}\n", self.paint("33", note));
        text
    }
}

//! The page of a notice's link, on which a user says "this was not me". It needs no JavaScript. Opening it
//! changes nothing, since programs that scan mail open links, too.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use config::Application;

use crate::language::Language;
use crate::template::{HEAD, brand, escaped, filled};

/// Our own style and icon; forms go to this server only; no script, no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub enum Screen<'a> {
    /// Asks whether it was the user.
    Ask {
        /// The application of the link.
        application: &'a Application,
        /// The token of the link.
        token: &'a str,
    },
    /// The user's answer could not be taken now. They can send it again.
    Failed {
        /// The token of the link.
        token: &'a str,
    },
    /// The code has ended. Says the same whether it was live, used or repudiated before.
    Done {
        /// The application of the link.
        application: &'a Application,
    },
    /// The link is no valid one. Says the same of old, forged and mistyped ones.
    Invalid,
}

/// The page, in the language that the browser prefers.
pub fn page(screen: Screen<'_>, status: StatusCode, headers: &HeaderMap) -> Response {
    (status, crate::document(POLICY, render(screen, Language::of(headers)))).into_response()
}

fn render(screen: Screen<'_>, language: &Language) -> String {
    let text = |key: &str| escaped(language.text(key.trim_start_matches("texts.")));
    let content = match screen {
        Screen::Ask { token, .. } => {
            with_form(include_str!("../page/not-me/ask.html"), token, text)
        }
        Screen::Failed { token } => {
            with_form(include_str!("../page/not-me/failed.html"), token, text)
        }
        Screen::Done { application } => {
            filled(include_str!("../page/not-me/done.html"), |name| match name {
                "phone" => phone(application, language),
                key => text(key),
            })
        }
        Screen::Invalid => filled(include_str!("../page/not-me/invalid.html"), text),
    };
    let name = match screen {
        Screen::Ask { application, .. } | Screen::Done { application } => &application.name,
        Screen::Failed { .. } | Screen::Invalid => language.text("page_title"),
    };
    filled(include_str!("../page/not-me/frame.html"), |key| match key {
        "lang" => escaped(language.tag),
        "application_name" => escaped(name),
        "head" => HEAD.to_owned(),
        "brand" => brand(name),
        "content" => content.clone(),
        key => text(key),
    })
}

/// A template in which a form sends the token.
fn with_form(template: &str, token: &str, text: impl Fn(&str) -> String) -> String {
    filled(template, |name| match name {
        "form" => filled(include_str!("../page/not-me/form.html"), |name| match name {
            "token" => escaped(token),
            key => text(key),
        }),
        key => text(key),
    })
}

/// How to call support, if the application says so.
fn phone(application: &Application, language: &Language) -> String {
    let Some(number) = &application.support.phone else { return String::new() };
    // A zero in parentheses is dialled only where there is no country code.
    let dialled = number.replace("(0)", "").replace(|c: char| !c.is_ascii_digit() && c != '+', "");
    filled(include_str!("../page/not-me/phone.html"), |name| match name {
        "number" => dialled.clone(),
        _ => escaped(&language.text("call").replace("{phone}", number)),
    })
}

#[cfg(test)]
mod tests {
    use config::{Configuration, Source};

    use super::*;

    #[test]
    fn every_screen_is_filled_in_and_no_text_brings_markup() {
        let client =
            format!("{{ id: desk, secret_sha256: {}, scopes: [codes:read] }}", "f".repeat(64));
        let acme = "id: acme\nname: '<Acme>'\nsupport_phone: '+49 (0)30 1234'\n";
        let acme = format!("{acme}clients: [{client}]\n");
        let files = Source::from_files([("applications/acme.yaml", acme.as_str())]);
        let configuration = Configuration::read(&files).expect("valid");
        let application = configuration.applications().next().expect("one");
        let token = r#""><b>"#;
        for language in ["en", "de"].map(Language::preferred) {
            for (screen, title, has_form) in [
                (Screen::Ask { application, token }, "not_me_title", true),
                (Screen::Failed { token }, "not_me_failed_title", true),
                (Screen::Done { application }, "not_me_done_title", false),
                (Screen::Invalid, "not_me_invalid_title", false),
            ] {
                let page = render(screen, language);
                assert!(page.contains(&format!("<h1>{}</h1>", language.text(title))), "{page}");
                assert_eq!(page.contains("<form"), has_form, "{page}");
                assert_eq!(page.contains(r#"value="&quot;&gt;&lt;b&gt;""#), has_form, "{page}");
                let is_named = matches!(screen, Screen::Ask { .. } | Screen::Done { .. });
                assert_eq!(page.contains("<span>&lt;Acme&gt;</span>"), is_named, "{page}");
                assert!(!page.contains("{{") && !page.contains("<script"), "{page}");
                let calls = page.contains(r#"href="tel:+49301234""#);
                assert_eq!(calls, matches!(screen, Screen::Done { .. }), "{page}");
            }
        }
    }
}

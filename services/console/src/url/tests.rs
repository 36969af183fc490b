//! Tests of paths.

use super::*;

#[test]
fn a_sign_in_leads_to_a_page_of_the_console_alone() {
    for path in ["/desk", "/requests", "/admin/journeys/a-b_c"] {
        assert_eq!(local(path), path);
    }
    for path in [
        "",
        "desk",
        "//attacker.example",
        "/\\attacker.example",
        "https://attacker.example",
        "/desk?x=1",
        "/desk#x",
        "/a b",
        "/%2f%2fattacker.example",
        "/\r\nlocation:x",
        "javascript:alert(1)",
    ] {
        assert_eq!(local(path), "/", "{path:?}");
    }
    assert_eq!(sign_in("/desk", true), "/sign-in?to=/desk&again=1");
}

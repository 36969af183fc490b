//! Mistakes that both a schema and its reader refuse.

use crate::{File, to_json};

/// A file, a text in it, and what replaces it.
const MISTAKES: &[(File, &str, &str)] = &[
    (File::Application, "id: acme\n", ""),
    (File::Application, "id: acme\n", "id: Acme\n"),
    (File::Application, "id: acme\n", "id: 7\n"),
    (File::Application, "name: Acme", "name: \" \""),
    (File::Application, "name: Acme", "nom: Acme"),
    (File::Application, "+49 (0)30 123-456", "ask at the desk"),
    (File::Application, "+49 (0)30 123-456", "\"+-\""),
    (File::Application, "From 8 to 18. Have your badge at hand.", "\" \""),
    (File::Application, "id: help-desk", "id: \"-\""),
    (File::Application, "id: help-desk", "id: journey-runner"),
    (File::Application, "2a4f", "xyz"),
    (File::Application, "    scopes: [codes:issue, codes:revoke]\n", ""),
    (File::Application, "[codes:issue, codes:revoke]", "[]"),
    (File::Application, "codes:revoke", "codes:all"),
    (File::Application, "codes:revoke", "codes:verify"),
    (File::Application, "codes:revoke", "journeys:run"),
    (File::Application, "codes:revoke]", "codes:revoke]\n    secret_file: a.secret"),
    (File::Application, "codes:revoke]", "codes:revoke]\n    issues_per_minute: -1"),
    (File::Application, "codes:revoke]", "codes:revoke]\n    journeys: [recover]"),
    (File::Application, "https://acme.example/back", "/back"),
    (File::Application, "https://acme.example/back", "https://*.acme.example"),
    (File::Application, "https://acme.example/back", "https://acme.example#x"),
    (File::Application, "    journeys: [recover]\n", ""),
    (File::Application, "[recover]", "[]"),
    (File::Application, "[recover]", "[Recover]"),
    (File::Application, "{ length: 8 }", "{ length: eight }"),
    (File::Application, "{ length: 8 }", "{ alphabet: base64 }"),
    (File::Application, "{ length: 8 }", "{ expiration: 10 }"),
    (File::Application, "{ length: 8 }", "{ expiration: 10 min }"),
    (File::Application, "{ length: 8 }", "{ overrides: 1 }"),
    (File::Application, "scope: openid", "scope: \"openid  x\""),
    (File::Application, "scope: openid", "lifetime: 15"),
    (File::Application, "directory: file", "directory: ldap"),
    (File::Application, "directory: file", "directory: opaque"),
    (File::Application, ", file: acme.yaml", ""),
    (File::Application, "directory: file, ", ""),
    (File::Users, "users:", "people:"),
    (File::Users, "user_id: ada\n    ", ""),
    (File::Users, "email: ada@example.com", "email: ada"),
    (File::Users, "\"+4930123456\"", "+4930123456"),
    (File::Users, "username", "name"),
    (File::Users, "username: ada", "username: \"\""),
    (File::Journey, "id: recover", "id: Recover"),
    (File::Journey, "start: ask\n", ""),
    (File::Journey, "  denied: {", "  Denied!: {"),
    (File::Journey, "type: complete", "type: compleat"),
    (File::Journey, "type: complete, ", ""),
    (File::Journey, "{ type: complete,", "{ type: complete, on: {},"),
    (File::Journey, "form_id: form", "form_id: 7"),
    (File::Journey, "code]", "code, code]"),
    (File::Journey, "code]", "7]"),
    (File::Journey, "{ name: user, ", "{ name: a b, "),
    (File::Journey, "label: User, ", ""),
    (File::Journey, "label: User", "label: \"\""),
    (File::Journey, "kind: identifier, ", ""),
    (File::Journey, "kind: identifier", "kind: password"),
    (File::Journey, "autocomplete: username", "autocomplete: Username"),
    (File::Journey, "autocomplete: username", "autocomplete: \"\""),
    (File::Journey, "output: form", "output: \"a b\""),
    (File::Journey, "output: form", "output: \"true\""),
    (File::Journey, "{ id: help,", "{ id: submit,"),
    (File::Journey, ", display_name: Help", ""),
    (File::Journey, "temp_code: form.code", "temp_code: [form.code]"),
    (File::Journey, "error_output: problem", "identifier_type: name"),
    (File::Journey, "success: rounds, ", ""),
    (File::Journey, "failure: ask", "failed: ask"),
    (File::Journey, "title: Help", "title: [Help]"),
    (File::Journey, "    text: Call us\n", ""),
    (File::Journey, "max_iterations: 3", "max_iterations: 0"),
    (File::Journey, "max_iterations: 3", "max_iterations: three"),
    (File::Journey, "    body: assign\n", ""),
    (File::Journey, "done: provide, ", ""),
    (File::Journey, "{ round:", "{ 7th:"),
    (File::Journey, "    data: { at: \"1\" }\n", ""),
    (File::Journey, "\"true\": done, ", ""),
];

#[test]
fn a_mistake_is_refused_by_the_schema_and_by_the_reader() {
    for (file, from, to) in MISTAKES {
        assert!(file.valid().contains(from), "{from}");
        let text = file.valid().replacen(from, to, 1);
        assert!(!file.problems(&text).is_empty(), "{file:?}: the reader takes {to:?} for {from:?}");
        let is_valid = file.validator().is_valid(&to_json(&text));
        assert!(!is_valid, "{file:?}: the schema allows {to:?} for {from:?}");
    }
}

//! Every mistake, with its file, its line and its reason.

use super::*;

/// What is wrong with the valid application after one text in it is replaced.
fn after(from: &str, to: &str) -> Vec<String> {
    assert!(APPLICATION.contains(from), "{from:?}");
    problems(&changed(&[("applications/acme.yaml", &APPLICATION.replacen(from, to, 1))]))
}

const BAD_ID: &str = "1: id: an application id must be 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit";
const BAD_CLIENT: &str = "4: client: a client id must be 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit";

const BACKEND_HASH: &str = "e2b3ae8de3724c4ef3af65101dcf502db3148058fa8b5e88d98110085cdd732a";
const COMMON_SECRET: &str = "8: secret_sha256: is the SHA-256 of an empty or common secret, which must be drawn and hold at least 16 characters";

/// A text of the valid application, what stands there instead, and what is wrong then.
const CHANGES: &[(&str, &str, &str)] = &[
    ("id: acme\n", "id: Acme!\n", BAD_ID),
    ("id: acme\n", "id: 7\n", "1: id must be a text: put the number in quotes"),
    ("id: acme\n", "", "1: application: missing key `id`"),
    ("name: Acme", "name: [Acme]", "2: name must be a text"),
    ("name: Acme", "name: \" \"", "2: name must be a text"),
    ("name: Acme", "nom: Acme", "1: application: missing key `name`"),
    ("name: Acme", "name: Acme\nname: Acme", "3: application: `name` stands twice"),
    (
        "name: Acme",
        "name: Acme\nsupport_phone: 0800 POSTERN",
        "3: support_phone must be digits, which `+`, `(`, `)`, `-`, `.`, `/` and blanks may group, at most 40 characters",
    ),
    (
        "name: Acme",
        "name: Acme\nsupport_hint: \" \"",
        "3: support_hint must be a text of at most 300 characters",
    ),
    ("id: acme-support", "id: \"-\"", BAD_CLIENT),
    (
        "id: acme-web",
        "id: acme-support",
        "10: client: the id `acme-support` is taken in applications/acme.yaml",
    ),
    ("id: acme-web", "id: journey-runner", "10: client: the id `journey-runner` is reserved"),
    ("id: acme-web", "id: not-me-link", "10: client: the id `not-me-link` is reserved"),
    ("codes:issue", "codes:all", "6: scopes: `codes:all`: unknown scope"),
    ("[codes:issue, codes:revoke, codes:read]", "[]", "6: scopes must be a list, and not empty"),
    (
        "codes:revoke",
        "codes:verify",
        "6: scopes: no client may have both `codes:issue` and `codes:verify`",
    ),
    (
        "codes:revoke",
        "journeys:run",
        "6: scopes: no client may have both `codes:issue` and `journeys:run`",
    ),
    ("    scopes: [journeys:run]\n", "", "7: client: missing key `scopes`"),
    (
        "    secret_file: acme-support.secret\n",
        "",
        "4: client: has exactly one of `secret_file` and `secret_sha256`",
    ),
    (
        "acme-support.secret",
        "nothing.secret",
        "5: secret_file: applications/nothing.secret: cannot be read: entity not found",
    ),
    (
        "acme-support.secret",
        "../users/acme.yml",
        "5: secret_file: applications/../users/acme.yml: cannot be read: entity not found",
    ),
    ("e2b3", "xyz", "8: secret_sha256: must be a SHA-256 as 64 hexadecimal digits"),
    // `printf '' | sha256sum`, and `echo secret | sha256sum`.
    (
        BACKEND_HASH,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        COMMON_SECRET,
    ),
    (
        BACKEND_HASH,
        "b37e50cedcd3e3f1ff64f4afc0422084ae694253cf399326868e07a35f4a45fb",
        COMMON_SECRET,
    ),
    (
        "http://localhost",
        "http://acme.example",
        "11: redirect_uris: must be https, unless its host is loopback",
    ),
    (
        "https://Acme.example:443/back",
        "/back",
        "11: redirect_uris: must be an absolute http or https URL with a host and without user, fragment or wildcard",
    ),
    (
        "    redirect_uris: [\"https://Acme.example:443/back\", \"http://localhost:8080\"]\n",
        "",
        "10: client: missing key `redirect_uris`",
    ),
    ("[recover]", "[recover, other]", "12: journeys: `other`: no journey file defines it"),
    ("    journeys: [recover]\n", "", "10: client: missing key `journeys`"),
    (
        "    journeys: [recover]\n",
        "    journeys: [recover]\n    scopes: [journeys:run]\n",
        "10: client: has either a secret and `scopes`, or `redirect_uris` and `journeys`",
    ),
    ("length: 8", "length: 5", "14: temp_code: length must be from 6 to 12"),
    ("length: 8", "length: eight", "14: temp_code: length must be a small whole number"),
    ("length: 8", "length: 300", "14: temp_code: length must be a small whole number"),
    ("base32", "base64", "15: temp_code: alphabet: must be `digits` or `base32`"),
    (
        "expiration: 10m",
        "expiration: 10",
        "16: temp_code: expiration must have a unit: write `10s` for 10 seconds",
    ),
    (
        "expiration: 10m",
        "expiration: \"300\"",
        "16: temp_code: expiration must have a unit: write `300s` for 300 seconds",
    ),
    (
        "expiration: 10m",
        "expiration: 10 min",
        "16: temp_code: expiration: must be a whole number and a unit: `90s`, `5m`, `24h` or `7d`",
    ),
    (
        "expiration: 10m",
        "expiration: 2h",
        "16: temp_code: expiration must be from 1s to max_expiration",
    ),
    (
        "max_expiration: 1h",
        "max_expiration: 8d",
        "17: temp_code: max_expiration must be from 1s to 7d",
    ),
    ("lockout: 30m", "lockout: 25h", "18: temp_code: lockout must be from 1s to 24h"),
    (
        "failed_attempts: 5",
        "failed_attempts: 101",
        "19: temp_code: failed_attempts must be from 1 to 100",
    ),
    (
        "issues_per_hour: 10",
        "issues_per_hour: 0",
        "20: temp_code: issues_per_hour must be from 1 to 1000",
    ),
    (
        "overrides_per_day: 0",
        "overrides_per_day: 101",
        "21: temp_code: overrides_per_day must be at most 100",
    ),
    (
        "overrides_per_day",
        "overrides",
        "21: temp_code: unknown key `overrides`: must be one of `length`, `alphabet`, `expiration`, `max_expiration`, `lockout`, `failed_attempts`, `issues_per_hour`, `overrides_per_day`, `pairing`, `attempts_per_source`",
    ),
    (
        "overrides_per_day: 0",
        "pairing: never",
        "21: temp_code: pairing: must be `off`, `optional` or `required`",
    ),
    (
        "overrides_per_day: 0",
        "attempts_per_source: 6",
        "21: temp_code: attempts_per_source must be from 1 to failed_attempts",
    ),
    (
        "length: 8\n  alphabet: base32",
        "length: 6\n  alphabet: digits\n  attempts_per_source: 2\n  failed_attempts: 11",
        "17: temp_code: the chance that a code is guessed is more than 1 in 100000: reduce failed_attempts, increase length or use alphabet base32",
    ),
    (
        "openid recovery",
        "openid  recovery",
        "22: tokens: scope must be words with one space between them",
    ),
    ("lifetime: 20m", "lifetime: 25h", "22: tokens: lifetime must be from 1s to 24h"),
    ("lifetime: 20m", "lifetime: 0s", "22: tokens: lifetime must be from 1s to 24h"),
    (
        "directory: file",
        "directory: ldap",
        "23: users: directory must be `opaque`, `file` or `grpc`",
    ),
    (
        "directory: file",
        "directory: opaque",
        "23: users: a directory of type `opaque` has no `file`",
    ),
    ("directory: file", "directory: grpc", "23: users: a directory of type `grpc` has no `file`"),
    ("file: acme.yaml", "file: other.yaml", "23: users: there is no file `users/other.yaml`"),
    (", file: acme.yaml", "", "23: users: missing key `file`"),
];

#[test]
fn a_mistake_in_an_application_is_named_by_file_line_and_reason() {
    for (from, to, problem) in CHANGES {
        let expected = format!("applications/acme.yaml:{problem}");
        let problems = after(from, to);
        assert!(problems.contains(&expected), "{to:?}: wanted {expected}, got {problems:#?}");
        assert!(problems.len() <= 2, "{to:?}: {problems:#?}");
    }
}

#[test]
fn a_mistake_in_another_file_is_named_there() {
    let bare = "id: bare\nname: Bare\nclients: []\n";
    let other = "id: acme\nname: Other\nclients:\n  - { id: acme-web, redirect_uris: [\"https://a.b\"], journeys: [recover] }\n";
    for (path, text, problem) in [
        (
            "applications/acme-support.secret",
            "short\n",
            "applications/acme.yaml:5: secret_file: applications/acme-support.secret:1: must hold at least 16 characters",
        ),
        (
            "applications/acme-support.secret",
            "a secret of the desk\nand another",
            "applications/acme.yaml:5: secret_file: applications/acme-support.secret:2: must be one line: remove what follows the first line",
        ),
        (
            "applications/acme-support.secret",
            " a secret of the desk",
            "applications/acme.yaml:5: secret_file: applications/acme-support.secret:1: must not begin or end with white space",
        ),
        (
            "applications/acme-support.secret",
            "a secret of\tthe desk",
            "applications/acme.yaml:5: secret_file: applications/acme-support.secret:1: must not hold a control character",
        ),
        (
            "applications/bare.yml",
            bare,
            "applications/bare.yml:3: clients must be a list, and not empty",
        ),
        (
            "applications/other.yaml",
            other,
            "applications/other.yaml:1: the application id `acme` is taken in applications/acme.yaml",
        ),
        (
            "applications/other.yaml",
            other,
            "applications/other.yaml:4: client: the id `acme-web` is taken in applications/acme.yaml",
        ),
        ("applications/other.yaml", "", "applications/other.yaml:1: application must be a map"),
        (
            "journeys/twice.yaml",
            JOURNEY,
            "journeys/twice.yaml:1: the journey `recover` is also in journeys/recover.yml",
        ),
        (
            "users/acme.yaml",
            "users:\n  - { user_id: a }\n  - user_id: a\n",
            "users/acme.yaml:3: user_id: is on line 2 too",
        ),
        (
            "users/acme.yaml",
            "users:\n  - { user_id: a, email: A@b.c }\n  - user_id: b\n    email: a@B.c\n",
            "users/acme.yaml:4: email: is on line 2 too",
        ),
        (
            "users/acme.yaml",
            "users:\n  - user_id: a\n    email: nobody\n",
            "users/acme.yaml:3: email: must be an e-mail address alone, such as ada@example.com: \
             without `mailto:`, brackets or punctuation around it",
        ),
        (
            "users/acme.yaml",
            "users:\n  - user_id: a\n    phone_number: +4930123456\n",
            "users/acme.yaml:3: phone_number must be a text: put the number in quotes",
        ),
        (
            "users/acme.yaml",
            "users:\n  - { email: a@b.c }\n",
            "users/acme.yaml:2: user: missing key `user_id`",
        ),
        (
            "users/acme.yaml",
            "users:\n  - { user_id: a, mail: a@b.c }\n",
            "users/acme.yaml:2: user: unknown key `mail`: must be one of `user_id`, `email`, `phone_number`, `username`, `tier`",
        ),
        (
            "users/acme.yaml",
            "users: []\n",
            "users/acme.yaml:1: users must be a list, and not empty",
        ),
        ("users/unused.yaml", "people: []\n", "users/unused.yaml:1: the file: missing key `users`"),
    ] {
        let problems = problems(&changed(&[(path, text)]));
        assert!(
            problems.iter().any(|found| found == problem),
            "wanted {problem}, got {problems:#?}"
        );
    }
}

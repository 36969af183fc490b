//! The desk of an application: what a valid one says, and every mistake.

use std::time::Duration;

use codes::ids::ApplicationId;
use codes::user::UserId;
use desk::names::Tier;
use desk::policy::{AgentRule, Limits};
use desk::tiers::Tiers as _;

use super::*;
use crate::Right;

const DESK: &str = "\
desk:
  agent: verified
  require: [reason, ticket_ref, verification_method, pairing_confirmed]
  ticket: { pattern: 'INC[0-9]{7}', once: true }
  verification_methods: [video, callback]
  limits: { agent_per_hour: 10, user_per_day: 3 }
  approval: { tiers: [privileged], above_limits: true, unpaired: true, expires: 20m }
";

const PROVIDER: &str = "\
issuer: https://login.acme.example
audience: postern-desk
clients: [acme-support]
claim: roles
self: { user_id: employee_id }
roles:
  helpdesk: { applications: [acme], may: [issue, read], tiers: [standard], group: outsourced }
  lead: { applications: [acme], may: [approve], tiers: [standard, privileged], group: inhouse }
";

fn with(desk: &str) -> Source {
    let application = format!("{APPLICATION}{desk}");
    changed(&[("applications/acme.yaml", &application), ("agents/acme.yaml", PROVIDER)])
}

#[test]
fn a_desk_says_under_which_rules_codes_are_issued() {
    let configuration = Configuration::read(&with(DESK)).expect("valid");
    let application = configuration.applications().next().expect("an application");
    let policy = &application.desk.as_ref().expect("a desk").policy;
    assert!(policy.is_verified() && policy.approves_above_limits());
    let settings = policy.settings();
    assert_eq!(settings.agent, AgentRule::Verified);
    assert_eq!(
        settings.require.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        ["reason", "ticket_ref", "verification_method", "pairing_confirmed"]
    );
    let ticket = settings.ticket.as_ref().expect("a rule");
    assert!(ticket.once() && ticket.matches("INC0000001") && !ticket.matches("INC1"));
    assert_eq!(settings.verification_methods.len(), 2);
    let limits = Limits { agent_per_hour: Some(10), group_per_hour: None, user_per_day: Some(3) };
    assert_eq!(settings.limits, limits);
    let approval = settings.approval.as_ref().expect("approvals");
    assert_eq!(approval.expires, Duration::from_secs(20 * 60));
    assert!(approval.tiers.contains(&Tier::parse("privileged").expect("a name")));

    let configuration = Configuration::read(&with("")).expect("valid");
    assert!(configuration.applications().all(|it| it.desk.is_none()));
}

/// A text of the valid desk, what stands there instead, and what is wrong then.
const CHANGES: &[(&str, &str, &str)] = &[
    ("agent: verified", "agent: trusted", ":25: desk: agent: must be `asserted` or `verified`"),
    (
        "[reason,",
        "[agent_id,",
        ":26: desk: require: `agent_id`: must be `reason`, `ticket_ref`, `verification_method` or `pairing_confirmed`",
    ),
    ("ticket_ref, ", "", ":27: desk: ticket needs `ticket_ref` in require"),
    (
        "verification_method, ",
        "",
        ":28: desk: verification_methods needs `verification_method` in require",
    ),
    ("once: true", "once: 1", ":27: desk: ticket: once must be true or false"),
    ("pattern: 'INC[0-9]{7}', ", "", ":27: desk: ticket: missing key `pattern`"),
    ("agent_per_hour: 10", "agent_per_hour: 0", ":29: desk: limits must be from 1 to 100000"),
    ("expires: 20m", "expires: 25h", ":30: desk: approval: expires must be from 1m to 24h"),
    (
        "[privileged]",
        "[Privileged]",
        ":30: desk: approval: tiers: `Privileged`: must be 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit",
    ),
    (
        "  limits: { agent_per_hour: 10, user_per_day: 3 }\n",
        "",
        ":29: desk: approval: above_limits needs limits",
    ),
];

#[test]
fn a_mistake_in_a_desk_is_named_by_line_and_reason() {
    for (from, to, problem) in CHANGES {
        assert!(DESK.contains(from), "{from:?}");
        let problems = problems(&with(&DESK.replacen(from, to, 1)));
        assert_eq!(problems, [format!("applications/acme.yaml{problem}")], "{to:?}");
    }
}

#[test]
fn controls_that_cannot_hold_are_refused() {
    let asserted = problems(&with(&DESK.replace("agent: verified", "agent: asserted")));
    assert_eq!(
        asserted,
        [
            "applications/acme.yaml:29: desk: limits: agent_per_hour and group_per_hour need `agent: verified`",
            "applications/acme.yaml:30: desk: approval needs `agent: verified`",
        ]
    );
    let opaque = format!("{APPLICATION}{DESK}")
        .replace("directory: file, file: acme.yaml", "directory: opaque");
    let source = changed(&[("applications/acme.yaml", &opaque), ("agents/acme.yaml", PROVIDER)]);
    let rule = "desk: approval: tiers must not be set: an opaque directory gives users no tiers";
    assert_eq!(problems(&source), [format!("applications/acme.yaml:30: {rule}")]);
}

#[test]
fn a_right_reaches_the_tiers_of_the_roles_that_give_it() {
    let configuration = Configuration::read(&with(DESK)).expect("valid");
    let provider = configuration.providers().next().expect("a provider");
    let acme = ApplicationId::parse("acme").expect("valid");
    let roles = ["helpdesk", "lead"].map(str::to_owned);
    let tiers = |right| {
        let standing = provider.standing(&acme, &roles, right);
        assert_eq!(standing.group.expect("a group").as_str(), "inhouse");
        standing.tiers.iter().map(Tier::to_string).collect::<Vec<_>>()
    };
    assert_eq!(tiers(Right::Issue), ["standard"]);
    assert_eq!(tiers(Right::Approve), ["privileged", "standard"]);
    assert_eq!(tiers(Right::Brake), [""; 0]);
}

#[tokio::test]
async fn users_without_a_tier_are_standard() {
    let users = "users:\n  - { user_id: ada, tier: privileged }\n  - { user_id: bob }\n";
    let source = Source::from_files([("users/acme.yaml", users)]);
    let mut reading = crate::reading::Reading::new(&source);
    let [(file, text)] = &reading.texts("users")[..] else { panic!("one file") };
    let directory = reading.parse(file, text, |_, notes, node| crate::users::read(notes, node));
    let directory = directory.expect("valid");
    let acme = ApplicationId::parse("acme").expect("valid");
    for (name, expected) in [("ada", "privileged"), ("bob", "standard")] {
        let identifier = codes::user::Identifier::parse(codes::user::IdentifierType::UserId, name);
        let user = UserId::from_identifier(&identifier.expect("valid"));
        let tier = directory.tier_of(&acme, &user).await.expect("known").expect("a tier");
        assert_eq!(tier.as_str(), expected);
    }
}

#[test]
fn a_verified_desk_that_no_agent_can_use_is_warned_of() {
    let warnings = |provider: &str| {
        let application = format!("{APPLICATION}{DESK}");
        let files =
            [("applications/acme.yaml", application.as_str()), ("agents/acme.yaml", provider)];
        let warnings = Configuration::read(&changed(&files)).expect("valid").warnings();
        warnings.into_iter().filter(|it| it.contains("desk")).collect::<Vec<_>>()
    };
    assert_eq!(warnings(PROVIDER), [""; 0]);
    assert_eq!(
        warnings(&PROVIDER.replace("[issue, read]", "[read]")),
        [
            "acme: desk: no role of a file in agents/ may issue in this application: nobody can issue a code"
        ]
    );
    assert_eq!(
        warnings(&PROVIDER.replace("self: { user_id: employee_id }\n", "")),
        ["acme: desk: agents/acme.yaml has no `self`: its agents can issue no code"]
    );
}

//! The facts of an identity provider of agents, and of its roles.

use config::{AgentProvider, Role};

use crate::fact::Fact;
use crate::facts::Facts;

/// Notes a provider and its roles.
pub(crate) fn note(facts: &mut Facts, provider: &AgentProvider) {
    let AgentProvider {
        id,
        issuer,
        audience,
        clients,
        keys,
        max_age,
        require_amr,
        claim,
        own,
        roles,
    } = provider;
    let place = format!("agents {id}");
    facts.place(&place, Fact::quoted(issuer));
    let source = if keys.is_some() { "jwks_file" } else { "discovery" };
    let own = own.iter().map(|(kind, claim)| format!("{}: {claim:?}", kind.as_str()));
    facts.extend(
        &place,
        [
            ("issuer", Fact::quoted(issuer)),
            ("audience", Fact::quoted(audience)),
            ("clients", Fact::allowed(clients)),
            // Public keys: their `Debug` tells them apart.
            ("keys", Fact::plain(source).identified(format_args!("{keys:?}"))),
            ("max_age", Fact::shorter(*max_age)),
            ("require_amr", Fact::demanded(require_amr.iter().map(|it| format!("{it:?}")))),
            ("claim", Fact::quoted(claim)),
            ("self", Fact::demanded(own)),
        ],
    );
    for (name, role) in roles {
        note_role(facts, &format!("role {id}/{name:?}"), role);
    }
}

fn note_role(facts: &mut Facts, place: &str, role: &Role) {
    let Role { applications, may, tiers, group } = role;
    let may: Vec<_> = may.iter().map(|it| it.as_str()).collect();
    facts.place(place, Fact::allowed(&may));
    facts.extend(
        place,
        [
            ("applications", Fact::allowed(applications)),
            ("may", Fact::allowed(may)),
            ("tiers", Fact::allowed(tiers)),
            ("group", Fact::optional(group.as_ref().map(desk::names::Group::as_str))),
        ],
    );
}

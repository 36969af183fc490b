//! The names of the protocol, in words for people.

use generate::Target;

/// A name such as `in_person`.
pub(crate) fn plain(name: &str) -> String {
    name.replace('_', " ")
}

/// The part of a request's ID by which agents name it on the phone.
pub(crate) fn short(id: &str) -> &str {
    id.get(..6).unwrap_or(id)
}

/// What a project of integration code is for.
pub(crate) const fn platform(target: Target) -> &'static str {
    match target {
        Target::Web => "Web page",
        Target::Android => "Android app",
        Target::Ios => "iOS app",
    }
}

/// A limit of the desk.
pub(crate) fn limit(name: &str) -> &str {
    match name {
        "agent_per_hour" => "Your codes this hour",
        "group_per_hour" => "Your group's codes this hour",
        "user_per_day" => "The user's codes today",
        other => other,
    }
}

/// Why an issue needs approval.
pub(crate) fn cause(cause: &str) -> &'static str {
    match cause {
        "tier" => "the user is privileged",
        "unpaired" => "there is no pairing number",
        "user_limit" => "the user reached the limit of the day",
        "agent_limit" => "the agent reached the limit of the hour",
        "group_limit" => "the group reached the limit of the hour",
        _ => "the desk's rules say so",
    }
}

/// What is wrong with a field of a request, such as `context.reason`.
pub(crate) fn fault(field: &str, text: &str) -> String {
    let name = field.trim_end_matches(".value").rsplit('.').next().unwrap_or(field);
    sentence(&format!("{} {text}", plain(name)))
}

/// A text of the services as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", rest.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_written_for_people() {
        let text = "must be 6 or 8 digits";
        assert_eq!(fault("pairing_number", text), "Pairing number must be 6 or 8 digits.");
        assert_eq!(fault("user.value", text), "User must be 6 or 8 digits.");
        assert_eq!(fault("context.ticket_ref", text), "Ticket ref must be 6 or 8 digits.");
    }
}

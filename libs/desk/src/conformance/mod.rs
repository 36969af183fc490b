//! The contract of every store of desks: plain async functions over the use case and the port, an
//! injected clock and applications of their own, so that many run against one store at the same time.
//!
//! A store is held to it by one line in its tests, [`desk_store_contract!`](crate::desk_store_contract).
//!
//! # Invariants
//! | | |
//! | --- | --- |
//! | I23 | No code is issued without everything that its policy requires. |
//! | I24 | At most one code per approval; the approver is never the requester. |
//! | I25 | Limits hold across replicas and retries, exactly. |
//! | I30 | No issue succeeds after a brake was set. |
//! | I31 | With verified agents, nothing is issued, approved or lifted without one. |

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

pub mod approvals;
pub mod collects;
pub mod fields;
pub mod history;
pub mod limits;
mod room;
pub mod stops;

use std::sync::Arc;

pub use self::room::{Room, agent_of, collecting, issued, keyed, pending, refused};
use crate::store::DeskStore;

/// A store under test beside a store of codes, both living by one clock.
pub struct Bench {
    /// The store of codes.
    pub codes: codes::conformance::Bench,
    /// The store of desks.
    pub store: Arc<dyn DeskStore>,
}

/// Holds a store to the contract: `desk_store_contract!(expression that makes a `Bench`);`
#[macro_export]
macro_rules! desk_store_contract {
    ($bench:expr) => {
        $crate::desk_store_contract!(@each $bench, fields:
            each_required_field_is_asked_for
            a_code_without_a_journey_needs_approval_in_place_of_confirmation
            a_ticket_belongs_to_its_first_user
            a_verified_desk_needs_an_agent_who_serves_the_tier
            a_check_before_the_policy_counts_nothing
        );
        $crate::desk_store_contract!(@each $bench, limits:
            a_limit_ends_with_its_window
            refused_issues_are_not_counted_and_pending_ones_are
            twice_the_agents_limit_freezes_until_lifted
            a_lifted_agent_has_the_limit_anew
            twice_another_limit_is_refused
            a_retry_is_counted_once_and_gives_no_second_code
            a_key_for_another_issue_conflicts
            of_parallel_issues_exactly_the_limit_is_admitted
            an_explanation_counts_nothing
        );
        $crate::desk_store_contract!(@each $bench, approvals:
            a_privileged_user_needs_a_second_agent
            a_request_is_listed_until_it_is_decided
            the_first_decision_stands
            a_request_expires
            of_parallel_decisions_one_stands
            agents_who_approve_each_other_are_seen
            as_many_requests_wait_as_may
        );
        $crate::desk_store_contract!(@each $bench, collects:
            an_approval_gives_one_code
            a_changed_issue_collects_nothing
            an_approval_keeps_its_journey
            of_parallel_collects_one_key_gets_the_code
            an_approved_issue_is_not_counted_again
            an_admission_without_a_code_is_judged_again
        );
        $crate::desk_store_contract!(@each $bench, stops:
            a_brake_stops_what_it_names
            a_brake_stops_what_was_admitted_and_approved
            a_longer_brake_stays_and_ends_by_itself
            as_many_brakes_are_set_as_may
        );
    };
    (@each $bench:expr, $module:ident: $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::conformance::$module::$case($bench).await;
            }
        )*
    };
}

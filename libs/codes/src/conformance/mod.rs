//! The contract of every store of codes: plain async functions over the port. Each has an injected
//! clock and users of its own, so many can run against one store at the same time.
//!
//! A store's tests run it with one line, [`code_store_contract!`](crate::code_store_contract).
//!
//! # Invariants
//! Tests cite these numbers. `limit` is the policy's `failed_attempts`.
//!
//! | | |
//! | --- | --- |
//! | I1 | A code id is accepted at most once: over all replicas, retries, restarts, failovers, and in a split brain. |
//! | I2 | At most `limit` failed comparisons per code id; per user, kind of code (paired or not) and window at most `limit` × (1 + failovers + overrides). |
//! | I3 | Nothing is accepted at or after the expiry, by the store's clock. |
//! | I4 | At most one active code per application and user: after an issue returned, the code before it never verifies. |
//! | I5 | An issue never lowers the failure counts. Success, the window's end and a scoped unlock do. |
//! | I6 | While a user is locked, nothing is compared, no state changes, and the lock's end stays. |
//! | I7 | A denial without a comparison changes nothing that belongs to the user. |
//! | I8 | The same client, key and request within 120 s: the same outcome, one effect. The same key for another request: no comparison, no effect. |
//! | I9 | Public replies of all denials are equal in bytes and indistinguishable in time, under faults too. |
//! | I10 | Where acknowledgements are asked for, no outcome is told before they cover its write. |
//! | I11 | A code verifies only on the primary incarnation that issued it: its fence. |
//! | I12 | No error, timeout, unknown reply or unknown key id gives an acceptance or a token. |
//! | I13 | The code in clear is in the issue's reply and the verification's request, and nowhere else. |
//! | I14 | One acceptance gives one grant, one grant at most one token family. The subject comes from the record. |
//! | I15 | Canonicalisation is idempotent and the same at issue and verify; a code of one user never verifies for another. |
//! | I16 | No principal can both issue and verify. Only health, metadata, JWKS and the browser's start need no token. |
//! | I17 | A terminal state never returns to active for the same code id. |
//! | I18 | Every key has a lifetime; keys are bounded by users with a live code, lock or count, plus a constant. |
//! | I19 | Exactly one audit event per issue, acceptance, burn, lock, override and unlock. |
//! | I21 | 100 consecutive failures at codes of one kind disable it for the user until an administrator acts. |
//! | I22 | A lock changes no other login method and no other user. |
//! | I27 | An attacker without the session changes nothing that the owner of a paired code can notice. |
//! | I28 | For 24 hours after a repudiation, nothing verifies or is issued for the user unless the block is lifted. |
//! | I29 | At most `attempts_per_source` comparisons per code and source, exact in parallel. |
//!
//! The suite holds a store to I1 to I8, I11, I17 to I22, I27 to I29. The others bind the parts around a store, and are
//! tested there and from outside (`tests/suite`).

#![expect(clippy::missing_panics_doc, reason = "a contract panics where it is broken")]

mod checked;
pub mod claims;
pub mod grants;
pub mod history;
pub mod life;
pub mod lockout;
pub mod numbers;
pub mod pairing;
mod place;
pub mod races;
pub mod repudiation;
mod requests;
pub mod retry;
pub mod sources;
pub mod strangers;
pub mod trail;
mod world;

use std::sync::Arc;

use clock::FakeClock;

pub use self::place::{Place, paired};
pub use self::requests::{accepted, granted, keyed, reason, request, user, wrong};
pub use self::trail::Trail;
pub use self::world::World;
use crate::claims::ClaimStore;
use crate::grants::GrantStore;
use crate::memory::{MemoryClaimStore, MemoryCodeStore, MemoryGrantStore};
use crate::store::CodeStore;

/// A store under test, and the controls that the contract needs.
pub struct Bench {
    /// The store, which uses the clock below.
    pub store: Arc<dyn CodeStore>,
    /// The store of claims, which uses the same clock.
    pub claims: Arc<dyn ClaimStore>,
    /// The store of revoked grants, which uses the same clock.
    pub grants: Arc<dyn GrantStore>,
    /// The clock.
    pub clock: Arc<FakeClock>,
    /// Makes the store behave as after a promotion.
    pub promote: Box<dyn Fn() + Send + Sync>,
}

impl Bench {
    /// A bench over the stores in memory.
    pub fn in_memory(clock: Arc<FakeClock>) -> Self {
        let store = Arc::new(MemoryCodeStore::new(clock.clone()));
        let promoted = Arc::clone(&store);
        let claims = Arc::new(MemoryClaimStore::new(clock.clone()));
        let grants = Arc::new(MemoryGrantStore::new(clock.clone()));
        Self { store, claims, grants, clock, promote: Box::new(move || promoted.promote()) }
    }
}

/// Runs the contract on a store: `code_store_contract!(expression that makes a `Bench`);`
#[macro_export]
macro_rules! code_store_contract {
    ($bench:expr) => {
        $crate::code_store_contract!(@each $bench, life:
            a_right_code_is_accepted_once
            a_code_is_refused_from_its_expiry_on
            a_new_code_supersedes_the_old_one
            a_superseded_code_is_a_wrong_guess_with_a_reason
            only_a_live_code_is_superseded
            a_code_is_refused_behind_a_new_fence
            nothing_is_compared_behind_a_new_fence
            a_rotated_pepper_still_verifies_and_a_lost_one_does_not
            a_revoked_code_is_refused
            a_code_id_revokes_only_its_own_code
            issues_are_capped_an_hour
            a_code_works_for_its_user_and_application_alone
            a_skewed_caller_gets_an_error_and_changes_nothing
        );
        $crate::code_store_contract!(@each $bench, lockout:
            the_limit_burns_the_code_and_locks_the_user
            a_lock_is_neither_extended_nor_compared_against
            a_new_code_does_not_renew_the_budget
            failures_are_forgotten_with_their_window
            success_clears_every_count
            a_code_never_stands_more_than_its_limit
            guesses_at_an_expired_code_are_bounded_by_its_limit
            a_retried_guess_at_an_expired_code_counts_once
            nothing_is_compared_with_an_expired_code_behind_a_new_fence
            guesses_without_a_code_leave_no_trace
            a_locked_user_gets_no_code_unless_the_lock_is_overridden
            overrides_are_capped_a_day
            clearing_a_lockout_lets_the_user_in_again
            a_hundred_consecutive_failures_disable_until_cleared
        );
        $crate::code_store_contract!(@each $bench, retry:
            a_retry_has_the_same_outcome_and_one_effect
            a_key_for_another_request_conflicts
            a_key_is_forgotten_after_its_window
            a_revocation_or_clearing_is_forgotten_after_its_window
            a_retried_issue_leaves_only_its_last_code_valid
            a_retried_issue_counts_towards_the_hours_codes
            one_key_for_two_users_takes_effect_once
            a_service_claims_no_keys_and_is_answered_alike
            the_least_needed_outcomes_are_forgotten_first
            a_clearing_costs_no_other_outcome
            a_retried_issue_does_not_revive_a_spent_code
            a_retried_issue_spares_the_code_that_came_after
            a_retried_revocation_spares_the_code_that_came_after
            a_revocation_that_found_nothing_finds_nothing_again
            a_retried_clearing_spares_the_lock_that_came_after
            a_key_conflicts_whatever_it_stood_for
        );
        $crate::code_store_contract!(@each $bench, trail:
            every_action_is_written_to_the_trail_once
            a_retried_revocation_or_clearing_is_marked_in_the_trail
        );
        $crate::code_store_contract!(@each $bench, pairing:
            a_paired_code_works_in_its_journey_alone
            strangers_neither_compare_nor_count_nor_write_at_a_paired_code
            each_kind_of_code_has_counts_and_a_lock_of_its_own
            an_override_ends_the_lock_of_its_kind_alone
            clearing_ends_both_kinds_of_failures
            failures_at_paired_codes_disable_paired_codes_alone
            a_binding_at_an_unpaired_code_counts_as_unpaired
            an_unpaired_code_is_refused_where_pairing_is_required
            a_retried_issue_stays_in_its_journey
        );
        $crate::code_store_contract!(@each $bench, numbers:
            a_number_stays_while_it_lives_and_is_then_another
            a_withdrawn_or_foreign_number_is_not_found
            five_pairings_of_a_source_are_open_at_most
            a_number_that_is_taken_is_passed_over
            no_code_outlives_the_session_of_its_journey
            an_open_pairing_keeps_nothing_else
            ten_thousand_open_pairings_do_not_disturb_one_more
        );
        $crate::code_store_contract!(@each $bench, sources:
            a_source_that_used_its_attempts_is_not_compared
            a_new_code_gives_a_source_its_attempts_again
            guesses_of_a_source_at_an_expired_code_are_bounded_too
            a_retried_guess_costs_its_source_one_attempt
            of_parallel_guesses_each_source_has_its_attempts_and_no_more
        );
        $crate::code_store_contract!(@each $bench, claims:
            a_key_stands_for_its_first_request
            a_request_that_was_idle_stays_idle
            of_parallel_claims_for_different_requests_one_is_held
        );
        $crate::code_store_contract!(@each $bench, grants:
            a_revoked_grant_stays_revoked_while_its_tokens_live
            revoking_a_redeemed_code_revokes_its_grant
            a_retried_revocation_of_a_grant_spares_the_code_that_came_after
            no_grant_is_revoked_of_a_code_that_was_not_redeemed
        );
        $crate::code_store_contract!(@each $bench, repudiation:
            for_a_day_after_a_repudiation_nothing_verifies_or_is_issued
            a_repudiation_ends_its_own_code_and_grant
            a_block_ends_the_code_that_superseded_the_repudiated_one
            a_code_is_repudiated_once
            a_link_that_is_a_day_old_ends_its_code_without_a_block
            a_lift_ends_the_block_and_keeps_links_from_blocking_for_a_day
            a_block_answers_alike_in_every_state
            of_parallel_repudiations_of_one_code_one_is_fresh
        );
        $crate::code_store_contract!(@each $bench, races:
            of_parallel_redemptions_one_is_accepted
            of_parallel_guesses_three_are_compared
            of_mixed_attempts_at_most_one_is_accepted_and_three_are_compared
            of_parallel_issues_one_code_verifies
            of_parallel_retries_one_takes_effect
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

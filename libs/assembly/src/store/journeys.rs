//! A Redis of their own for waiting journeys.
//!
//! Anyone may start a journey; only agents have codes issued. A flood of journeys that fills their Redis
//! then takes no memory from codes: only journeys that wait are refused.

use settings::Mistakes;
use store_redis::connection::address::Address;

use super::Store;

/// A Redis for waiting journeys alone.
#[derive(Clone, Debug, clap::Args)]
pub struct JourneyStoreArgs {
    /// A Redis of its own for waiting journeys, so that a flood of them takes no memory from codes: a
    /// URL as for --store, with the same login and certificates. Without it, journeys wait in the store
    #[arg(long, env = "POSTERN_JOURNEY_STORE", value_name = "URL")]
    pub journey_store: Option<String>,
}

impl JourneyStoreArgs {
    pub(super) const SETTING: &str = "--journey-store (POSTERN_JOURNEY_STORE)";

    /// The store, with waiting journeys where this setting says.
    pub fn beside(&self, store: Store, mistakes: &mut Mistakes) -> Option<Store> {
        let Some(url) = self.journey_store.as_deref() else { return Some(store) };
        let beside = mistakes.check(Self::SETTING, Address::parse(url))?;
        match store {
            Store::Redis { address, access, checks, confirmation, .. } => {
                let journeys = Some(beside);
                Some(Store::Redis { address, access, checks, confirmation, journeys })
            }
            Store::Memory => {
                let rule = "is of no use while codes are kept in memory: name a Redis by --store";
                mistakes.note(format_args!("{}: {rule}", Self::SETTING));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::args;
    use super::*;

    fn beside(store: &str, journeys: &str) -> (Option<Store>, Mistakes) {
        let mut mistakes = Mistakes::default();
        let store = args(&[store]).or_memory(&mut mistakes).expect("a store");
        let journeys = JourneyStoreArgs { journey_store: Some(journeys.to_owned()) };
        (journeys.beside(store, &mut mistakes), mistakes)
    }

    #[test]
    fn journeys_wait_in_a_redis_beside_the_one_for_codes() {
        let (store, mistakes) = beside("--store=redis://codes", "redis://journeys");
        let Some(Store::Redis { address, journeys, .. }) = store else { panic!("{mistakes}") };
        assert_ne!(Some(format!("{address:?}")), journeys.map(|it| format!("{it:?}")));
    }

    #[test]
    fn every_mistake_names_the_setting() {
        for (store, journeys) in [
            ("--store=redis://codes", "memory"),
            ("--store=redis://codes", "journeys"),
            ("--store=memory", "redis://journeys"),
        ] {
            let (refused, mistakes) = beside(store, journeys);
            assert!(refused.is_none(), "{store} {journeys}");
            assert_eq!(mistakes.0.len(), 1, "{mistakes}");
            assert!(mistakes.0[0].starts_with(JourneyStoreArgs::SETTING), "{mistakes}");
        }
    }
}

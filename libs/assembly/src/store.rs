//! Where codes and journeys are kept.

mod access;
mod journeys;
mod open;

use settings::Mistakes;
use store_redis::connection::address::{Access, Address};
use store_redis::connection::checks::Checks;
pub use store_redis::connection::checks::Use;
use store_redis::connection::confirmation::Confirmation;

use self::access::AccessArgs;
pub use self::journeys::JourneyStoreArgs;
pub use self::open::Stores;
use crate::durability;

/// The store of a service.
#[derive(Clone, Debug, clap::Args)]
pub struct StoreArgs {
    /// Where codes and journeys are kept: `memory`, or Redis under one of the URLs
    /// `redis://host:port`, `redis+sentinel://host:port,host:port/primary's-name` and
    /// `redis+cluster://host:port,host:port`; `rediss` for `redis` where TLS is spoken
    #[arg(long, env = "POSTERN_STORE", value_name = "STORE")]
    pub store: Option<String>,
    /// The credentials.
    #[command(flatten)]
    pub store_access: AccessArgs,
    /// What Redis must have done before a caller learns a code's outcome: `fenced` (run it; the default),
    /// `replicated:<replicas>:<timeout>` such as `replicated:1:100ms`, or `synced` (to its disk)
    #[arg(long, env = "POSTERN_STORE_DURABILITY", value_name = "LEVEL")]
    pub store_durability: Option<String>,
    /// Whether a Redis is refused that may lose or evict what it is given: on or off
    #[arg(long, env = "POSTERN_STORE_CHECKS", value_name = "on|off")]
    pub store_checks: Option<String>,
}

/// A store that the settings name.
#[derive(Clone, Debug)]
pub enum Store {
    /// This process's memory.
    Memory,
    /// Redis.
    Redis {
        /// Where it is.
        address: Address,
        /// The credentials.
        access: Box<Access>,
        /// The checks before its use.
        checks: Checks,
        /// The confirmation that an outcome needs.
        confirmation: Option<Confirmation>,
        /// Where journeys wait, if not beside the codes.
        journeys: Option<Address>,
    },
}

impl StoreArgs {
    const SETTING: &str = "--store (POSTERN_STORE)";
    const DURABILITY: &str = "--store-durability (POSTERN_STORE_DURABILITY)";

    /// The store, this process's memory if none is named. Redis is taken as it is, unless checks are
    /// asked for.
    pub fn or_memory(&self, mistakes: &mut Mistakes) -> Option<Store> {
        self.parse(Use::All, false, mistakes)
    }

    /// The store, which services that share it must be able to reach. Redis is checked for what
    /// this service keeps there, unless that is declined.
    pub fn shared(&self, used: Use, mistakes: &mut Mistakes) -> Option<Store> {
        match self.parse(used, true, mistakes)? {
            Store::Memory => {
                let rule = "must be a URL such as redis://127.0.0.1:6379: this service shares its \
                    store with others, and memory is one process's alone";
                mistakes.note(format_args!("{}: {rule}", Self::SETTING));
                None
            }
            shared @ Store::Redis { .. } => Some(shared),
        }
    }

    fn parse(&self, used: Use, checked: bool, mistakes: &mut Mistakes) -> Option<Store> {
        let is_checked = match self.store_checks.as_deref() {
            None => Ok(checked),
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(_) => Err("must be on or off"),
        };
        let is_checked = mistakes.check("--store-checks (POSTERN_STORE_CHECKS)", is_checked);
        let access = self.store_access.access(mistakes);
        let level = self.store_durability.as_deref().unwrap_or("fenced");
        let confirmation = mistakes.check(Self::DURABILITY, durability::parse(level));
        let url = match self.store.as_deref() {
            None | Some("memory") => {
                if let Some(Some(_)) = confirmation {
                    let rule = "memory has neither replicas nor a disk: name a Redis by --store";
                    mistakes.note(format_args!("{}: {rule}", Self::DURABILITY));
                }
                return self.store_access.no_sentinels(mistakes).map(|()| Store::Memory);
            }
            Some(url) => url,
        };
        let address = mistakes.check(Self::SETTING, Address::parse(url));
        if address.as_ref().is_some_and(|address| !address.has_sentinels()) {
            self.store_access.no_sentinels(mistakes)?;
        }
        // The durability of codes does not apply to what only waits or is only read.
        let only_waits = matches!(used, Use::Journeys | Use::JourneysAndGrants | Use::Console);
        let confirmation = confirmation?.filter(|_| !only_waits);
        let checks = if is_checked? { Checks::On(used) } else { Checks::Off };
        let access = Box::new(access?);
        Some(Store::Redis { address: address?, access, checks, confirmation, journeys: None })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        store: StoreArgs,
    }

    /// The settings that these flags make.
    pub(super) fn args(flags: &[&str]) -> StoreArgs {
        Args::parse_from([&["test"], flags].concat()).store
    }

    #[test]
    fn a_service_of_its_own_checks_its_redis_unless_told_not_to() {
        for (flags, checks) in [
            (&["--store", "redis://host"] as &[_], Checks::On(Use::Codes)),
            (&["--store", "redis+cluster://a:1,b:2", "--store-checks", "off"], Checks::Off),
        ] {
            let mut mistakes = Mistakes::default();
            let store = args(flags).shared(Use::Codes, &mut mistakes);
            assert!(
                matches!(store, Some(Store::Redis { checks: found, .. }) if found == checks),
                "{mistakes}"
            );
        }
        let together = args(&["--store", "redis://host"]).or_memory(&mut Mistakes::default());
        assert!(matches!(together, Some(Store::Redis { checks: Checks::Off, .. })));
    }

    #[test]
    fn what_keeps_no_codes_waits_for_nothing() {
        let flags = ["--store=redis://host", "--store-durability=synced"];
        for (used, expected) in [
            (Use::Codes, Some(Confirmation::Disk)),
            (Use::Journeys, None),
            (Use::JourneysAndGrants, None),
            (Use::Console, None),
        ] {
            let store = args(&flags).shared(used, &mut Mistakes::default());
            let Some(Store::Redis { confirmation, .. }) = store else { panic!("a Redis") };
            assert_eq!(confirmation, expected);
        }
    }

    #[test]
    fn memory_confirms_nothing() {
        let mut mistakes = Mistakes::default();
        args(&["--store-durability=replicated:1:100ms"]).or_memory(&mut mistakes);
        assert!(mistakes.to_string().contains("--store-durability"), "{mistakes}");
        let mut mistakes = Mistakes::default();
        args(&["--store-durability=fenced"]).or_memory(&mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes}");
    }

    #[test]
    fn every_mistake_is_told() {
        let flags = [
            "--store=redis://",
            "--store-checks=perhaps",
            "--store-durability=forever",
            "--store-key=/does/not/exist",
            "--store-password-file=/does/not/exist",
        ];
        let mut mistakes = Mistakes::default();
        assert!(args(&flags).shared(Use::Codes, &mut mistakes).is_none());
        assert_eq!(mistakes.0.len(), 5, "{mistakes}");
        let mut mistakes = Mistakes::default();
        assert!(args(&["--store=memory"]).shared(Use::Codes, &mut mistakes).is_none());
        assert_eq!(mistakes.0.len(), 1, "{mistakes}");
    }
}

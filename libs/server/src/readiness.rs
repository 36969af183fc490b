//! Whether clients should be sent here: what `/readyz` and the health of gRPC services say.

use tokio::sync::watch;

/// A handle on the readiness of the process. Services lower it while they cannot do their work;
/// the end of the process lowers it for good.
#[derive(Clone, Debug)]
pub struct Readiness(watch::Sender<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    able: bool,
    draining: bool,
}

impl Readiness {
    /// Says whether the service can do its work.
    pub fn set(&self, able: bool) {
        self.0.send_if_modified(|state| std::mem::replace(&mut state.able, able) != able);
    }

    /// Whether clients should be sent here.
    pub fn is_ready(&self) -> bool {
        let State { able, draining } = *self.0.borrow();
        able && !draining
    }

    /// Lowers readiness for good.
    pub(crate) fn drain(&self) {
        self.0.send_modify(|state| state.draining = true);
    }

    /// Follows the readiness from now on.
    pub(crate) fn watch(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(State { able: true, draining: false }))
    }
}

/// Follows a readiness.
pub(crate) struct Changes(watch::Receiver<State>);

impl Changes {
    /// Waits for a change; `false` if there will be none.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

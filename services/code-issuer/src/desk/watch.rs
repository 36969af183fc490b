//! Follows what waits and what is stopped, for the metrics. Each replica tells the same: take the greatest.

use std::time::Duration;

use codes::operations::OperationError;
use telemetry::Gauge;
use tokio::time::sleep;

use crate::CodeIssuer;

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(15);

/// How much waits and is stopped, in all applications together.
#[derive(Clone, Copy, Default)]
struct Standing {
    requests: usize,
    frozen: usize,
    brakes: usize,
}

impl CodeIssuer {
    /// Follows the desks for as long as the process serves. Without a desk, the store is never asked.
    pub async fn watch_desks(self) {
        let requests =
            Gauge::new("postern.desk.requests", "Requests that wait for another agent's approval.");
        let frozen = Gauge::new("postern.desk.frozen", "Agents who are frozen.");
        let brakes = Gauge::new("postern.desk.brakes", "Brakes that stop issuing.");
        loop {
            // While the store cannot be asked, which has an alert of its own, the last figures stay.
            if let Ok(standing) = self.standing().await {
                for (gauge, number) in [
                    (&requests, standing.requests),
                    (&frozen, standing.frozen),
                    (&brakes, standing.brakes),
                ] {
                    gauge.set(number.try_into().unwrap_or(u64::MAX));
                }
            }
            sleep(EVERY).await;
        }
    }

    async fn standing(&self) -> Result<Standing, OperationError> {
        let mut all = Standing::default();
        let configuration = self.gate.configuration();
        for application in configuration.applications().filter(|it| it.desk.is_some()) {
            let stops = self.desk.stops(&application.id).await?;
            all.requests += self.desk.waiting(&application.id).await?;
            all.frozen += stops.frozen.len();
            all.brakes += stops.brakes.len();
        }
        Ok(all)
    }
}

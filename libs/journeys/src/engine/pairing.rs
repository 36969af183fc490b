//! Pairing: support finds the journey by a number, which a later form shows.

use std::collections::BTreeMap;

use clock::Timestamp;
use codes::pairing::PairingNumber;
use definitions::Part;
use definitions::step::{Action, Pair};
use expressions::{EvaluateError, Purpose, Value};

use super::Move;
use super::inputs::{no_text, text};
use super::leg::{Engine, Flow};
use crate::verdict::PairVerdict;

impl Engine<'_> {
    /// Asks for a pairing. An identifier that is not a text is refused first.
    pub(super) fn pair(&mut self, step: &Pair) -> Result<Flow, EvaluateError> {
        let identifier =
            self.scoped(|scope| step.identifier.expression.evaluate(scope, Purpose::Output));
        let identifier = self.sent(&step.sources(), identifier)?.and_then(text);
        Ok(Flow::Out(match identifier {
            Some(identifier) => Move::Pair { identifier_type: step.identifier_type, identifier },
            None => self.unreadable(|_| step.sources(), [no_text(Part::Identifier)]),
        }))
    }

    pub(super) fn paired(&mut self, verdict: PairVerdict) -> Move {
        let journey = self.journey;
        let Action::Pair(step) = &journey.step(self.state.step).action else {
            return self.abort("this step does not pair");
        };
        match verdict {
            PairVerdict::Paired { number, expires_at } => {
                let shown = number_value(&number, expires_at);
                self.state.variables.insert(step.output.clone(), shown);
                match self.check_variables() {
                    Ok(()) => self.go(step.next),
                    Err(error) => self.abort(&error),
                }
            }
            PairVerdict::TooMany => match step.failure {
                Some(failure) => self.go(failure),
                None => self.abort("too many numbers are open and there is no failure branch"),
            },
            PairVerdict::Malformed(wrong) => self.unreadable(|_| step.sources(), wrong),
        }
    }
}

/// The number and its expiry, in milliseconds as in `@time.now()`.
fn number_value(number: &PairingNumber, expires_at: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "journeys compute with doubles, as JSON does")]
    let expires_at = expires_at.unix_millis() as f64;
    Value::Object(BTreeMap::from([
        ("number".to_owned(), Value::Text(number.expose().to_owned())),
        ("expires_at".to_owned(), Value::Number(expires_at)),
    ]))
}

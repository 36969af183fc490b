//! Sub-journeys: how one begins and ends. In between, its steps run as any others.

use definitions::step::{Back, Call, Data};
use expressions::{EvaluateError, Value};

use super::leg::{Engine, Flow, evaluate};

impl Engine<'_> {
    /// Goes to the first step of a sub-journey.
    pub(super) fn enter(&mut self, call: &Call) -> Result<Flow, EvaluateError> {
        let params = self.scoped(|scope| evaluate(&call.params, scope))?;
        self.state.variables.extend(params);
        self.check_variables()?;
        Ok(Flow::On(call.entry))
    }

    /// Ends a sub-journey. Only its output stays, so that it can run again.
    pub(super) fn leave(&mut self, data: &Data, back: &Back) -> Result<Flow, EvaluateError> {
        let output = self.scoped(|scope| evaluate(data, scope))?;
        let (journey, prefix) = (self.journey, format!("{}.", back.call));
        self.state.variables.retain(|name, _| !name.starts_with(&prefix));
        self.state.loops.retain(|&step, _| !journey.step(step).id.starts_with(&prefix));
        if let Some(name) = &back.output {
            let output = Value::Object(output.into_iter().collect());
            self.state.variables.insert(name.clone(), output);
            self.check_variables()?;
        }
        Ok(Flow::On(back.target))
    }
}

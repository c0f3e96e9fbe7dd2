//! [`Passes`]: a loop, from pass to pass.

use std::sync::Mutex;

use terrace_core::{Loop, OutcomeStatus, TaskError, Value};
use terrace_plugin_api::ErrorClass;

use super::gather::ItemEnd;
use crate::run::lock;

/// What one pass hands to the next.
pub(crate) struct Passes(Mutex<State>);

struct State {
    carried: Vec<Value>,
    end: Option<ItemEnd>,
}

/// What the end of a pass says.
pub(crate) struct PassEnd {
    /// The body's value; `None` where it is absent.
    pub(crate) value: Option<Value>,
    /// Whether the loop ends with it; `None` where nothing says.
    pub(crate) until: Option<bool>,
    /// For the next pass.
    pub(crate) carried: Vec<Value>,
}

impl Passes {
    pub(crate) fn new(carried: Vec<Value>) -> Self {
        Self(Mutex::new(State { carried, end: None }))
    }

    pub(crate) fn set_locals(&self, spec: &Loop, pass: u64, inputs: &mut [Value]) {
        let mut state = lock(&self.0);
        for (carry, value) in spec.carry.iter().zip(std::mem::take(&mut state.carried)) {
            inputs[carry.input.index()] = value;
        }
        if let Some(index) = spec.index {
            inputs[index.index()] = Value::from(pass);
        }
    }

    /// Takes the end of a pass. True: it was the last.
    pub(crate) fn put(&self, spec: &Loop, pass: u64, end: Result<PassEnd, ItemEnd>) -> bool {
        let mut state = lock(&self.0);
        let end = match end {
            Err(end) => end,
            Ok(PassEnd { value, until: Some(true), .. }) => last(value),
            Ok(PassEnd { value, until: None, .. }) if pass + 1 >= spec.max => last(value),
            Ok(_) if pass + 1 >= spec.max => {
                let message = format!(
                    "the loop did not end within {} passes: `until` never gave true",
                    spec.max
                );
                ItemEnd::of(Err(TaskError::new(ErrorClass::LIMIT, message)))
            }
            Ok(PassEnd { carried, .. }) => {
                state.carried = carried;
                return false;
            }
        };
        state.end = Some(end);
        true
    }

    pub(crate) fn finish(&mut self) -> Option<ItemEnd> {
        self.0.get_mut().unwrap_or_else(|e| e.into_inner()).end.take()
    }
}

/// The end of a loop: that of its last pass.
fn last(value: Option<Value>) -> ItemEnd {
    match value {
        Some(value) => ItemEnd::of(Ok(value)),
        None => ItemEnd::without(OutcomeStatus::Skipped),
    }
}

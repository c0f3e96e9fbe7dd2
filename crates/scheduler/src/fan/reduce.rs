//! [`Reducer`]: joins results as they come, in an order that depends on their number alone.
//!
//! An associative combiner joins neighbours as a tree: at each level pairs from the left, an odd
//! one at the end going up by itself. Whoever brings the second of a pair joins it, so pairs are
//! joined in parallel, and the shape is the same for any number of workers and any timing: sums of
//! floats have the same bits. Any other combiner folds from the left; results that come early
//! wait. Since items start in order within a window, O(window + log n) values wait in either case.

use std::collections::HashMap;
use std::sync::Mutex;

use terrace_core::{TaskError, Value};
use terrace_plugin_api::ErrorClass;

use super::gather::Combine;
use crate::run::lock;

/// Joins results as they come.
pub(crate) struct Reducer {
    items: u64,
    start: Option<Value>,
    state: Mutex<State>,
    tree: bool,
}

#[derive(Default)]
struct State {
    /// Values that wait for a neighbour, by level and position. Of a fold, all at level 0.
    waiting: HashMap<(u32, u64), Value>,
    /// Of a fold: what is joined already, how many that is, and whether somebody is at it.
    joined: Option<Value>,
    next: u64,
    busy: bool,
    failed: bool,
}

impl Reducer {
    pub(crate) fn new(items: u64, start: Option<Value>, associative: bool) -> Self {
        Self { items, start, state: Mutex::default(), tree: associative }
    }

    /// Takes the result of one item and joins what can be.
    pub(crate) fn put(
        &self,
        item: u64,
        value: Value,
        combine: &Combine<'_>,
    ) -> Result<(), TaskError> {
        let result = if self.tree {
            self.climb(item, value, combine)
        } else {
            self.fold(item, value, combine)
        };
        if result.is_err() {
            lock(&self.state).failed = true;
        }
        result
    }

    /// Joins upwards from a leaf until a neighbour is missing.
    fn climb(&self, item: u64, mut value: Value, combine: &Combine<'_>) -> Result<(), TaskError> {
        let (mut level, mut at, mut width) = (0, item, self.items);
        while width > 1 {
            // The last of an odd number has no neighbour.
            if at ^ 1 < width {
                let neighbour = {
                    let mut state = lock(&self.state);
                    if state.failed {
                        return Ok(());
                    }
                    match state.waiting.remove(&(level, at ^ 1)) {
                        Some(neighbour) => neighbour,
                        None => {
                            state.waiting.insert((level, at), value);
                            return Ok(());
                        }
                    }
                };
                let (left, right) =
                    if at % 2 == 0 { (value, neighbour) } else { (neighbour, value) };
                value = combine(left, right)?;
            }
            level += 1;
            at /= 2;
            width = width.div_ceil(2);
        }
        let value = match &self.start {
            Some(start) => combine(start.clone(), value)?,
            None => value,
        };
        lock(&self.state).joined = Some(value);
        Ok(())
    }

    /// Joins everything that is there from the left, unless somebody else is at it.
    fn fold(&self, item: u64, value: Value, combine: &Combine<'_>) -> Result<(), TaskError> {
        let mut state = lock(&self.state);
        state.waiting.insert((0, item), value);
        if state.busy || state.failed {
            return Ok(());
        }
        loop {
            let at = state.next;
            let Some(next) = state.waiting.remove(&(0, at)) else { return Ok(()) };
            let before = state.joined.take();
            state.busy = true;
            state.next += 1;
            drop(state);
            let joined = match before.or_else(|| self.start.clone()) {
                Some(before) => combine(before, next),
                None => Ok(next),
            };
            state = lock(&self.state);
            state.busy = false;
            state.joined = Some(joined?);
        }
    }

    /// What all results are joined to.
    ///
    /// # Errors
    /// When there were none and nothing stands for that.
    pub(crate) fn finish(&mut self) -> Result<Value, TaskError> {
        let joined = self.state.get_mut().unwrap_or_else(|e| e.into_inner()).joined.take();
        joined.or_else(|| self.start.take()).ok_or_else(|| {
            TaskError::new(
                ErrorClass::INVALID_INPUT,
                "there is nothing to reduce; say what stands for that with `start`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(items: u64, order: &[u64], tree: bool, start: Option<&str>) -> String {
        let mut reducer = Reducer::new(items, start.map(Value::from), tree);
        let combine = |a: Value, b: Value| {
            Ok(Value::from(format!("({}{})", a.as_str().unwrap(), b.as_str().unwrap())))
        };
        for &item in order {
            reducer.put(item, Value::from(item.to_string()), &combine).unwrap();
        }
        reducer.finish().unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn the_shape_depends_on_the_number_alone() {
        for (order, reversed) in
            [([0, 1, 2, 3, 4], [4, 3, 2, 1, 0]), ([2, 0, 4, 1, 3], [3, 1, 4, 0, 2])]
        {
            for order in [order, reversed] {
                assert_eq!(joined(5, &order, true, None), "(((01)(23))4)");
                assert_eq!(joined(5, &order, false, None), "((((01)2)3)4)");
                assert_eq!(joined(5, &order, false, Some("s")), "(((((s0)1)2)3)4)");
                assert_eq!(joined(5, &order, true, Some("s")), "(s(((01)(23))4))");
            }
        }
    }

    #[test]
    fn one_and_none() {
        assert_eq!(joined(1, &[0], true, None), "0");
        assert_eq!(joined(0, &[], true, Some("s")), "s");
        assert!(Reducer::new(0, None, false).finish().is_err());
    }
}

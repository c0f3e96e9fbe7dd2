//! [`Reducer`]: joins results as they come, in an order that depends on their number alone.
//!
//! An associative combiner joins neighbours as a tree: at each level pairs from the left, an odd
//! one at the end going up by itself. Whoever brings the second of a pair joins it, so pairs are
//! joined in parallel, and the shape is the same for any number of workers and any timing: sums of
//! floats have the same bits. Any other combiner folds from the left; results that come early
//! wait. Of a tree O(tokens + log n) values wait. Of a fold not many more than [`BACKLOG`]: a map
//! that is further ahead takes no more items until the fold has caught up.
//!
//! An item without a value, since what it would have given was skipped, is left out: in a tree its
//! neighbour goes up by itself, in a fold the next one is joined to the last.
//!
//! Which calls fail, and for which item, depends on the results alone as well: a tree joins every
//! pair that there is, a fold stops at the first item that failed and drops what lies behind.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use terrace_core::{TaskError, Value};
use terrace_plugin_api::ErrorClass;

use super::gather::{Combine, ItemEnd};
use crate::frame::discard;
use crate::run::lock;

/// How many results of a fold may wait before no more items are taken.
const BACKLOG: usize = 16_384;

/// Joins results as they come.
pub(crate) struct Reducer {
    items: u64,
    start: Option<Value>,
    state: Mutex<State>,
    tree: bool,
    /// How many items had a value.
    present: AtomicU64,
}

/// How a call of the combiner ended that gave nothing, and the item that it was to join.
pub(crate) type Unjoined = (u64, ItemEnd);

struct State {
    /// Values that wait for a neighbour, by level and position. Of a fold, all at level 0.
    /// `None` is nothing to join.
    waiting: HashMap<(u32, u64), Option<Value>>,
    /// Of a fold: what is joined already, how many that is, whether somebody is at it, and the
    /// first item that is known to have failed.
    joined: Option<Value>,
    next: u64,
    busy: bool,
    end: u64,
}

impl Reducer {
    pub(crate) fn new(items: u64, start: Option<Value>, associative: bool) -> Self {
        let state =
            State { waiting: HashMap::new(), joined: None, next: 0, busy: false, end: u64::MAX };
        let (state, present) = (Mutex::new(state), AtomicU64::new(0));
        Self { items, start, state, tree: associative, present }
    }

    /// Takes the result of one item, where it has one, and joins what can be.
    pub(crate) fn put(
        &self,
        item: u64,
        value: Option<Value>,
        combine: &Combine<'_>,
    ) -> Result<(), Unjoined> {
        // Read when all have ended.
        self.present.fetch_add(u64::from(value.is_some()), Ordering::Relaxed);
        if self.tree { self.climb(item, value, combine) } else { self.fold(item, value, combine) }
    }

    /// Takes note of an item that failed.
    pub(crate) fn fail(&self, item: u64) {
        if !self.tree {
            self.end_fold(item);
        }
    }

    /// Whether results wait in such numbers that making more is of no use.
    pub(crate) fn is_behind(&self) -> bool {
        !self.tree && lock(&self.state).waiting.len() > BACKLOG
    }

    /// Joins upwards from a leaf until a neighbour is missing.
    fn climb(
        &self,
        item: u64,
        mut value: Option<Value>,
        combine: &Combine<'_>,
    ) -> Result<(), Unjoined> {
        let (mut level, mut at, mut width) = (0, item, self.items);
        while width > 1 {
            // The last of an odd number has no neighbour.
            if at ^ 1 < width {
                let neighbour = {
                    let mut state = lock(&self.state);
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
                value = match (left, right) {
                    (Some(left), Some(right)) => {
                        // The first item of the right one.
                        Some(combine(left, right).map_err(|error| ((at | 1) << level, error))?)
                    }
                    (left, right) => left.or(right),
                };
            }
            level += 1;
            at /= 2;
            width = width.div_ceil(2);
        }
        let joined = match (&self.start, value) {
            (Some(start), Some(value)) => {
                Some(combine(start.clone(), value).map_err(|error| (0, error))?)
            }
            (_, value) => value,
        };
        lock(&self.state).joined = joined;
        Ok(())
    }

    /// Joins everything that is there from the left, unless somebody else is at it.
    fn fold(&self, item: u64, value: Option<Value>, combine: &Combine<'_>) -> Result<(), Unjoined> {
        let mut state = lock(&self.state);
        if item >= state.end {
            drop(state);
            value.into_iter().for_each(discard);
            return Ok(());
        }
        state.waiting.insert((0, item), value);
        if state.busy {
            return Ok(());
        }
        loop {
            let at = state.next;
            let Some(next) = state.waiting.remove(&(0, at)) else { return Ok(()) };
            let Some(next) = next else {
                state.next += 1;
                continue;
            };
            let before = state.joined.take();
            state.busy = true;
            state.next += 1;
            drop(state);
            let joined = match before.or_else(|| self.start.clone()) {
                Some(before) => combine(before, next),
                None => Ok(next),
            };
            if joined.is_err() {
                // Before anybody else may go on without what was lost.
                self.end_fold(at);
            }
            state = lock(&self.state);
            state.busy = false;
            state.joined = Some(joined.map_err(|error| (at, error))?);
        }
    }

    /// Joins nothing from an item on, and drops what waits there.
    fn end_fold(&self, item: u64) {
        let mut state = lock(&self.state);
        if item >= state.end {
            return;
        }
        state.end = item;
        let waiting = std::mem::take(&mut state.waiting);
        let (keeps, goes): (HashMap<_, _>, HashMap<_, _>) =
            waiting.into_iter().partition(|((_, at), _)| *at < item);
        state.waiting = keeps;
        // Not under the lock: destructors are not ours.
        drop(state);
        goes.into_values().flatten().for_each(discard);
    }

    /// What all results are joined to. `fits` says whether a value is one that the combiner takes and
    /// could have given: asked of a result that is alone, since that was never combined.
    ///
    /// # Errors
    /// When there were none and nothing stands for that; when the only one does not fit.
    pub(crate) fn finish(
        &mut self,
        fits: impl FnOnce(&Value) -> Result<(), TaskError>,
    ) -> Result<Value, TaskError> {
        let joined = self.state.get_mut().unwrap_or_else(|e| e.into_inner()).joined.take();
        let alone = self.start.is_none() && *self.present.get_mut() == 1;
        if let Some(only) = joined.as_ref().filter(|_| alone) {
            fits(only)?;
        }
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
            reducer.put(item, Some(Value::from(item.to_string())), &combine).unwrap();
        }
        reducer.finish(|_| Ok(())).unwrap().as_str().unwrap().to_owned()
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
    fn whatever_comes_first_the_same_call_fails() {
        let failing = |tree: bool, order: &[u64]| {
            let reducer = Reducer::new(order.len() as u64, None, tree);
            let combine = |a: Value, b: Value| match b.as_i64() {
                Some(3 | 5) => Err(ItemEnd::of(Err(TaskError::msg("no")))),
                _ => Ok(Value::from(a.as_i64().unwrap().max(b.as_i64().unwrap()))),
            };
            let put = |&item| reducer.put(item, Some(Value::from(item as i64)), &combine).err();
            let mut failed: Vec<u64> = order.iter().filter_map(put).map(|(at, _)| at).collect();
            failed.sort_unstable();
            (failed, lock(&reducer.state).waiting.len())
        };
        for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 5, 0, 4, 2, 1]] {
            assert_eq!(failing(false, &order), (vec![3], 0));
            // What 0 and 1 gave waits for what 2 and 3 did not give.
            assert_eq!(failing(true, &order), (vec![3, 5], 1));
        }
    }

    #[test]
    fn a_fold_keeps_nothing_behind_an_item_without_a_result() {
        let combine = |_: Value, b: Value| Ok(b);
        let reducer = Reducer::new(100, None, false);
        for item in 1..50 {
            reducer.put(item, Some(Value::from(item as i64)), &combine).unwrap();
        }
        assert_eq!(lock(&reducer.state).waiting.len(), 49);
        reducer.fail(0);
        reducer.put(50, Some(Value::Null), &combine).unwrap();
        assert_eq!(lock(&reducer.state).waiting.len(), 0);
    }

    #[test]
    fn one_and_none() {
        assert_eq!(joined(1, &[0], true, None), "0");
        assert_eq!(joined(0, &[], true, Some("s")), "s");
        assert!(Reducer::new(0, None, false).finish(|_| Ok(())).is_err());
        let mut one = Reducer::new(1, None, false);
        one.put(0, Some(Value::Null), &|_, b| Ok(b)).unwrap();
        assert!(one.finish(|_| Err(TaskError::msg("no number"))).is_err());
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let joined = |gone: &[u64], tree, start: Option<&str>| {
            let mut reducer = Reducer::new(5, start.map(Value::from), tree);
            let combine = |a: Value, b: Value| {
                Ok(Value::from(format!("({}{})", a.as_str().unwrap(), b.as_str().unwrap())))
            };
            for item in [2, 0, 4, 1, 3] {
                let value = (!gone.contains(&item)).then(|| Value::from(item.to_string()));
                reducer.put(item, value, &combine).unwrap();
            }
            reducer.finish(|_| Ok(())).map(|joined| joined.as_str().unwrap().to_owned()).ok()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(joined(&[1], true, None), text("((0(23))4)"));
        assert_eq!(joined(&[1, 4], true, Some("s")), text("(s(0(23)))"));
        assert_eq!(joined(&[0, 3], false, None), text("((12)4)"));
        for tree in [false, true] {
            assert_eq!(joined(&[0, 1, 2, 3, 4], tree, None), None);
            assert_eq!(joined(&[0, 1, 2, 3, 4], tree, Some("s")), text("s"));
            assert_eq!(joined(&[0, 1, 2, 4], tree, None), text("3"));
        }
    }
}

//! [`Gather`]: the results of a map's items, in the items' order whatever order they come in.
//!
//! # Who may touch what
//! A slot belongs to the token that claimed its item until that token ends; whoever ends the last
//! token has acquired all of them.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use terrace_core::{Collect, FailedItems, Map, OutcomeStatus, Reduce, TaskError, Value};
use terrace_plugin_api::{ErrorClass, Outcome, PortType, Retryable};

use super::Stopped;
use super::items::Items;
use super::reduce::Reducer;
use crate::frame::discard;
use crate::run::lock;

/// How many errors of items are kept; of more, those of the first items.
const ERRORS_KEPT: usize = 1_000;

/// How one item, or one pass of a workflow, ended.
#[derive(Debug)]
pub(crate) struct ItemEnd {
    pub(crate) status: OutcomeStatus,
    pub(crate) value: Value,
    pub(crate) error: Option<TaskError>,
    pub(crate) attempts: u32,
}

/// The results of a map's items.
pub(crate) struct Gather {
    join: Join,
    collect: Collect,
    /// How many items may fail, and whether that was said.
    allowed: u64,
    explicit: bool,
    name: String,
    failed: AtomicU64,
    cancelled: AtomicU64,
    /// Whether results could not be joined.
    lost: AtomicBool,
    errors: Mutex<BTreeMap<u64, TaskError>>,
}

enum Join {
    Slots(Box<[Slot]>),
    Reduce(Reducer),
}

/// Calls a combiner.
pub(crate) type Combine<'a> = dyn Fn(Value, Value) -> Result<Value, ItemEnd> + 'a;

struct Slot(UnsafeCell<Value>);

// SAFETY: a slot is touched by one thread at a time, as the module says; values may be sent.
unsafe impl Sync for Slot {}

impl Gather {
    /// For `items` results of the node called `name`.
    ///
    /// # Errors
    /// When there are more than memory has addresses.
    pub(crate) fn new(
        items: u64,
        map: &Map<Reduce>,
        reducer: Option<Reducer>,
        name: &str,
    ) -> Result<Self, TaskError> {
        let join = match reducer {
            Some(reducer) => Join::Reduce(reducer),
            None => Join::Slots(slots(items)?),
        };
        Ok(Self {
            join,
            collect: map.collect,
            allowed: map.tolerance.allowed(items),
            explicit: map.tolerance != FailedItems::None,
            name: name.to_owned(),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            errors: Mutex::default(),
        })
    }

    /// Takes the end of one item.
    ///
    /// # Safety
    /// The caller's token claimed the item, and this is called once for it.
    pub(crate) unsafe fn put(&self, item: u64, end: ItemEnd, combine: &Combine<'_>) {
        let value = match self.collect {
            // Something is missing: what is there must not pass for all there is.
            _ if end.status == OutcomeStatus::Cancelled => return self.note(item, end),
            Collect::Outcomes => {
                let failed = !matches!(end.status, OutcomeStatus::Ok | OutcomeStatus::Skipped);
                match as_outcome(end) {
                    Ok(outcome) => {
                        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
                        Some(outcome)
                    }
                    Err(error) => return self.note(item, ItemEnd::of(Err(error))),
                }
            }
            Collect::Values => match end {
                ItemEnd { status: OutcomeStatus::Ok, value, .. } => Some(value),
                ItemEnd { status: OutcomeStatus::Skipped, .. } => None,
                end => {
                    self.note(item, end);
                    // What may fail is absent, and the others are joined without it.
                    if !self.explicit {
                        return;
                    }
                    None
                }
            },
        };
        match &self.join {
            Join::Slots(slots) => {
                let Some(value) = value else { return };
                // SAFETY: the slot belongs to the caller's token. The old value is null, as one is
                // that is absent.
                unsafe { *slots[item as usize].0.get() = value };
            }
            Join::Reduce(reducer) => {
                // Perhaps of another item, whose turn came with this one.
                if let Err((item, end)) = reducer.put(item, value, combine) {
                    // Of items some may be missing; a result that was lost is not.
                    let lost = end.status != OutcomeStatus::Cancelled;
                    self.lost.fetch_or(lost, Ordering::Relaxed);
                    self.note(item, end);
                }
            }
        }
    }

    /// Whether results are kept as they are, each in its place.
    pub(crate) fn keeps_values(&self) -> bool {
        matches!(self.join, Join::Slots(_)) && self.collect == Collect::Values
    }

    /// Takes the result of an item that succeeded, where they are kept as they are.
    ///
    /// # Safety
    /// As [`Self::put`].
    #[inline]
    pub(crate) unsafe fn put_value(&self, item: u64, value: Value) {
        if let Join::Slots(slots) = &self.join {
            // SAFETY: as there: the slot is the caller's, and the old value is null.
            unsafe { slots[item as usize].0.get().write(value) };
        }
    }

    /// Whether an item may fail without the node failing for that.
    pub(crate) fn tolerates(&self) -> bool {
        self.collect == Collect::Outcomes || self.explicit
    }

    /// Whether more items have failed than may, where that was said.
    pub(crate) fn is_exceeded(&self) -> bool {
        let failed = self.failed.load(Ordering::Relaxed);
        self.explicit && (failed > self.allowed || self.lost.load(Ordering::Relaxed))
    }

    /// Whether its results come faster than they can be joined.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(&self.join, Join::Reduce(reducer) if reducer.is_behind())
    }

    /// Takes note of an item that has no result.
    fn note(&self, item: u64, end: ItemEnd) {
        if let Join::Reduce(reducer) = &self.join
            && !(self.explicit && end.status != OutcomeStatus::Cancelled)
        {
            reducer.fail(item);
        }
        if end.status == OutcomeStatus::Cancelled {
            self.cancelled.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Of outcomes a failed item was counted as such already; what fails here is the joining.
        if self.collect == Collect::Values {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let error = end.error.unwrap_or_else(|| TaskError::msg("it failed"));
        let mut errors = lock(&self.errors);
        errors.insert(item, error);
        if errors.len() > ERRORS_KEPT {
            errors.pop_last();
        }
    }

    /// How many items failed, and how many ended as cancelled.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.failed.load(Ordering::Relaxed), self.cancelled.load(Ordering::Relaxed))
    }

    /// The joined results, when all items have ended.
    pub(crate) fn finish(
        &mut self,
        items: &mut Items,
        reduce: Option<&Reduce>,
        stopped: Stopped,
    ) -> ItemEnd {
        // What the run was stopped for has failed, and is not hidden by those that it kept from
        // beginning; nor is that so many failed that there was no chance.
        let values = self.collect == Collect::Values;
        let stops = values && matches!(stopped, Stopped::Failed(_));
        let failed = stops && *self.failed.get_mut() > self.allowed;
        if *self.cancelled.get_mut() > 0 && !failed && !self.is_exceeded() {
            return ItemEnd::without(OutcomeStatus::Cancelled);
        }
        let failed = match self.collect {
            Collect::Values => *self.failed.get_mut(),
            Collect::Outcomes => lock(&self.errors).len() as u64,
        };
        // An outcome that tells of a failure is no failure; a combiner that fails is.
        if failed > self.allowed || *self.lost.get_mut() {
            return ItemEnd::of(Err(self.failure(failed, items)));
        }
        let result = match &mut self.join {
            Join::Reduce(reducer) => reducer.finish(|only| could_be_joined(only, reduce)),
            Join::Slots(slots) => {
                let slots = std::mem::take(slots).into_vec();
                let values: Vec<Value> =
                    slots.into_iter().map(|slot| slot.0.into_inner()).collect();
                let joined = match items.take_keys() {
                    Some(keys) => Value::map(keys.into_iter().zip(values)),
                    None => Value::list(values),
                };
                joined.map_err(|error| TaskError::new(ErrorClass::INVALID_OUTPUT, error))
            }
        };
        ItemEnd::of(result)
    }

    fn failure(&mut self, failed: u64, items: &Items) -> TaskError {
        let errors = self.errors.get_mut().unwrap_or_else(|e| e.into_inner());
        let Some((&item, first)) = errors.first_key_value() else {
            return TaskError::msg("an item failed");
        };
        let label = super::path::label(&self.name, item, items.key(item));
        let message = if failed == 1 {
            format!("{label}: {}", first.message())
        } else {
            let all = items.len();
            format!("{failed} of {all} items failed; the first, {label}: {}", first.message())
        };
        retold(first, message)
    }
}

/// Whether the only result could stand for what a combiner gave: it is to be of the types of its
/// first input and of its output. Rust values on their way between closures are their readers'.
fn could_be_joined(only: &Value, reduce: Option<&Reduce>) -> Result<(), TaskError> {
    let Some(reduce) = reduce.filter(|_| !matches!(only, Value::Ext(_))) else { return Ok(()) };
    let signature = &reduce.task.signature;
    let first = signature.ports.first().map(|port| &port.ty);
    first.into_iter().chain([&signature.output]).try_for_each(|ty| {
        ty.check(only).map_err(|mismatch| {
            let name = &reduce.task.name;
            let message = format!("reducing with `{name}`: the only result: {mismatch}");
            TaskError::new(ErrorClass::INVALID_INPUT, message)
        })
    })
}

fn slots(items: u64) -> Result<Box<[Slot]>, TaskError> {
    let many = || {
        TaskError::new(ErrorClass::INVALID_INPUT, format!("{items} items do not fit into memory"))
    };
    let count = usize::try_from(items).map_err(|_| many())?;
    let mut slots = Vec::new();
    slots.try_reserve_exact(count).map_err(|_| many())?;
    slots.resize_with(count, || Slot(UnsafeCell::new(Value::Null)));
    Ok(slots.into_boxed_slice())
}

/// An error in other words, for the node around the one that failed. All but the words stays:
/// whether and when to try again, and what programs read of it.
pub(crate) fn retold(error: &TaskError, message: String) -> TaskError {
    let mut outer = TaskError::new(error.class(), message)
        .with_code(error.code())
        .with_details(error.details().clone());
    for cause in error.causes() {
        outer = outer.with_cause(cause);
    }
    if let Some(location) = error.location() {
        outer = outer.with_location(location);
    }
    if let Some(wait) = error.retry_after() {
        outer = outer.with_retry_after(wait);
    }
    // Last: whoever says when need not say that.
    outer.with_retryable(if error.retryable() { Retryable::Yes } else { Retryable::No })
}

/// An end as a value.
///
/// # Errors
/// When the value in it lies so deep that there is no room for the outcome around it.
pub(crate) fn as_outcome(end: ItemEnd) -> Result<Value, TaskError> {
    let ok = end.status == OutcomeStatus::Ok;
    let outcome = Outcome {
        status: end.status,
        value: ok.then_some(end.value),
        error: end.error,
        attempts: end.attempts,
    };
    outcome.into_value().map_err(|error| error.in_output())
}

impl Drop for Gather {
    fn drop(&mut self) {
        if let Join::Slots(slots) = &mut self.join {
            for slot in slots {
                discard(std::mem::take(slot.0.get_mut()));
            }
        }
    }
}

//! One body many times: [`Map`] over items, [`Loop`] until something holds.
//!
//! Both belong to a node whose body is a workflow. Expressions say in their docs whether they are
//! of the workflow *around* the node or of the *body*.

use crate::catalog::TaskRef;
use crate::expr::{Expr, InputId};
use crate::policy::PolicyRef;

/// A body that runs once per item. `R` says how results are reduced: as written
/// ([`crate::ReduceDraft`]) or found ([`Reduce`]).
#[derive(Clone, Debug)]
pub struct Map<R> {
    /// What it runs over. Around.
    pub over: Over,
    /// The inputs of the body that get the item, one for each list of `over`.
    pub items: Vec<InputId>,
    /// The input of the body that gets the item's index, from 0.
    pub index: Option<InputId>,
    /// The input of the body that gets the item's key: of the nearest map, this one or one around
    /// it, whose items have keys. Where none has it is an error, known before the run or by it.
    pub key: Option<InputId>,
    /// A further input for the item's key, that maps inside ask for whose items may have none; null
    /// where there is no key.
    pub lent_key: Option<InputId>,
    /// What the key is where the items have none: that of the map around. Around.
    pub outer_key: Option<Expr>,
    /// Makes a key for each item of a list. Of the body; may refer to `items` and `index` only.
    pub key_by: Option<Expr>,
    /// How many items are taken at a time.
    pub chunk: Chunk,
    /// How many items may be on their way at once, where the scheduler is not to decide.
    pub window: Option<u32>,
    /// What is gathered.
    pub collect: Collect,
    /// How the results become one value, where they do.
    pub reduce: Option<R>,
    /// What holds for each item.
    pub each: PolicyRef,
    /// How many items may run at once, in this map alone.
    pub concurrency: Option<u32>,
    /// How many items may fail.
    pub tolerance: FailedItems,
}

/// How many items of a map may fail. What failed within that is absent from the results, as if it
/// had been skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FailedItems {
    /// None.
    #[default]
    None,
    /// So many that at least this many succeed.
    ButFor(u64),
    /// At most this many.
    Most(u64),
    /// At most this part of all, in millionths.
    Share(u32),
}

impl FailedItems {
    /// How many of `items` may fail.
    pub fn allowed(self, items: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::ButFor(least) => items.saturating_sub(least),
            Self::Most(most) => most,
            Self::Share(millionths) => {
                let share = u128::from(items) * u128::from(millionths) / 1_000_000;
                u64::try_from(share).unwrap_or(items)
            }
        }
    }
}

impl<R> Map<R> {
    /// A map over one list or keyed map, whose items go to an input of the body.
    pub fn over(over: Expr, item: InputId) -> Self {
        Self {
            over: Over::Each(over),
            items: vec![item],
            index: None,
            key: None,
            lent_key: None,
            outer_key: None,
            key_by: None,
            chunk: Chunk::Auto,
            window: None,
            collect: Collect::Values,
            reduce: None,
            each: None,
            concurrency: None,
            tolerance: FailedItems::None,
        }
    }
}

/// What a map runs over.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// The items of a list or the values of a keyed map.
    Each(Expr),
    /// The items of several lists side by side, which must be equally long; or the values of
    /// several maps with the same keys.
    Zip(Vec<Expr>),
    /// Every combination, the last list fastest.
    Cross(Vec<Expr>),
}

impl Over {
    /// The lists.
    pub fn lists(&self) -> &[Expr] {
        match self {
            Self::Each(list) => std::slice::from_ref(list),
            Self::Zip(lists) | Self::Cross(lists) => lists,
        }
    }

    /// How many items there are, where that is known before anything runs.
    pub fn len(&self) -> Option<u64> {
        let mut lengths = self.lists().iter().map(constant_len);
        match self {
            Self::Each(_) | Self::Zip(_) => lengths.next()?,
            Self::Cross(_) => lengths.try_fold(1_u64, |all, one| all.checked_mul(one?)),
        }
    }

    /// Whether it is known that there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// How many items a list or map has, where it is written out.
pub(crate) fn constant_len(list: &Expr) -> Option<u64> {
    use terrace_plugin_api::Value;
    let length = match list {
        Expr::List(items) => items.len(),
        Expr::Map(entries) => entries.len(),
        Expr::Const(Value::List(items)) => items.len(),
        Expr::Const(Value::Map(entries)) => entries.len(),
        Expr::Const(Value::Array(array)) => array.shape().first().map(|&n| n as usize)?,
        _ => return None,
    };
    Some(length as u64)
}

/// How many items are taken at a time: those of one task as one attempt, those of a body with more
/// in it one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunk {
    /// As many as take about a millisecond, found by measuring; one where the body is a workflow.
    #[default]
    Auto,
    /// This many, at least one.
    Of(u32),
}

/// What a map gathers. An item whose body gives nothing, since what it would give was skipped, is
/// null among the values and skipped among the outcomes; what is reduced leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collect {
    /// The items' results. A failed item fails the map, when all others have ended.
    #[default]
    Values,
    /// How each item ended, as `outcome`. The map succeeds.
    Outcomes,
}

/// How a map's results become one value. Items that are absent are left out. One result alone, with
/// no `start`, is the value itself: it must be of the types that the combiner takes and gives.
#[derive(Clone, Debug)]
pub struct Reduce {
    /// The combiner, a task that computes: its first port takes what is joined already, its second the next result.
    /// Where its signature says `associative`, neighbours are joined as a tree whose shape depends
    /// on the number of items alone; else one after the other in the items' order.
    pub task: TaskRef,
    /// What stands before the first result. Around.
    pub start: Option<Expr>,
}

/// A body that runs again and again, each time with what the last one gave. It gives what its last
/// pass gives, and is absent where that is.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The values handed from one pass to the next.
    pub carry: Vec<Carry>,
    /// Ends it when it gives true after a pass. Of the body. Without it the body runs `max` times.
    pub until: Option<Expr>,
    /// The most passes. With `until` it is an error to reach it.
    pub max: u64,
    /// The input of the body that gets the number of the pass, from 0.
    pub index: Option<InputId>,
}

/// A value handed from one pass of a loop to the next.
#[derive(Clone, Debug)]
pub struct Carry {
    /// The input of the body that gets it.
    pub input: InputId,
    /// For the first pass. Around.
    pub start: Expr,
    /// For the next pass, null where it is absent. Of the body.
    pub next: Expr,
}

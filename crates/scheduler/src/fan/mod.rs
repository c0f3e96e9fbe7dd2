//! [`Fan`]: a node that runs a workflow, while it does: once, for every item, or again and again.
//!
//! A fan has *tokens*, rights to work on it. Whoever runs a token claims the next item (or a few)
//! and runs it: at once where the body is a single task, else in a [`Frame`] of its own, which the
//! token follows until it is closed. The last token to end ends the node. README.md beside this
//! file has the protocol: who keeps what, and why nothing is followed too late.
//!
//! What is run over is [`items`], who gets which item [`claims`], how many have ended [`advances`],
//! what comes of the results [`gather`] and [`reduce`], passes of a loop [`passes`]; [`open`] makes a
//! fan, [`path`] names what runs in it.

mod advances;
mod claims;
mod gather;
mod items;
mod open;
mod passes;
mod path;
mod pending;
mod quick;
mod reduce;
mod terms;
mod waits;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use terrace_core::{Lane, OutcomeStatus, Plan, PlanIndex, PolicyRef, Ref, TaskError, Value};

use crate::dispatch::{Around, Asked, LimitId, Ticket};
use crate::frame::{FanPtr, Frame, FramePtr, Parent};
use crate::run::lock;

pub(crate) use advances::Advances;
pub(crate) use claims::{Claims, Range};
pub(crate) use gather::{Gather, ItemEnd, as_outcome, retold};
pub(crate) use items::Items;
pub(crate) use open::{Began, Opening};
pub(crate) use passes::{PassEnd, Passes};
pub(crate) use path::{Name, item_of, label_of, path};
pub(crate) use pending::Pending;
pub(crate) use quick::{Quick, Stop as QuickStop};
pub(crate) use waits::Waits;

/// A node that runs a workflow, while it does.
pub(crate) struct Fan {
    /// The node.
    pub(crate) home: FramePtr,
    pub(crate) at: PlanIndex,
    /// Of the workflow it runs.
    pub(crate) plan: Arc<Plan>,
    /// The workflow's inputs, as far as they are the same each time.
    pub(crate) shared: Vec<Value>,
    pub(crate) work: Work,
    /// Where the workflow is one task and gives what that gives.
    pub(crate) single: Option<Single>,
    quick: Option<Quick>,
    pub(crate) claims: Claims,
    /// Of its items, what was told.
    pub(crate) advances: Advances,
    /// Tokens that have not ended, and how many there may be.
    pub(crate) tokens: AtomicU32,
    pub(crate) width: u32,
    /// Of the frames in it.
    pub(crate) depth: u32,
    pub(crate) urgency: u32,
    pub(crate) started: Duration,
    pub(crate) worker: u16,
    /// Whether its items go through the dispatcher one by one, and where they are meanwhile.
    pub(crate) is_careful: bool,
    pub(crate) pending: Pending,
    /// What of it waits in the dispatcher.
    pub(crate) waits: Waits,
    /// What holds for everything in it.
    pub(crate) around: Option<Arc<Around>>,
    /// What is asked for what is in it.
    pub(crate) asked: Asked,
    /// When its time is over.
    pub(crate) due: Option<Duration>,
    /// What its node keeps while it runs.
    pub(crate) ticket: OnceLock<Ticket>,
    /// How many items may run at once.
    pub(crate) limit: Option<LimitId>,
    /// Whether its node still counts as a reader of what it reads, since it may be tried again.
    pub(crate) reads: bool,
    /// Whether enough items have failed that nothing new is to start in it.
    doomed: AtomicBool,
    /// Frames to be used again. Boxed: whoever follows one must not see it move.
    #[expect(clippy::vec_box, reason = "a frame stays where it is while units point to it")]
    spare: Mutex<Vec<Box<Frame>>>,
}

/// What it does with its workflow.
pub(crate) enum Work {
    /// Runs it once.
    Once(Mutex<Option<ItemEnd>>),
    /// Runs it for every item.
    Map(Box<(Items, Gather)>),
    /// Runs it again and again.
    Loop(Box<Passes>),
}

/// A body that needs no frame.
pub(crate) struct Single {
    pub(crate) lane: Lane,
    /// What is taken of the task's output, where that is not the whole.
    pub(crate) pick: Option<Ref>,
}

impl Fan {
    /// Whether one more token may begin, and there is something left for it. Counts it.
    pub(crate) fn more_tokens(&self) -> bool {
        if !self.claims.any_left() || self.is_behind() {
            return false;
        }
        // Only the number matters: a token carries nothing.
        let more = |tokens| (tokens < self.width).then_some(tokens + 1);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Ends a token. True: it was the last, and the caller has acquired what all others did.
    pub(crate) fn end_token(&self) -> bool {
        // Release publishes what this token did; Acquire takes over what the others did.
        self.tokens.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether its results come faster than they can be joined, so that fewer tokens would do.
    fn is_behind(&self) -> bool {
        matches!(&self.work, Work::Map(map) if map.1.is_behind())
    }

    /// Ends a token of which there is no need, and which is not the last. The last goes on until
    /// nothing is left: by then it has itself taken, or seen put, what the others wait for.
    pub(crate) fn end_spare_token(&self) -> bool {
        if !self.is_behind() {
            return false;
        }
        let fewer = |tokens| (tokens > 1).then(|| tokens - 1);
        // As in `end_token`, which the last one's Acquire is in.
        self.tokens.fetch_update(Ordering::Release, Ordering::Relaxed, fewer).is_ok()
    }

    /// Whether an item of it may fail without the node failing for that.
    pub(crate) fn tolerates(&self) -> bool {
        matches!(&self.work, Work::Map(map) if map.1.tolerates())
    }

    /// Lets nothing new start in it.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Relaxed);
    }

    /// Whether nothing new is to start in it, for it has failed already.
    pub(crate) fn is_doomed(&self) -> bool {
        // Nothing is published with it: who sees it late starts one item more.
        self.doomed.load(Ordering::Relaxed)
    }

    /// On which lane its tokens run. Opening a frame is quick, whatever is in it.
    pub(crate) fn lane(&self) -> Lane {
        if self.is_careful {
            return Lane::Compute;
        }
        self.item_lane()
    }

    /// On which lane its items run, or are begun.
    pub(crate) fn item_lane(&self) -> Lane {
        self.single.as_ref().map_or(Lane::Compute, |single| single.lane)
    }

    /// A frame for an item, with its inputs.
    pub(crate) fn open_frame(&self, item: u64, me: FanPtr) -> Box<Frame> {
        self.open_frame_of(item, me, None, self.due)
    }

    /// A frame for an item that the fan keeps as pending.
    pub(crate) fn open_frame_of(
        &self,
        item: u64,
        me: FanPtr,
        pending: Option<u32>,
        due: Option<Duration>,
    ) -> Box<Frame> {
        let spare = lock(&self.spare).pop();
        let mut frame = spare.unwrap_or_else(|| Box::new(Frame::new(&self.plan, Vec::new(), None)));
        let (depth, urgency) = (self.depth, self.urgency);
        let parent = Parent { fan: me, item, depth, urgency, pending, due };
        frame.open(self.shared.iter().cloned(), parent);
        self.set_locals(item, frame.inputs_mut());
        frame
    }

    /// Puts what belongs to one item or pass into the inputs.
    pub(crate) fn set_locals(&self, item: u64, inputs: &mut [Value]) {
        let home = self.home_plan();
        let repeat = home.node(self.at).flow().map(|flow| flow.repeat());
        match (&self.work, repeat) {
            (Work::Map(map), Some(terrace_core::Repeat::Map(spec))) => {
                let items = &map.0;
                for (list, input) in spec.items.iter().enumerate() {
                    inputs[input.index()] = items.get(list, item);
                }
                if let Some(input) = spec.index {
                    inputs[input.index()] = Value::from(item);
                }
                // Where the items have none it is that of a map around, the same for all.
                if let Some(key) = items.key(item) {
                    for input in spec.key.iter().chain(&spec.lent_key) {
                        inputs[input.index()] = Value::from(key);
                    }
                }
            }
            (Work::Loop(passes), Some(terrace_core::Repeat::Loop(spec))) => {
                passes.set_locals(spec, item, inputs);
            }
            _ => {}
        }
    }

    /// Takes a frame back that has no more use.
    pub(crate) fn put_back(&self, mut frame: Box<Frame>) {
        frame.reset();
        // As many as there can be at once come in handy; a frame of one use does not.
        if self.claims.any_left() {
            lock(&self.spare).push(frame);
        }
    }

    /// The plan that its node is of.
    pub(crate) fn home_plan(&self) -> &Arc<Plan> {
        // SAFETY: the node has not ended while the fan is there, so its frame is open.
        unsafe { self.home.get() }.plan()
    }

    /// What holds for each of its items.
    pub(crate) fn item_policy(&self) -> PolicyRef {
        self.home_plan().node(self.at).map()?.each.clone()
    }

    /// How the node ends, when all tokens have.
    pub(crate) fn conclude(&mut self, stopped: Stopped) -> ItemEnd {
        let left = self.claims.any_left();
        let flow = self.home_plan().node(self.at).flow().cloned();
        let reduce = flow.as_ref().and_then(|flow| flow.repeat().map()?.reduce.as_ref());
        let end = match &mut self.work {
            Work::Once(end) => end.get_mut().unwrap_or_else(|e| e.into_inner()).take(),
            Work::Map(map) => {
                let (items, gather) = &mut **map;
                Some(gather.finish(items, reduce, stopped))
            }
            Work::Loop(passes) => passes.finish(),
        };
        match end {
            Some(end) if end.status == OutcomeStatus::Failed => end,
            // What is inside says only that it was stopped; how is known here.
            Some(end) if !left && end.status != OutcomeStatus::Cancelled => end,
            _ => match stopped {
                Stopped::Cancelled => ItemEnd::without(OutcomeStatus::Cancelled),
                Stopped::Failed(_) | Stopped::Refused => ItemEnd::without(OutcomeStatus::Cancelled),
                Stopped::Early | Stopped::No => ItemEnd::without(OutcomeStatus::Skipped),
            },
        }
    }
}

/// Whether and how a run was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    No,
    Cancelled,
    /// It has succeeded before all was done.
    Early,
    /// It was stopped at a checkpoint.
    Refused,
    /// This node of the outermost workflow has failed, or is bound to.
    Failed(PlanIndex),
}

impl ItemEnd {
    /// An end without a value.
    pub(crate) fn without(status: OutcomeStatus) -> Self {
        Self { status, value: Value::Null, error: None, attempts: 0 }
    }

    pub(crate) fn of(result: Result<Value, TaskError>) -> Self {
        match result {
            Ok(value) => Self { status: OutcomeStatus::Ok, value, error: None, attempts: 1 },
            Err(error) => Self {
                status: OutcomeStatus::Failed,
                value: Value::Null,
                error: Some(error),
                attempts: 1,
            },
        }
    }
}

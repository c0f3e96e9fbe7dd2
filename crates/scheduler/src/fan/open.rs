//! Making a [`Fan`]: what its node needs is evaluated once, then the node reads no more.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use terrace_core::{
    BindError, Chunk, EventKinds, Input, InputRole, Lane, Map, NodeKind, Plan, PlanIndex, Reduce,
    Repeat, Root, RunIf, TaskError, Value, Workflow,
};
use terrace_plugin_api::ErrorClass;

use super::reduce::Reducer;
use super::terms::goes_one_by_one;
use super::{
    Advances, Claims, Fan, Gather, ItemEnd, Items, Passes, Pending, Quick, Single, Waits, Work,
};
use crate::attempt::{FrameScope, ItemScope, guarded, release_sources};
use crate::dispatch::Asked;
use crate::frame::{FanPtr, Frame, FramePtr};
use crate::run::Run;

/// What became of opening a fan.
pub(crate) enum Opening {
    /// It has one token, and the caller holds it.
    Fan(FanPtr),
    /// There is none: its node has ended already.
    Ended(ItemEnd),
}

/// What a fan is made of besides the node.
struct Parts {
    shared: Vec<Value>,
    work: Work,
    claims: Claims,
    /// How many tokens it may have.
    width: u32,
    /// Whether its items go through the dispatcher one by one.
    is_careful: bool,
}

/// When and where the node of a fan began.
#[derive(Clone, Copy)]
pub(crate) struct Began {
    pub(crate) at: Duration,
    pub(crate) worker: u16,
}

impl Run {
    /// Opens the fan of a node that runs a workflow.
    ///
    /// # Safety
    /// The caller holds the node, and calls this once for it.
    pub(crate) unsafe fn open_fan(&self, frame: FramePtr, at: PlanIndex, began: Began) -> Opening {
        // SAFETY: a held node has not ended, so its frame is open.
        let home = unsafe { frame.get() };
        let body = Arc::clone(home.plan().inner(at));
        let scope = FrameScope::new(self, home);
        let parts = guarded(|| Ok(self.parts(home, at, &body, &scope)));
        let may_fan = matches!(parts, Ok(Ok(_)));
        let reads = may_fan && home.plan().node(at).policy().is_some_and(|p| p.retry.is_some());
        if !reads {
            // SAFETY: passed on; all that is read has been read.
            unsafe { release_sources(home, at) };
        }
        match parts {
            Ok(Ok(parts)) => Opening::Fan(self.fan(frame, at, body, parts, began, reads)),
            Ok(Err(BindError::Absent)) => {
                Opening::Ended(ItemEnd::without(terrace_core::OutcomeStatus::Skipped))
            }
            Ok(Err(BindError::Wrong(error))) | Err(error) => {
                Opening::Ended(ItemEnd::of(Err(error)))
            }
        }
    }

    /// Opens a fan for a workflow that a task gave, in the place of its node.
    ///
    /// # Safety
    /// As [`Self::open_fan`]; what the node reads has been released.
    pub(crate) unsafe fn open_given(
        &self,
        frame: FramePtr,
        at: PlanIndex,
        workflow: &Workflow,
        began: Began,
    ) -> Opening {
        // SAFETY: a held node has not ended, so its frame is open.
        let home = unsafe { frame.get() };
        if let Err(error) = self.grow(home, workflow) {
            return Opening::Ended(ItemEnd::of(Err(error)));
        }
        if let Err(error) = self.admit(workflow) {
            return Opening::Ended(ItemEnd::of(Err(error)));
        }
        let mut shared = Vec::with_capacity(workflow.inputs().len());
        for input in workflow.inputs() {
            let optional = matches!(input.ty, terrace_core::Type::Optional(_));
            let value = match &input.default {
                _ if input.env.is_some() => guarded(|| self.environment_value(input)),
                Some(default) => Ok(default.clone()),
                None if optional || input.role != InputRole::Declared => Ok(Value::Null),
                None => {
                    let message = format!(
                        "the workflow it gave has an input `{}` that nobody sets; give it a \
                         default, or put the value where it is used",
                        input.name
                    );
                    Err(TaskError::new(ErrorClass::INVALID_OUTPUT, message))
                }
            };
            match value {
                Ok(value) => shared.push(value),
                Err(error) => return Opening::Ended(ItemEnd::of(Err(error))),
            }
        }
        self.redactor().learn(workflow, &shared);
        let (work, claims) = (Work::Once(Mutex::default()), Claims::single(1));
        let parts = Parts { shared, work, claims, width: 1, is_careful: false };
        Opening::Fan(self.fan(frame, at, Arc::new(workflow.plan()), parts, began, false))
    }

    fn parts(
        &self,
        home: &Frame,
        at: PlanIndex,
        body: &Plan,
        scope: &FrameScope<'_>,
    ) -> Result<Parts, BindError> {
        let plan = home.plan();
        let node = plan.node(at);
        let mut shared = Vec::new();
        plan.bind(at, scope, &mut shared)?;
        let inside = body.workflow();
        if let Some(flow) = node.flow() {
            for input in flow.environment_inputs() {
                let name = &inside.inputs()[input.index()];
                shared[input.index()] = self.environment_value(name)?;
            }
        }
        self.redactor().learn(inside, &shared);
        let need = |expr| plan.evaluate(expr, scope)?.ok_or(BindError::Absent);
        let mut is_careful = false;
        let (work, claims, width) = match node.flow().map(|flow| flow.repeat()) {
            Some(Repeat::Map(map)) => {
                let lists = map.over.lists().iter().map(need).collect::<Result<_, _>>()?;
                let mut items = Items::new(&map.over, lists)?;
                let reducer = match &map.reduce {
                    Some(reduce) => {
                        let start = reduce.start.as_ref().map(need).transpose()?;
                        let associative = reduce.task.signature.associative;
                        Some(Reducer::new(items.len(), start, associative))
                    }
                    None => None,
                };
                // Once: a workflow that a task gives may make the run an ordered one meanwhile.
                is_careful = self.is_ordered() && goes_one_by_one(self, home, at, map, body);
                let (claims, width) = self.pace(map, body, items.len(), is_careful);
                let gather = Gather::new(items.len(), map, reducer, node.name())?;
                // After there is room for the results: of too many items there is not.
                if let Some(key) = &map.key_by {
                    let keys = self.keys(body, map, key, &items, &shared)?;
                    items.set_keys(keys)?;
                }
                if let Some(key) = map.key
                    && !items.has_keys()
                    && matches!(shared[key.index()], Value::Null)
                {
                    let message = "the body asks for `${key}`, and the items have no keys: what \
                                   the map runs over is a list; make keys with `key` in the `map`";
                    return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).into());
                }
                (Work::Map(Box::new((items, gather))), claims, width)
            }
            Some(Repeat::Loop(repeat)) => {
                let starts = repeat.carry.iter().map(|carry| need(&carry.start));
                let passes = Passes::new(starts.collect::<Result<_, _>>()?);
                (Work::Loop(Box::new(passes)), Claims::single(repeat.max), 1)
            }
            _ => (Work::Once(Mutex::default()), Claims::single(1), 1),
        };
        Ok(Parts { shared, work, claims, width, is_careful })
    }

    /// What an input of a workflow inside a node is that reads it from the environment: that, its
    /// default, or null for an optional one.
    fn environment_value(&self, input: &Input) -> Result<Value, TaskError> {
        let found = match self.environment() {
            Some(environment) => environment.value(input)?,
            None => None,
        };
        let optional = matches!(input.ty, terrace_core::Type::Optional(_));
        match found.or_else(|| input.default.clone()) {
            Some(value) => Ok(value),
            None if optional => Ok(Value::Null),
            None => {
                let message = format!(
                    "input `{}`: a value of type {} is needed; set the environment variable {}",
                    input.name,
                    input.ty,
                    input.env.as_deref().unwrap_or_default()
                );
                Err(TaskError::new(ErrorClass::INVALID_INPUT, message))
            }
        }
    }

    /// The key of every item.
    fn keys(
        &self,
        body: &Plan,
        map: &Map<Reduce>,
        key: &terrace_core::Expr,
        items: &Items,
        shared: &[Value],
    ) -> Result<Vec<String>, BindError> {
        let mut inputs = shared.to_vec();
        let mut keys = Vec::new();
        for item in 0..items.len() {
            for (list, input) in map.items.iter().enumerate() {
                inputs[input.index()] = items.get(list, item);
            }
            if let Some(input) = map.index {
                inputs[input.index()] = Value::from(item);
            }
            let scope = ItemScope::new(self, &inputs);
            let value = body.evaluate(key, &scope)?.ok_or(BindError::Absent)?;
            if self.stopped() != super::Stopped::No {
                return Err(TaskError::new(ErrorClass::CANCELLED, "told to stop").into());
            }
            keys.push(match &value {
                Value::Str(text) => text.to_string(),
                Value::I64(number) => number.to_string(),
                Value::U64(number) => number.get().to_string(),
                Value::F64(number) => format!("{number:?}"),
                Value::Bool(truth) => truth.to_string(),
                other => {
                    let message = format!("the key of item {item} is {}, not text", other.kind());
                    return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).into());
                }
            });
        }
        Ok(keys)
    }

    fn fan(
        &self,
        frame: FramePtr,
        at: PlanIndex,
        plan: Arc<Plan>,
        parts: Parts,
        began: Began,
        reads: bool,
    ) -> FanPtr {
        // SAFETY: the caller holds a node of it, so the frame is open.
        let home = unsafe { frame.get() };
        let Parts { shared, work, claims, width, is_careful } = parts;
        let map = home.plan().node(at).map().filter(|_| matches!(work, Work::Map(_)));
        let single = map.and_then(|map| single_of(&plan, map));
        let quick = match (&work, &single, map) {
            (Work::Map(parts), Some(single), Some(map))
                if self.machine().is_real
                    && parts.1.keeps_values()
                    && !is_careful
                    && !self.wants(EventKinds::ITEMS) =>
            {
                Quick::of(&plan, map, single, &parts.0)
            }
            _ => None,
        };
        let terms = self.terms(home, at, &plan, map, began);
        let urgency = match home.parent() {
            Some(parent) => parent.urgency,
            None => home.plan().tail(at),
        };
        FanPtr::give(Box::new(Fan {
            home: frame,
            at,
            plan,
            shared,
            work,
            single,
            quick,
            claims,
            advances: Advances::default(),
            tokens: 1.into(),
            width,
            depth: home.depth() + 1,
            urgency,
            started: began.at,
            worker: began.worker,
            is_careful,
            pending: Pending::default(),
            waits: Waits::default(),
            around: terms.around,
            asked: Asked::default(),
            due: terms.due,
            ticket: OnceLock::new(),
            limit: terms.limit,
            reads,
            doomed: AtomicBool::new(false),
            spare: Mutex::default(),
        }))
    }

    /// How many items a token takes at a time, and how many tokens there may be: together no more
    /// than the map's window.
    fn pace(&self, map: &Map<Reduce>, body: &Plan, items: u64, is_careful: bool) -> (Claims, u32) {
        let (workers, blocking) = self.widths();
        let window = map.window.unwrap_or(u32::MAX).max(1);
        if is_careful {
            // One by one, and more than can run: those that wait for another attempt, or for a
            // rate, must not keep others from running.
            let many = single_of(body, map).is_some() || body.workflow().may_block();
            let width = if many { blocking.max(4 * workers) } else { 4 * workers };
            return (Claims::single(items), width.min(window).max(1));
        }
        let (at_once, chunk) = match (single_of(body, map).map(|single| single.lane), map.chunk) {
            (Some(Lane::Compute), chunk) => (workers, chunk),
            (Some(Lane::Blocking), chunk) => (blocking, chunk),
            (None, chunk) => {
                let at_once = if body.workflow().may_block() { blocking } else { 0 };
                let at_once = map.window.unwrap_or(at_once.max(4 * workers));
                // How long a workflow takes is not measured.
                let chunk = if chunk == Chunk::Auto { Chunk::Of(1) } else { chunk };
                (at_once, chunk)
            }
        };
        let width = match chunk {
            Chunk::Of(size) => at_once.min(window / size.max(1)),
            Chunk::Auto => at_once.min(window),
        };
        let width = width.max(1);
        (Claims::new(items, chunk, window / width), width)
    }
}

/// Whether the items of a map need no frame: their body is one task, and one policy holds for it.
pub(super) fn single_of(body: &Plan, map: &Map<Reduce>) -> Option<Single> {
    single(body).filter(|_| map.each.is_none() || body.node(PlanIndex::new(0)).policy().is_none())
}

/// Whether a body is one task, without conditions, whose output is all there is.
fn single(body: &Plan) -> Option<Single> {
    let at = PlanIndex::new(0);
    let one = body.len() == 1 && body.workflow().nodes().len() == 1;
    if !one || body.kind(at) != NodeKind::Task {
        return None;
    }
    let node = body.node(at);
    if node.when().is_some() || node.run_if() != RunIf::Success {
        return None;
    }
    let Some(terrace_core::Expr::Ref(result)) = body.workflow().result() else { return None };
    if !matches!(result.root, Root::Node(_)) {
        return None;
    }
    let whole = result.path.is_empty() && result.adapt.is_none();
    Some(Single { lane: node.lane(), pick: (!whole).then(|| result.clone()) })
}

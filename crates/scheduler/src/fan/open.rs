//! Making a [`Fan`]: what its node needs is evaluated once, then the node reads no more.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    BindError, InputRole, Lane, NodeKind, Plan, PlanIndex, Repeat, Root, RunIf, TaskError, Value,
    Workflow,
};
use terrace_plugin_api::ErrorClass;

use super::reduce::Reducer;
use super::{Claims, Fan, Gather, ItemEnd, Items, Passes, Single, Work};
use crate::attempt::{FrameScope, ItemScope, guarded, release_sources};
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
        // SAFETY: passed on; all that is read has been read.
        unsafe { release_sources(home, at) };
        match parts {
            Ok(Ok(parts)) => Opening::Fan(self.fan(frame, at, body, parts, began)),
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
        let mut shared = Vec::with_capacity(workflow.inputs().len());
        for input in workflow.inputs() {
            let optional = matches!(input.ty, terrace_core::Type::Optional(_));
            match &input.default {
                Some(default) => shared.push(default.clone()),
                None if optional || input.role != InputRole::Declared => shared.push(Value::Null),
                None => {
                    let message = format!(
                        "the workflow it gave has an input `{}` that nobody sets; give it a \
                         default, or put the value where it is used",
                        input.name
                    );
                    let error = TaskError::new(ErrorClass::INVALID_OUTPUT, message);
                    return Opening::Ended(ItemEnd::of(Err(error)));
                }
            }
        }
        let parts = Parts { shared, work: Work::Once(Mutex::default()), claims: Claims::single(1) };
        Opening::Fan(self.fan(frame, at, Arc::new(workflow.plan()), parts, began))
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
        let need = |expr| plan.evaluate(expr, scope)?.ok_or(BindError::Absent);
        let (work, claims) = match node.flow().map(|flow| flow.repeat()) {
            Some(Repeat::Map(map)) => {
                let lists = map.over.lists().iter().map(need).collect::<Result<_, _>>()?;
                let mut items = Items::new(&map.over, lists)?;
                if let Some(key) = &map.key_by {
                    let keys = self.keys(body, map, key, &items, &shared)?;
                    items.set_keys(keys)?;
                }
                let reducer = match &map.reduce {
                    Some(reduce) => {
                        let start = reduce.start.as_ref().map(need).transpose()?;
                        let associative = reduce.task.signature.associative;
                        Some(Reducer::new(items.len(), start, associative))
                    }
                    None => None,
                };
                let claims = match single(body) {
                    Some(_) => Claims::new(items.len(), map.chunk),
                    None => Claims::single(items.len()),
                };
                let gather = Gather::new(items.len(), map.collect, reducer, node.name())?;
                (Work::Map(Box::new((items, gather))), claims)
            }
            Some(Repeat::Loop(repeat)) => {
                let starts = repeat.carry.iter().map(|carry| need(&carry.start));
                let passes = Passes::new(starts.collect::<Result<_, _>>()?);
                (Work::Loop(Box::new(passes)), Claims::single(repeat.max))
            }
            _ => (Work::Once(Mutex::default()), Claims::single(1)),
        };
        Ok(Parts { shared, work, claims })
    }

    /// The key of every item.
    fn keys(
        &self,
        body: &Plan,
        map: &terrace_core::Map<terrace_core::Reduce>,
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
            keys.push(match &value {
                Value::Str(text) => text.to_string(),
                Value::I64(number) => number.to_string(),
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
    ) -> FanPtr {
        // SAFETY: the caller holds a node of it, so the frame is open.
        let home = unsafe { frame.get() };
        let Parts { shared, work, claims } = parts;
        let single = match &work {
            Work::Map(_) => single(&plan),
            _ => None,
        };
        let width = self.width(home, at, &plan, &work, single.as_ref());
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
            claims,
            tokens: 1.into(),
            width,
            depth: home.depth() + 1,
            urgency,
            started: began.at,
            worker: began.worker,
            spare: Mutex::default(),
        }))
    }

    /// How many tokens a fan may have.
    fn width(
        &self,
        home: &Frame,
        at: PlanIndex,
        body: &Plan,
        work: &Work,
        single: Option<&Single>,
    ) -> u32 {
        let map = match home.plan().node(at).flow().map(|flow| flow.repeat()) {
            Some(Repeat::Map(map)) if matches!(work, Work::Map(_)) => map,
            _ => return 1,
        };
        let chunk = match map.chunk {
            terrace_core::Chunk::Of(size) => size.max(1),
            terrace_core::Chunk::Auto => 1,
        };
        let (workers, blocking) = self.widths();
        match (map.window, single) {
            (Some(window), _) => (window / chunk).max(1),
            (None, Some(Single { lane: Lane::Compute, .. })) => workers,
            (None, Some(_)) => blocking,
            (None, None) if body.workflow().may_block() => blocking.max(4 * workers),
            (None, None) => 4 * workers,
        }
    }
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

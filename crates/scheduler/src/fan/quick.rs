//! [`Quick`]: the items of a map whose body is one plain task, as a list of what the task is given.
//!
//! What an item costs here is its call and a few loads and stores. An item that fails, or for which
//! an argument cannot be made, goes the way of all items.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use terrace_core::{
    Adapter, Expr, InputId, Lane, Map, Plan, PlanIndex, Reduce, Ref, Root, Task, TaskError, Value,
};
use terrace_plugin_api::TaskContext;

use super::{Fan, Items, Range, Single, Stopped, Work};
use crate::attempt::{Inside, NodeHost, Panicked, Quiet, checked};
use crate::frame::{clear, push};
use crate::run::{Desk, Run};

/// Where one argument comes from.
enum Source {
    /// The item of one of the lists.
    Item(usize),
    Index,
    Key,
    /// An input that is the same for all items.
    Shared(usize),
    Const(Value),
}

/// How items are run without asking what they cannot be.
pub(crate) struct Quick {
    /// The task of the fan's own plan, which lives as long as the fan.
    body: NonNull<dyn Task>,
    args: Box<[(Source, Option<Adapter>)]>,
}

// SAFETY: tasks may be called from any thread.
unsafe impl Send for Quick {}
// SAFETY: as above.
unsafe impl Sync for Quick {}

/// Where running items quickly stopped.
pub(crate) enum Stop {
    /// All have been run.
    End,
    /// It took long, and this one and those after it were not begun.
    Late(u64),
    /// This one failed.
    Failed(u64, TaskError),
    /// This one cannot be run here.
    Other(u64),
}

impl Quick {
    /// That of a map, where its items can be run so.
    pub(super) fn of(
        plan: &Plan,
        map: &Map<Reduce>,
        single: &Single,
        items: &Items,
    ) -> Option<Self> {
        let at = PlanIndex::new(0);
        if single.lane != Lane::Compute || single.pick.is_some() {
            return None;
        }
        let source = |id: &InputId| {
            if let Some(list) = map.items.iter().position(|item| item == id) {
                Source::Item(list)
            } else if map.index.as_ref() == Some(id) {
                Source::Index
            } else if items.has_keys() && map.key.iter().chain(&map.lent_key).any(|key| key == id) {
                Source::Key
            } else {
                Source::Shared(id.index())
            }
        };
        let args = plan.args(at).iter().map(|arg| match arg {
            Expr::Const(value) => Some((Source::Const(value.clone()), None)),
            Expr::Ref(Ref { root: Root::Input(id), path, adapt }) if path.is_empty() => {
                Some((source(id), adapt.clone()))
            }
            _ => None,
        });
        let args = args.collect::<Option<_>>()?;
        Some(Self { body: NonNull::from(&*plan.node(at).task().body), args })
    }

    /// Runs items that the caller's token claimed.
    ///
    /// # Safety
    /// The fan is that of this, and a map whose results are gathered as they are; its token claimed
    /// the items, and none of them has been run.
    pub(crate) unsafe fn run(&self, run: &Run, fan: &Fan, range: Range, desk: &mut Desk) -> Stop {
        let Work::Map(map) = &fan.work else { return Stop::Other(range.start) };
        let pulse = &run.machine().pulse;
        // Of a claim of a said size nothing is given back.
        let measured = fan.claims.is_measured();
        let began = if measured { pulse.feel() } else { Some(0) };
        let Some(began) = began else { return Stop::Other(range.start) };
        let args = &mut desk.args;
        let (items, gather) = (&map.0, &map.1);
        let (quiet, inside) = (Quiet::new(), Inside::of(run));
        let mut at = range.start;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            while at < range.end {
                if run.stopped() != Stopped::No {
                    return Stop::Other(at);
                }
                // Two beats: more than one millisecond, and less than two and a bit.
                if measured && at > range.start && pulse.beats().wrapping_sub(began) >= 2 {
                    return Stop::Late(at);
                }
                for (source, adapt) in &self.args {
                    match (source, adapt) {
                        (Source::Const(value), _) => push(args, value),
                        (Source::Shared(input), None) => push(args, &fan.shared[*input]),
                        (Source::Item(list), None) => items.push(*list, at, args),
                        (source, adapt) => match self.other(fan, items, source, adapt.as_ref(), at)
                        {
                            Some(value) => args.push(value),
                            None => return Stop::Other(at),
                        },
                    }
                }
                let host = NodeHost::of_item(run, fan, at);
                // SAFETY: the fan keeps its plan, and that the task.
                let result = unsafe { self.body.as_ref() }.call(&TaskContext::new(&host), args);
                let signature = &fan.plan.node(PlanIndex::new(0)).task().signature;
                match result.and_then(|value| checked(&signature.output, value)) {
                    // SAFETY: passed on.
                    Ok(value) => unsafe { gather.put_value(at, value) },
                    Err(error) => return Stop::Failed(at, error),
                }
                clear(args);
                at += 1;
            }
            Stop::End
        }));
        drop((inside, quiet));
        clear(args);
        ran.unwrap_or_else(|payload| Stop::Failed(at, Panicked::of(payload).into_error()))
    }

    /// An argument that is made, where it can be.
    fn other(
        &self,
        fan: &Fan,
        items: &Items,
        source: &Source,
        adapt: Option<&Adapter>,
        at: u64,
    ) -> Option<Value> {
        let value = match source {
            Source::Item(list) => items.get(*list, at),
            Source::Index => Value::from(at),
            Source::Key => Value::from(items.key(at)?),
            Source::Shared(input) => fan.shared[*input].clone(),
            Source::Const(value) => value.clone(),
        };
        match adapt {
            Some(adapt) => adapt.apply(value).ok(),
            None => Some(value),
        }
    }
}

impl Fan {
    /// How its items are run quickly, where nobody is told of each.
    pub(crate) fn quick(&self) -> Option<&Quick> {
        self.quick.as_ref()
    }
}

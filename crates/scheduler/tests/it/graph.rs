//! Workflows made of closures, without any builder of core's.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use terrace_core::{
    Args, Draft, Expr, Lane, NoTasks, NodeDraft, NodeId, OutputDraft, Plan, Port, Ref, Root,
    Signature, Task, TaskChoice, TaskError, TaskRef, Type, Value,
};
use terrace_scheduler::TaskContext;

type Body = dyn Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError> + Send + Sync;

struct Closure(Box<Body>);

impl Task for Closure {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        (self.0)(ctx, args)
    }
}

/// A workflow in the making.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) draft: Draft,
}

impl Graph {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a node that reads the outputs of `on`, in order.
    pub(crate) fn node(
        &mut self,
        on: &[usize],
        body: impl Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError>
        + Send
        + Sync
        + 'static,
    ) -> usize {
        self.task(on, &task(on.len(), body))
    }

    /// Adds a node of a task that others may share.
    pub(crate) fn task(&mut self, on: &[usize], task: &TaskRef) -> usize {
        let name = format!("n{}", self.draft.nodes.len());
        self.draft.nodes.push(NodeDraft {
            name: Some(name.into()),
            ..NodeDraft::new(
                TaskChoice::Inline(task.clone()),
                Args::Positional(on.iter().map(|&on| output(on)).collect()),
            )
        });
        self.draft.nodes.len() - 1
    }

    /// Adds a node that waits `time` on the blocking lane.
    pub(crate) fn sleep(&mut self, on: &[usize], time: Duration) -> usize {
        let at = self.node(on, move |_, _| {
            std::thread::sleep(time);
            Ok(Value::Null)
        });
        self.blocking(at)
    }

    pub(crate) fn blocking(&mut self, at: usize) -> usize {
        self.draft.nodes[at].lane = Some(Lane::Blocking);
        at
    }

    pub(crate) fn after(&mut self, at: usize, on: usize) {
        self.draft.nodes[at].after.push(id(on));
    }

    pub(crate) fn keep(&mut self, at: usize) -> usize {
        self.draft.nodes[at].keep = true;
        at
    }

    pub(crate) fn output(&mut self, name: &str, at: usize) {
        let value = output(at);
        self.draft.outputs.push(OutputDraft { name: name.to_owned(), value, span: None });
    }

    pub(crate) fn plan(self) -> Arc<Plan> {
        Arc::new(self.draft.validate(&NoTasks).expect("the graph is right").plan())
    }
}

pub(crate) fn output(at: usize) -> Expr {
    Expr::Ref(Ref::new(Root::Node(id(at))))
}

pub(crate) fn id(at: usize) -> NodeId {
    NodeId::at(at).expect("small")
}

pub(crate) fn task(
    ports: usize,
    body: impl Fn(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError> + Send + Sync + 'static,
) -> TaskRef {
    TaskRef {
        name: "closure".into(),
        signature: Arc::new(Signature {
            ports: (0..ports).map(|at| Port::new(format!("p{at}"), Type::Any)).collect(),
            ..Signature::default()
        }),
        body: Arc::new(Closure(Box::new(body))),
        pack: None,
    }
}

/// Runs a test's body on a thread of its own, so that one that hangs fails instead.
pub(crate) fn within<T: Send + 'static>(
    seconds: u64,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let result = body();
        done.send(()).ok();
        result
    });
    if wait.recv_timeout(Duration::from_secs(seconds)) == Err(mpsc::RecvTimeoutError::Timeout) {
        eprintln!("no end after {seconds} s");
        std::process::abort();
    }
    match thread.join() {
        Ok(result) => result,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

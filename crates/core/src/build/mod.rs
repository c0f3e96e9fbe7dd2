//! [`WorkflowBuilder`]: workflows written in Rust, typed.
//!
//! Calling a task while building runs nothing; it adds a node and gives a [`Handle`]. A handle
//! passed as an argument makes the edge, alone or inside a list, tuple or map. Handles in
//! [`handle`], arguments in [`arg`], closures as tasks in [`closure`], and what Rust values look
//! like on edges in [`native`].

mod arg;
mod closure;
mod handle;
mod import;
mod native;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use terrace_plugin_api::{PortMode, TaskContext, TaskError, Value};

use crate::catalog::{Catalog, TaskRef};
use crate::draft::{Args, Draft, InputDraft, NodeDraft, OutputDraft, PackRequirement, TaskChoice};
use crate::expr::{InputId, NodeId, Root};
use crate::problem::{Problem, Problems};
use crate::validate::fresh_scope;
use crate::workflow::Workflow;

pub use arg::{AnyArg, Arg, IntoArgs, IntoWireArgs, ReadArgs, WireArgs};
pub use closure::{NodeFn, NodeRefFn, markers};
pub use handle::Handle;
pub use import::{NamedTask, TaskImport};
pub use native::{ReadError, Wire};

use closure::Unbound;
use native::Codec;

/// Builds a [`Workflow`]. Nothing runs while building.
///
/// ```
/// use terrace_core::{NoTasks, WorkflowBuilder};
///
/// let wf = WorkflowBuilder::new("sums");
/// let add = |x: i64, y: i64| x + y;
/// let a = wf.call(add, (1, 2));
/// let b = wf.call(add, (3, 4));
/// let c = wf.call(add, (&a, &b));
/// wf.output("sum", &c);
/// let wf = wf.build(&NoTasks)?;
/// assert_eq!(wf.levels().groups().map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), terrace_core::Problems>(())
/// ```
#[derive(Debug)]
pub struct WorkflowBuilder {
    shared: Arc<Shared>,
}

/// What a builder and its handles share.
#[derive(Debug)]
#[doc(hidden)]
pub struct Shared {
    scope: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    draft: Draft,
    codecs: HashMap<std::any::TypeId, Codec>,
    /// For each node, whether its output is a Rust value as a closure gave it.
    native: Vec<bool>,
    keep_all: bool,
    sealed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned builder is as good as before: every change is one push.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self, problem: Problem) {
        self.state().draft.problems.push(problem);
    }
}

impl State {
    fn learn<T: Wire>(&mut self) {
        self.codecs.entry(std::any::TypeId::of::<T>()).or_insert_with(Codec::of::<T>);
    }

    fn add_node(&mut self, task: TaskChoice, args: Args, native: bool) -> NodeId {
        let id = NodeId(u32::try_from(self.draft.nodes.len()).unwrap_or(u32::MAX));
        self.draft.nodes.push(NodeDraft::new(task, args));
        self.native.push(native);
        id
    }
}

impl WorkflowBuilder {
    /// Starts a workflow with a name.
    pub fn new(name: impl Into<String>) -> Self {
        let draft = Draft { name: Some(name.into()), ..Draft::default() };
        let state = State { draft, ..State::default() };
        Self { shared: Arc::new(Shared { scope: fresh_scope(), state: Mutex::new(state) }) }
    }

    /// Says what the workflow does.
    pub fn describe(&self, description: impl Into<String>) {
        self.shared.state().draft.description = Some(description.into());
    }

    /// Asks for a pack by name and version requirement, in cargo's notation.
    pub fn pack(&self, name: impl Into<String>, version: impl Into<String>) {
        let name = name.into();
        self.pack_as(name.clone(), name, version);
    }

    /// Asks for a pack under another name: two versions of one pack can be used side by side.
    pub fn pack_as(
        &self,
        alias: impl Into<String>,
        name: impl Into<String>,
        version: impl Into<String>,
    ) {
        self.shared.state().draft.packs.push(PackRequirement {
            alias: alias.into(),
            name: name.into(),
            version: version.into(),
            span: None,
        });
    }

    /// Declares an input. Refine it with [`Handle::with_default`], [`Handle::secret`],
    /// [`Handle::with_env`].
    pub fn input<T: Wire>(&self, name: impl Into<String>) -> Handle<T> {
        let mut state = self.shared.state();
        state.learn::<T>();
        let id = InputId(state.draft.inputs.len() as u32);
        state.draft.inputs.push(InputDraft::new(name, native::type_of::<T>()));
        drop(state);
        Handle::new(&self.shared, Root::Input(id))
    }

    /// The run's id, as text.
    pub fn run_id(&self) -> Handle<String> {
        Handle::new(&self.shared, Root::RunId)
    }

    /// The run's seed.
    pub fn run_seed(&self) -> Handle<u64> {
        Handle::new(&self.shared, Root::RunSeed)
    }

    /// Names a pack's task with the types of its arguments and output. They are checked against
    /// its manifest in [`WorkflowBuilder::build`].
    ///
    /// ```
    /// # use terrace_core::WorkflowBuilder;
    /// let wf = WorkflowBuilder::new("sums");
    /// let add = wf.import::<(i64, i64), i64>("math/add");
    /// let c = add.call((add.call((1, 2)), add.call((3, 4))));
    /// wf.output("sum", &c);
    /// ```
    pub fn import<A: WireArgs, R: Wire>(&self, name: impl AsRef<str>) -> TaskImport<A, R> {
        self.shared.state().learn::<R>();
        TaskImport::new(&self.shared, name.as_ref())
    }

    /// Names a task that only the run-time knows, to give it arguments by name.
    pub fn task(&self, name: impl AsRef<str>) -> NamedTask {
        NamedTask::new(&self.shared, name.as_ref())
    }

    /// Adds a node that calls a closure or function with its parameters by value, optionally after
    /// a `&TaskContext`. Parameters are `Clone`, values any `Send + Sync + 'static`; what cannot be
    /// cloned goes through [`WorkflowBuilder::call_ref`].
    pub fn call<M, A, R, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        F: NodeFn<M, A, R>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args).map(native::keep)
        };
        self.add_closure(Unbound::new::<F>(PortMode::Take, run), args)
    }

    /// As [`WorkflowBuilder::call`], for a function that may fail: its error is any
    /// `std::error::Error` or a [`TaskError`].
    pub fn try_call<M, A, R, E, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        E: Into<TaskError>,
        F: NodeFn<M, A, Result<R, E>>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args)?.map(native::keep).map_err(Into::into)
        };
        self.add_closure(Unbound::new::<F>(PortMode::Take, run), args)
    }

    /// As [`WorkflowBuilder::call`], with all parameters by reference: nothing is cloned, and values
    /// need not be `Clone`. A closure's parameters need their types: `|term: &Term| …`.
    pub fn call_ref<M, A, R, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        F: NodeRefFn<M, A, R>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args).map(native::keep)
        };
        self.add_closure(Unbound::new::<F>(PortMode::Borrow, run), args)
    }

    /// As [`WorkflowBuilder::call_ref`], for a function that may fail.
    pub fn try_call_ref<M, A, R, E, F>(&self, function: F, args: impl IntoArgs<A>) -> Handle<R>
    where
        A: ReadArgs,
        R: Any + Send + Sync,
        E: Into<TaskError>,
        F: NodeRefFn<M, A, Result<R, E>>,
    {
        let run = move |ctx: &TaskContext<'_>, args: &mut [Value]| {
            function.invoke(ctx, args)?.map(native::keep).map_err(Into::into)
        };
        self.add_closure(Unbound::new::<F>(PortMode::Borrow, run), args)
    }

    fn add_closure<A: ReadArgs, R: Any + Send + Sync>(
        &self,
        closure: Unbound<A>,
        args: impl IntoArgs<A>,
    ) -> Handle<R> {
        let exprs = args.native_exprs(&self.shared);
        let mut state = self.shared.state();
        let decoders = A::decoders(&state.codecs);
        let task: TaskRef = closure.bind::<R>(decoders);
        let id = state.add_node(TaskChoice::Inline(task), Args::Positional(exprs), true);
        drop(state);
        Handle::new(&self.shared, Root::Node(id))
    }

    /// Declares an output by name.
    pub fn output<T: Wire>(&self, name: impl Into<String>, value: &Handle<T>) {
        let value = value.wire_expr(&self.shared);
        let output = OutputDraft { name: name.into(), value, span: None };
        self.shared.state().draft.outputs.push(output);
    }

    /// Keeps every node's output readable after the run, at the price of its memory.
    pub fn keep_all(&self) {
        self.shared.state().keep_all = true;
    }

    /// Checks everything against the tasks that exist.
    ///
    /// # Errors
    /// Every problem at once; see [`Draft::validate`].
    pub fn build(self, catalog: &dyn Catalog) -> Result<Workflow, Problems> {
        let scope = self.shared.scope;
        self.into_draft().validate_in(catalog, scope)
    }

    /// The workflow as written, for printing it or finding the packs it wants. Handles keep their
    /// meaning only through [`WorkflowBuilder::build`].
    pub fn into_draft(self) -> Draft {
        let mut state = self.shared.state();
        state.sealed = true;
        let keep_all = state.keep_all;
        let mut draft = std::mem::take(&mut state.draft);
        draft.nodes.iter_mut().for_each(|node| node.keep |= keep_all);
        draft
    }

    /// The packs asked for so far.
    pub fn packs(&self) -> Vec<PackRequirement> {
        self.shared.state().draft.packs.clone()
    }

    /// The tasks named so far, each once.
    pub fn task_names(&self) -> Vec<String> {
        self.shared.state().draft.task_names()
    }
}

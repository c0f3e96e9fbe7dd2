//! [`WorkflowBuilder`]: workflows written in Rust, typed.
//!
//! Calling a task while building runs nothing; it adds a node and gives a [`Handle`]. A handle
//! passed as an argument makes the edge, alone or inside a list, tuple or map. Handles in
//! [`handle`], arguments in [`arg`], closures as tasks in [`closure`] and [`calling`], and what Rust
//! values look like on edges in [`native`] and [`form`].
//!
//! Nodes with a workflow inside are written by closures that get a builder of their own
//! ([`body`]): [`map`], [`looped`], [`flow`], [`branches`]. What such a builder sees of those around
//! it is in [`scope`]. Workflows that come at run time are in [`expand`]. What holds for nodes is said in
//! [`policy`], what for all in [`rules`].

mod arg;
mod body;
mod branches;
mod call;
mod calling;
mod closure;
mod combine;
mod control;
mod expand;
mod flow;
mod form;
mod gather;
mod given;
mod handle;
mod import;
mod items;
mod looped;
mod map;
mod native;
mod policy;
mod rules;
mod scope;
mod state;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::draft::{Draft, InputRole, OutputDraft, PackRequirement};
use crate::expr::Root;
use crate::problem::{Problem, Problems};
use crate::workflow::Workflow;

pub use arg::{AnyArg, Arg, IntoArgs, IntoWireArgs, ReadArgs, WireArgs};
pub use body::Returned;
pub use branches::Branches;
pub use closure::{NodeFn, NodeRefFn, markers};
pub use combine::{Associative, Combine, associative};
pub use control::OutcomeExt;
pub use expand::Expansion;
pub use gather::{AsItComes, Gather, Keyed, Listed, Outcomes, Reduced, Shape, Values};
pub use given::IntoGiven;
pub use handle::Handle;
pub use import::{NamedTask, TaskImport};
pub use items::IntoItems;
pub use looped::LoopBuilder;
pub use map::MapBuilder;
pub use native::{Native, ReadError, Wire};
pub use policy::{IntoAmount, PerItem};

pub(crate) use calling::{ByList, ByValue, Calling, Fallibly};
pub(crate) use closure::{CLOSURE, shape_of};
use form::Form;
use state::Shared;

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

impl WorkflowBuilder {
    /// Starts a workflow with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { shared: Shared::new(Draft { name: Some(name.into()), ..Draft::default() }) }
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
        self.shared.root().state().draft.packs.push(PackRequirement {
            alias: alias.into(),
            name: name.into(),
            version: version.into(),
            span: None,
        });
    }

    /// Declares an input. Refine it with [`Handle::with_default`], [`Handle::secret`],
    /// [`Handle::with_env`].
    pub fn input<T: Wire>(&self, name: impl Into<String>) -> Handle<T> {
        let mut role = InputRole::Declared;
        if self.shared.parent.is_some() {
            role = InputRole::Local;
            let problem = Problem::new("an input was declared inside a body")
                .with_help("a body sees what is around it: use those handles in it");
            self.shared.problem(problem);
        }
        self.shared.learn::<T>();
        let ty = native::type_of::<T>();
        let id = self.shared.state().add_input(name, ty, role);
        Handle::new(&self.shared, Root::Input(id), Form::Data)
    }

    /// The run's id, as text.
    pub fn run_id(&self) -> Handle<String> {
        Handle::new(&self.shared, Root::RunId, Form::Data)
    }

    /// The run's seed.
    pub fn run_seed(&self) -> Handle<u64> {
        Handle::new(&self.shared, Root::RunSeed, Form::Data)
    }

    /// Declares an output by name.
    pub fn output<T: Wire>(&self, name: impl Into<String>, value: &Handle<T>) {
        let value = value.wire_expr(&self.shared);
        let output = OutputDraft { name: name.into(), value, span: None };
        self.shared.state().draft.outputs.push(output);
    }

    /// Sets what a node that runs this workflow gives, where that is not the map of its outputs; see
    /// [`WorkflowBuilder::run`].
    pub fn result<T: Wire>(&self, value: &Handle<T>) {
        let value = value.wire_expr(&self.shared);
        self.shared.state().draft.result = Some(value);
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
        if let Some(workflow) = self.shared.finish_flat() {
            return Ok(workflow);
        }
        self.into_draft().validate_in(catalog, scope)
    }

    /// The workflow as written, for printing it or finding the packs it wants. Handles keep their
    /// meaning only through [`WorkflowBuilder::build`].
    pub fn into_draft(self) -> Draft {
        let keep_all = self.shared.state().keep_all;
        let mut draft = self.shared.seal();
        draft.nodes.iter_mut().for_each(|node| node.keep |= keep_all);
        scope::name_captures(&mut draft);
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

//! [`Handle`]: what stands for a value while building, and reads it after the run.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::{Lane, Outcome, PortType, Value};

use super::form::Form;
use super::native::{self, ReadError, Wire};
use super::scope;
use super::state::Shared;
use crate::draft::{InputDraft, InputRole};
use crate::expr::{Adapter, Expr, InputId, NodeId, Ref, Root, Select};
use crate::problem::Problem;

/// Stands for a value of type `T` that a run will make. Passing it as an argument makes the edge.
///
/// Cloning it, and keeping it for after the run, is cheap. It belongs to the builder that made it,
/// and the bodies written inside that one see it too; anywhere else it is a problem that
/// [`super::WorkflowBuilder::build`] reports.
pub struct Handle<T> {
    shared: Arc<Shared>,
    root: Root,
    path: Option<Arc<[Select]>>,
    /// Makes data of the Rust value that `path` then selects from.
    adapt: Option<Adapter>,
    /// How what it stands for lies.
    form: Form,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        self.cast()
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("root", &self.root).field("path", &self.path).finish()
    }
}

impl<T> Handle<T> {
    pub(super) fn new(shared: &Arc<Shared>, root: Root, form: Form) -> Self {
        let shared = shared.clone();
        Self { shared, root, path: None, adapt: None, form, marker: PhantomData }
    }

    /// A part of a node's output that lies in a form of its own.
    pub(super) fn part(shared: &Arc<Shared>, root: Root, select: Select, form: Form) -> Self {
        Self { path: Some(Arc::new([select])), ..Self::new(shared, root, form) }
    }

    /// The same value as another type; checked when the workflow is built and when the task runs.
    /// From and to [`Value`] this is how typed and untyped tasks meet.
    pub fn cast<U>(&self) -> Handle<U> {
        Handle {
            shared: self.shared.clone(),
            root: self.root,
            path: self.path.clone(),
            adapt: self.adapt.clone(),
            form: self.form.clone(),
            marker: PhantomData,
        }
    }

    /// The node it stands for, where it stands for a node's output.
    pub fn node(&self) -> Option<NodeId> {
        match self.root {
            Root::Node(id) => Some(id),
            _ => None,
        }
    }

    /// What is selected from the node's output, outermost first.
    pub fn path(&self) -> &[Select] {
        self.path.as_deref().unwrap_or(&[])
    }

    /// Whether it belongs to the builder that made a workflow.
    pub fn is_of(&self, workflow: &crate::Workflow) -> bool {
        self.shared.scope == workflow.scope()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// How the value lies.
    pub(super) fn form(&self) -> Form {
        if self.adapt.is_some() { Form::Data } else { self.form.clone() }
    }

    /// How the node ended, whichever way: a task that takes it runs after a failure too.
    ///
    /// ```
    /// # use terrace_core::{NoTasks, Outcome, WorkflowBuilder};
    /// let wf = WorkflowBuilder::new("report");
    /// let parsed = wf.try_call(|| "12".parse::<i64>(), ());
    /// let told = wf.call(|end: Outcome| format!("{:?}", end.status), (parsed.outcome(),));
    /// wf.output("told", &told);
    /// # wf.build(&NoTasks)?;
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn outcome(&self) -> Handle<Outcome> {
        self.shared.learn::<Outcome>();
        match self.root {
            Root::Node(id) if self.path.is_none() => {
                Handle::new(&self.shared, Root::Outcome(id), Form::Data)
            }
            _ => {
                self.shared.problem(Problem::new("`outcome` needs the handle of a whole node"));
                self.cast()
            }
        }
    }

    fn selected<U>(&self, select: Select, adapt: Option<Adapter>) -> Handle<U> {
        let mut path = self.path().to_vec();
        path.push(select);
        Handle { path: Some(path.into()), adapt, form: Form::Data, ..self.cast() }
    }

    /// How to make data of it first, where it lies there as Rust values.
    fn encoder(&self) -> Option<Adapter>
    where
        T: Any,
    {
        let encode = || self.form.to_data::<T>(&self.shared.codecs());
        self.adapt.clone().or_else(|| encode().map(|encode| encode.at(self.path())))
    }

    /// Selects a field of a record or the value under a key of a map. Adds no node.
    pub fn field<U>(&self, name: impl Into<String>) -> Handle<U>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        self.shared.learn::<T>();
        self.selected(Select::Key(name.into()), self.encoder())
    }

    /// Selects an item of a list. Adds no node.
    pub fn item<U>(&self, index: u64) -> Handle<U>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        self.shared.learn::<T>();
        self.selected(Select::Index(index), self.encoder())
    }

    /// Names the node; one is made from the task's name otherwise. The item of a map, or the state
    /// of a loop, is named so too.
    #[must_use]
    pub fn named(self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        if let Root::Input(id) = self.root {
            let mut state = self.shared.state();
            if let Some(input) = state.draft.inputs.get_mut(id.index())
                && input.role == InputRole::Local
            {
                input.name = name.to_owned();
                drop(state);
                return self;
            }
        }
        self.on_flat("named", |shared, id| shared.name_node(id, name))
    }

    /// Gives the node a free text for people.
    #[must_use]
    pub fn labelled(self, label: impl Into<String>) -> Self {
        self.on_node("labelled", |node| node.label = Some(label.into()))
    }

    /// Keeps the node's output readable after the run, though no declared output needs it.
    #[must_use]
    pub fn keep(self) -> Self {
        self.on_flat("keep", Shared::keep_node)
    }

    /// Runs the node on the compute or the blocking lane, whatever its task says.
    #[must_use]
    pub fn on_lane(self, lane: Lane) -> Self {
        self.on_node("on_lane", |node| node.lane = Some(lane))
    }

    /// Sets what stands in where the input is not given.
    #[must_use]
    pub fn with_default(self, value: T) -> Self
    where
        T: PortType,
    {
        match value.into_value() {
            Ok(value) => self.on_input("with_default", |input| input.default = Some(value)),
            Err(error) => {
                self.shared.problem(Problem::new(format!("default of an input: {error}")));
                self
            }
        }
    }

    /// Reads the input from an environment variable where it is not given.
    #[must_use]
    pub fn with_env(self, variable: impl Into<String>) -> Self {
        self.on_input("with_env", |input| input.env = Some(variable.into()))
    }

    /// Says what the input is for.
    #[must_use]
    pub fn described(self, text: impl Into<String>) -> Self {
        self.on_input("described", |input| input.description = Some(text.into()))
    }

    /// Masks the input's value in everything written or printed.
    #[must_use]
    pub fn secret(self) -> Self {
        self.on_input("secret", |input| input.secret = true)
    }

    pub(super) fn on_node(self, what: &str, change: impl FnOnce(&mut crate::NodeDraft)) -> Self {
        self.on_flat(what, |shared, id| shared.change_node(id, change))
    }

    /// As [`Self::on_node`], for what can be said of a node of a flat graph too.
    #[inline]
    pub(super) fn on_flat(
        self,
        what: &str,
        change: impl FnOnce(&Shared, NodeId) -> Option<()>,
    ) -> Self {
        let changed = self.node().and_then(|id| change(&self.shared, id));
        if changed.is_none() && !self.shared.state().sealed {
            self.shared.problem(Problem::new(format!("`{what}` needs the handle of a node")));
        }
        self
    }

    fn on_input(self, what: &str, change: impl FnOnce(&mut InputDraft)) -> Self {
        let mut state = self.shared.state();
        let sealed = state.sealed;
        let input = match self.root {
            Root::Input(InputId(at)) => state.draft.inputs.get_mut(at as usize),
            _ => None,
        };
        match input.filter(|input| input.role == InputRole::Declared) {
            Some(input) => change(input),
            None if sealed => {}
            None => {
                let message = format!("`{what}` needs the handle of an input");
                state.draft.problems.push(Problem::new(message));
            }
        }
        drop(state);
        self
    }

    /// Reads the value out of what a run kept for its node: the whole output, or its part.
    ///
    /// # Errors
    /// When the selected part is not there or the value is of another type.
    pub fn read(&self, output: &Value) -> Result<T, ReadError>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        let mut value = output.clone();
        if let Some(adapt) = self.joiner() {
            value = adapt.apply(value).map_err(ReadError::new)?;
        }
        for select in self.path() {
            value = select.apply(&value).ok_or_else(|| {
                ReadError::new(format!("there is no `{select}` in {}", value.kind()))
            })?;
        }
        native::read(value)
    }

    /// How to make the Rust value of it first, where it lies there in parts.
    fn joiner(&self) -> Option<Adapter>
    where
        T: Any,
    {
        let join = || self.form.to_native::<T>().map(|join| join.at(self.path()));
        self.adapt.clone().or_else(join)
    }

    fn expr(&self, target: &Arc<Shared>, adapt: Option<Adapter>) -> Expr {
        let Some(root) = scope::resolve(&self.shared, self.root, target) else {
            // Reported; something that no check complains of again.
            let anything = Some(Adapter::new(Ok));
            return Expr::Ref(Ref { adapt: anything, ..Ref::new(Root::RunSeed) });
        };
        Expr::Ref(Ref { root, path: self.path().to_vec(), adapt })
    }

    /// The reference to what lies there, in its [`Handle::form`].
    pub(super) fn raw_expr(&self, target: &Arc<Shared>) -> Expr {
        self.expr(target, self.adapt.clone())
    }

    /// The node whose whole output, as it lies there, it stands for in its own builder.
    #[inline]
    pub(super) fn whole_output(&self, target: &Arc<Shared>) -> Option<NodeId> {
        let is_whole = self.path.is_none() && self.adapt.is_none();
        let as_it_lies = !matches!(self.form, Form::Made(_)) && Arc::ptr_eq(&self.shared, target);
        self.node().filter(|_| is_whole && as_it_lies)
    }

    /// The reference as an argument of a closure.
    pub(super) fn native_expr(&self, target: &Arc<Shared>) -> Expr
    where
        T: Any,
    {
        self.expr(target, self.joiner())
    }

    /// The reference as data, where it is known how to make data of it.
    pub(super) fn data_expr(&self, target: &Arc<Shared>) -> Expr
    where
        T: Any,
    {
        self.expr(target, self.encoder())
    }

    /// The reference as data, for a pack or an output.
    pub(super) fn wire_expr(&self, target: &Arc<Shared>) -> Expr
    where
        T: Wire,
    {
        self.shared.learn::<T>();
        self.data_expr(target)
    }

    /// The reference converted by `adapt`.
    pub(super) fn adapted_expr(&self, target: &Arc<Shared>, adapt: Adapter) -> Expr {
        let adapt = adapt.at(self.path());
        let adapt = match &self.adapt {
            Some(first) => first.clone().then(adapt),
            None => adapt,
        };
        self.expr(target, Some(adapt))
    }
}

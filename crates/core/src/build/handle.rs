//! [`Handle`]: what stands for a value while building, and reads it after the run.

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use terrace_plugin_api::{Lane, PortType, Value};

use super::Shared;
use super::native::{self, ReadError, Wire};
use crate::draft::InputDraft;
use crate::expr::{Adapter, Expr, InputId, NodeId, Ref, Root, Select};
use crate::problem::Problem;

/// Stands for a value of type `T` that a run will make. Passing it as an argument makes the edge.
///
/// Cloning it, and keeping it for after the run, is cheap. It belongs to one builder: in another
/// it is a problem that [`super::WorkflowBuilder::build`] reports.
pub struct Handle<T> {
    shared: Arc<Shared>,
    root: Root,
    path: Option<Arc<[Select]>>,
    /// Makes data of the Rust value that `path` then selects from.
    adapt: Option<Adapter>,
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
    pub(super) fn new(shared: &Arc<Shared>, root: Root) -> Self {
        Self { shared: shared.clone(), root, path: None, adapt: None, marker: PhantomData }
    }

    /// The same value as another type; checked when the workflow is built and when the task runs.
    /// From and to [`Value`] this is how typed and untyped tasks meet.
    pub fn cast<U>(&self) -> Handle<U> {
        Handle {
            shared: self.shared.clone(),
            root: self.root,
            path: self.path.clone(),
            adapt: self.adapt,
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

    fn selected<U>(&self, select: Select, adapt: Option<Adapter>) -> Handle<U> {
        let mut path = self.path().to_vec();
        path.push(select);
        Handle { path: Some(path.into()), adapt: self.adapt.or(adapt), ..self.cast() }
    }

    /// How to make data of it first, where a closure keeps it as a Rust value.
    fn encoder(&self) -> Option<Adapter>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        let mut state = self.shared.state();
        state.learn::<T>();
        let native = match self.root {
            Root::Node(id) => state.native.get(id.index()).copied().unwrap_or(false),
            _ => false,
        };
        let codec = state.codecs.get(&TypeId::of::<T>()).map(|codec| codec.encode);
        codec.filter(|_| native && self.path.is_none())
    }

    /// Selects a field of a record or the value under a key of a map. Adds no node.
    pub fn field<U>(&self, name: impl Into<String>) -> Handle<U>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        let adapt = self.encoder();
        self.selected(Select::Key(name.into()), adapt)
    }

    /// Selects an item of a list. Adds no node.
    pub fn item<U>(&self, index: u64) -> Handle<U>
    where
        T: PortType + Clone + Any + Send + Sync,
    {
        let adapt = self.encoder();
        self.selected(Select::Index(index), adapt)
    }

    /// Names the node; one is made from the task's name otherwise.
    #[must_use]
    pub fn named(self, name: impl AsRef<str>) -> Self {
        self.on_node("named", |node| node.name = Some(name.as_ref().into()))
    }

    /// Gives the node a free text for people.
    #[must_use]
    pub fn labelled(self, label: impl Into<String>) -> Self {
        self.on_node("labelled", |node| node.label = Some(label.into()))
    }

    /// Makes the node wait for another without taking its value.
    #[must_use]
    pub fn after<U>(self, other: &Handle<U>) -> Self {
        self.check_scope(&other.shared);
        let Some(other) = other.node() else {
            self.shared.problem(Problem::new("`after` needs the handle of a node"));
            return self;
        };
        self.on_node("after", |node| node.after.push(other))
    }

    /// Keeps the node's output readable after the run, though no declared output needs it.
    #[must_use]
    pub fn keep(self) -> Self {
        self.on_node("keep", |node| node.keep = true)
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

    fn on_node(self, what: &str, change: impl FnOnce(&mut crate::NodeDraft)) -> Self {
        let mut state = self.shared.state();
        let sealed = state.sealed;
        let node = match self.root {
            Root::Node(id) => state.draft.nodes.get_mut(id.index()),
            _ => None,
        };
        match node {
            Some(node) => change(node),
            None if sealed => {}
            None => {
                let message = format!("`{what}` needs the handle of a node");
                state.draft.problems.push(Problem::new(message));
            }
        }
        drop(state);
        self
    }

    fn on_input(self, what: &str, change: impl FnOnce(&mut InputDraft)) -> Self {
        let mut state = self.shared.state();
        let sealed = state.sealed;
        let input = match self.root {
            Root::Input(InputId(at)) => state.draft.inputs.get_mut(at as usize),
            _ => None,
        };
        match input {
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
        if let Some(adapt) = self.adapt {
            value = (adapt.0)(value).map_err(ReadError::new)?;
        }
        for select in self.path() {
            value = select.apply(&value).ok_or_else(|| {
                ReadError::new(format!("there is no `{select}` in {}", value.kind()))
            })?;
        }
        native::read(value)
    }

    fn check_scope(&self, target: &Arc<Shared>) {
        if !Arc::ptr_eq(&self.shared, target) {
            let problem = Problem::new("a handle of another builder was used here")
                .with_help("pass values between workflows as inputs and outputs");
            target.problem(problem.clone());
            self.shared.problem(problem);
        }
    }

    fn expr(&self, target: &Arc<Shared>, adapt: Option<Adapter>) -> Expr {
        self.check_scope(target);
        let path = self.path().to_vec();
        Expr::Ref(Ref { root: self.root, path, adapt: self.adapt.or(adapt) })
    }

    /// The reference as an argument of a closure.
    pub(super) fn native_expr(&self, target: &Arc<Shared>) -> Expr {
        self.expr(target, None)
    }

    /// The reference as data, for a pack or an output.
    pub(super) fn wire_expr(&self, target: &Arc<Shared>) -> Expr
    where
        T: Wire,
    {
        self.expr(target, self.encoder())
    }
}

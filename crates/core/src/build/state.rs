//! What a builder and its handles share: the draft so far, the codecs of types met, and where the
//! builder stands inside others ([`super::scope`]).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arg::NativeArg;
use super::native::{Codecs, Wire};
use crate::catalog::Task;
use crate::draft::{Args, Draft, NodeDraft, OutputDraft, TaskChoice};
use crate::expr::{Expr, InputId, NodeId, Ref, Root};
use crate::flat::{FlatDraft, Shape};
use crate::problem::Problem;
use crate::validate::{Head, fresh_scope, is_name, of_flat};
use crate::workflow::{Output, Workflow};

/// What a builder and its handles share.
#[derive(Debug)]
#[doc(hidden)]
pub struct Shared {
    pub(super) scope: u64,
    /// The builder around this one, where it writes the body of a node.
    pub(super) parent: Option<Arc<Shared>>,
    state: Mutex<State>,
    /// One table for a builder and all inside it.
    codecs: Arc<Mutex<Codecs>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) draft: Draft,
    /// The nodes, as long as all of them only call closures; then `draft` has none.
    pub(super) flat: Option<FlatDraft>,
    /// The inputs that stand for something outside.
    pub(super) captured: HashMap<Root, InputId>,
    /// What they stand for, in their order.
    pub(super) captures: Vec<Ref>,
    /// Nodes outside that a node of the body comes after.
    pub(super) waits: Vec<(Arc<Shared>, NodeId)>,
    /// Nodes of branches, of which more may come.
    pub(super) open: Vec<(NodeId, Arc<Shared>)>,
    pub(super) keep_all: bool,
    pub(super) sealed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("draft", &self.draft).finish_non_exhaustive()
    }
}

impl State {
    /// Writes the nodes that there are as such of which anything can be said.
    pub(super) fn unfold(&mut self) {
        if let Some(flat) = self.flat.take() {
            self.draft.nodes.extend(flat.into_nodes());
        }
    }

    /// Changes a node: by `flat` where that can say it, else by `change`. `None` where there is no
    /// such node.
    fn change(
        &mut self,
        id: NodeId,
        flat: impl FnOnce(&mut FlatDraft) -> bool,
        change: impl FnOnce(&mut NodeDraft),
    ) -> Option<()> {
        match &mut self.flat {
            Some(draft) => flat(draft).then_some(()),
            None => self.draft.nodes.get_mut(id.index()).map(change),
        }
    }
}

impl Shared {
    pub(super) fn new(draft: Draft) -> Arc<Self> {
        Arc::new(Self::with(draft, None, Arc::default()))
    }

    /// A builder for the body of a node.
    pub(super) fn inside(self: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self::with(Draft::default(), Some(self.clone()), self.codecs.clone()))
    }

    fn with(draft: Draft, parent: Option<Arc<Self>>, codecs: Arc<Mutex<Codecs>>) -> Self {
        // A body is small, and looked at as a whole.
        let flat = parent.is_none().then(FlatDraft::default);
        let state = Mutex::new(State { draft, flat, ..State::default() });
        Self { scope: fresh_scope(), parent, state, codecs }
    }

    /// The outermost builder.
    pub(super) fn root(self: &Arc<Self>) -> &Arc<Self> {
        let mut at = self;
        while let Some(parent) = &at.parent {
            at = parent;
        }
        at
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned builder is as good as before: every change is one push.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn codecs(&self) -> MutexGuard<'_, Codecs> {
        self.codecs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn<T: Wire>(&self) {
        self.codecs().learn::<T>();
    }

    /// Remembers what is wrong; of a body that is finished, in the builder around it.
    pub(super) fn problem(&self, problem: Problem) {
        let mut state = self.state();
        match &self.parent {
            Some(parent) if state.sealed => parent.problem(problem),
            _ => state.draft.problems.push(problem),
        }
    }

    pub(super) fn add_node(&self, task: TaskChoice, args: Args) -> NodeId {
        let mut state = self.state();
        if state.sealed {
            drop(state);
            let problem = Problem::new("a node was added to a body that is finished")
                .with_help("import tasks where they are used, or bring them in with `within`");
            self.problem(problem);
            return NodeId(0);
        }
        state.unfold();
        let id = NodeId(u32::try_from(state.draft.nodes.len()).unwrap_or(u32::MAX));
        state.draft.nodes.push(NodeDraft::new(task, args));
        id
    }

    /// Changes a node that was added.
    pub(super) fn change_node<R>(
        &self,
        id: NodeId,
        change: impl FnOnce(&mut NodeDraft) -> R,
    ) -> Option<R> {
        let mut state = self.state();
        state.unfold();
        state.draft.nodes.get_mut(id.index()).map(change)
    }

    /// Lets a node come after another. `None` where there is no such node.
    pub(super) fn put_after(&self, id: NodeId, on: NodeId) -> Option<()> {
        self.state().change(id, |flat| flat.push_after(id, on), |node| node.after.push(on))
    }

    /// Names a node.
    pub(super) fn name_node(&self, id: NodeId, name: &str) -> Option<()> {
        self.state().change(id, |flat| flat.name(id, name), |node| node.name = Some(name.into()))
    }

    /// Keeps a node's output.
    pub(super) fn keep_node(&self, id: NodeId) -> Option<()> {
        self.state().change(id, |flat| flat.keep(id), |node| node.keep = true)
    }

    #[inline]
    /// Adds a node that calls a closure, where it can be a flat one; `Err` with the arguments where not.
    pub(super) fn add_flat<
        T: Task + 'static,
        N: AsRef<[NativeArg]> + IntoIterator<Item = NativeArg>,
    >(
        &self,
        task: T,
        args: N,
        shape: impl FnOnce() -> Shape,
    ) -> Result<NodeId, (T, N)> {
        let is_flat = |arg: &NativeArg| matches!(arg, NativeArg::Flat(_));
        if !args.as_ref().iter().all(is_flat) {
            return Err((task, args));
        }
        let mut state = self.state();
        let Some(flat) = state.flat.as_mut().filter(|flat| flat.has_room()) else {
            return Err((task, args));
        };
        let id = flat.push(task, shape);
        for arg in args {
            if let NativeArg::Flat(given) = arg {
                flat.push_arg(given.0);
            }
        }
        Ok(id)
    }

    /// The finished workflow, where all nodes only call closures and nothing is wrong with them.
    pub(super) fn finish_flat(&self) -> Option<Workflow> {
        let mut state = self.state();
        let State { draft, flat, keep_all, .. } = &mut *state;
        let nodes = flat.as_ref()?.len();
        let plain = |expr: &Expr| match expr {
            Expr::Ref(Ref { root: Root::Node(id), path, .. }) => {
                path.is_empty() && id.index() < nodes
            }
            Expr::Const(_) => true,
            _ => false,
        };
        let mut names = HashSet::new();
        let mut outputs = draft.outputs.iter();
        let right = outputs.all(|output| {
            plain(&output.value) && is_name(&output.name) && names.insert(&output.name)
        });
        let rest = draft.problems.is_empty() && draft.inputs.is_empty() && draft.rules.is_empty();
        if !(right && rest && draft.result.as_ref().is_none_or(plain)) {
            return None;
        }
        let flat = match flat.take()?.finish(*keep_all) {
            Ok(flat) => flat,
            Err(wrong) => {
                state.flat = Some(*wrong);
                return None;
            }
        };
        state.sealed = true;
        let draft = std::mem::take(&mut state.draft);
        let outputs = draft.outputs.into_iter();
        let head = Head {
            scope: self.scope,
            name: draft.name.unwrap_or_default(),
            description: draft.description,
            packs: draft.packs,
            outputs: outputs
                .map(|OutputDraft { name, value, .. }| Output { name, value })
                .collect(),
            result: draft.result,
        };
        Some(of_flat(head, flat))
    }
}

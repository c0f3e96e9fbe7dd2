//! What a builder and its handles share: the draft so far, the codecs of types met, and where the
//! builder stands inside others ([`super::scope`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::native::{Codecs, Wire};
use crate::draft::{Args, Draft, NodeDraft, TaskChoice};
use crate::expr::{InputId, NodeId, Ref, Root};
use crate::problem::Problem;
use crate::validate::fresh_scope;

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

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) draft: Draft,
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

impl Shared {
    pub(super) fn new(draft: Draft) -> Arc<Self> {
        Arc::new(Self::with(draft, None, Arc::default()))
    }

    /// A builder for the body of a node.
    pub(super) fn inside(self: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self::with(Draft::default(), Some(self.clone()), self.codecs.clone()))
    }

    fn with(draft: Draft, parent: Option<Arc<Self>>, codecs: Arc<Mutex<Codecs>>) -> Self {
        let state = Mutex::new(State { draft, ..State::default() });
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
        self.state().draft.nodes.get_mut(id.index()).map(change)
    }
}

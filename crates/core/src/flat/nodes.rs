//! The nodes of a flat graph as people look at them, made when somebody does.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use terrace_plugin_api::{TaskContext, TaskError, Value};

use super::{Flat, FlatArg, Naming};
use crate::catalog::{Task, TaskRef};
use crate::draft::RunIf;
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::validate::Counters;
use crate::workflow::{Node, NodeBody};

/// A task that stays where it is.
struct InPlace {
    flat: Arc<Flat>,
    id: NodeId,
}

impl Task for InPlace {
    fn call(&self, ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        self.flat.body(self.id).call(ctx, args)
    }

    fn call_into(
        &self,
        ctx: &TaskContext<'_>,
        args: &mut [Value],
        out: &mut Value,
    ) -> Result<(), TaskError> {
        self.flat.body(self.id).call_into(ctx, args, out)
    }
}

impl Flat {
    /// All nodes.
    pub(crate) fn nodes(self: &Arc<Self>) -> Vec<Node> {
        let names = self.names();
        names.into_iter().zip((0..).map(NodeId)).map(|(name, id)| self.node(id, name)).collect()
    }

    fn node(self: &Arc<Self>, id: NodeId, name: Arc<str>) -> Node {
        Node {
            name,
            label: None,
            task: self.task(id),
            args: (0..self.ports(id)).map(|port| self.arg(id, port).into_expr()).collect(),
            after: self.after(id).collect(),
            lane: self.signature(id).lane,
            keep: self.is_kept(id),
            when: None,
            run_if: RunIf::Success,
            policy: None,
            body: NodeBody::Task,
        }
    }

    /// The task of a node, which keeps the graph alive.
    pub(crate) fn task(self: &Arc<Self>, id: NodeId) -> TaskRef {
        let shape = self.shape(id);
        TaskRef {
            name: shape.name.clone(),
            signature: shape.signature.clone(),
            body: Arc::new(InPlace { flat: Arc::clone(self), id }),
            pack: None,
        }
    }

    /// The name of a node, where it is known without those of all others.
    pub(crate) fn name(&self, id: NodeId) -> Option<Cow<'_, str>> {
        match self.naming {
            Naming::Indexed => Some(Cow::Owned(format!("task_{}", id.0))),
            Naming::Counted => {
                let at = self.names.binary_search_by_key(&id.0, |(id, _)| *id).ok()?;
                Some(Cow::Borrowed(&*self.names[at].1))
            }
        }
    }

    fn names(&self) -> Vec<Arc<str>> {
        let ids = (0..self.len() as u32).map(NodeId);
        if self.naming == Naming::Indexed {
            return ids.filter_map(|id| self.name(id)).map(Into::into).collect();
        }
        let mut taken: HashSet<Arc<str>> =
            self.names.iter().map(|(_, name)| name.clone()).collect();
        let mut given = self.names.iter().peekable();
        let mut counters = Counters::default();
        let names = ids.map(|id| match given.next_if(|(named, _)| *named == id.0) {
            Some((_, name)) => name.clone(),
            None => {
                let name = counters.next(&self.shape(id).name, |name| taken.contains(name));
                taken.insert(name.clone());
                name
            }
        });
        names.collect()
    }
}

impl FlatArg<'_> {
    fn into_expr(self) -> Expr {
        match self {
            Self::Output(id) => Expr::Ref(Ref::new(Root::Node(id))),
            Self::Const(value) => Expr::Const(value.clone()),
        }
    }
}

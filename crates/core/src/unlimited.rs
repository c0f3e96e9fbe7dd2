//! A workflow in which tasks wait for nothing but what they need: to know what no run is faster than.

use std::collections::HashMap;
use std::sync::Arc;

use crate::policy::{Policy, PolicyRef};
use crate::repeat::{Chunk, Map};
use crate::workflow::{Inner, Node, NodeBody, Repeat, SubFlow, Workflow};

impl Workflow {
    /// Whether anything but edges and workers can keep its tasks waiting, here or in the workflows
    /// inside: a limit that somebody needs, `max_concurrent`, a node's `concurrency`, a map's or its
    /// window, or a task that takes several workers.
    pub fn is_limited(&self) -> bool {
        self.walk().any(|walked| {
            let rules = walked.workflow.rules();
            rules.max_concurrent.is_some() || is_limited(walked.node())
        })
    }

    /// The same without all that: nodes wait for edges and workers alone, and each task takes one
    /// worker. Items of maps are taken one by one, since limits may have kept them from being taken
    /// together. Nodes keep their ids, names and times.
    ///
    /// It is no workflow to run in its place: a node takes at least as long as it does here by itself.
    ///
    /// ```
    /// use terrace_core::{Limit, NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("pages");
    /// wf.limit(Limit::concurrency("site", 1));
    /// let _ = wf.map(vec![1_i64, 2], |body, page| {
    ///     body.call(|page: i64| page, (&page,)).needs("site", 1)
    /// });
    /// let wf = wf.build(&NoTasks)?;
    /// assert!(wf.is_limited() && !wf.without_limits().is_limited());
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    #[must_use]
    pub fn without_limits(&self) -> Self {
        // Those inside first. A file that is used many times is one workflow.
        let mut free: HashMap<usize, Self> = HashMap::new();
        let mut open = vec![self];
        while let Some(&workflow) = open.last() {
            let before = open.len();
            // A flat graph has neither policies nor workflows inside.
            if workflow.flat().is_none() {
                let inside = workflow.nodes().iter().filter_map(|node| node.flow());
                let inside = inside.map(|flow| flow.workflow());
                open.extend(inside.filter(|inside| !free.contains_key(&inside.address())));
            }
            if open.len() == before {
                open.pop();
                free.insert(workflow.address(), freed(workflow, &free));
            }
        }
        free.remove(&self.address()).unwrap_or_else(|| self.clone())
    }
}

fn is_limited(node: &Node) -> bool {
    let map = node.map();
    let each = map.and_then(|map| map.each.as_deref());
    let mut policies = node.policy().into_iter().chain(each);
    node.task().signature.cpus > 1
        || map.is_some_and(|map| map.window.is_some() || map.concurrency.is_some())
        || policies.any(limits)
}

fn limits(policy: &Policy) -> bool {
    policy.concurrency.is_some() || policy.cpus.is_some() || !policy.needs.is_empty()
}

/// `free`: those inside, by what they were.
fn freed(workflow: &Workflow, free: &HashMap<usize, Workflow>) -> Workflow {
    if workflow.flat().is_some() {
        return workflow.clone();
    }
    let mut inner = Inner::clone(&workflow.0);
    inner.rules.limits.clear();
    inner.rules.max_concurrent = None;
    for node in inner.nodes.get_mut().into_iter().flatten() {
        let takes_several = node.task.signature.cpus > 1;
        node.policy = unlimited(&node.policy, takes_several.then_some(1));
        let NodeBody::Flow(flow) = &mut node.body else { continue };
        let SubFlow { workflow, repeat, style, from_environment, may_be_absent } = &**flow;
        let repeat = match repeat {
            Repeat::Map(map) => Repeat::Map(Box::new(Map {
                chunk: Chunk::Of(1),
                window: None,
                concurrency: None,
                each: unlimited(&map.each, None),
                ..Map::clone(map)
            })),
            other => other.clone(),
        };
        *flow = Arc::new(SubFlow {
            workflow: free.get(&workflow.address()).unwrap_or(workflow).clone(),
            repeat,
            style: style.clone(),
            from_environment: from_environment.clone(),
            may_be_absent: *may_be_absent,
        });
    }
    Workflow(Arc::new(inner))
}

/// `cpus`: how many workers it takes, whatever its task says.
fn unlimited(policy: &PolicyRef, cpus: Option<u32>) -> PolicyRef {
    let said = policy.as_deref();
    if cpus.is_none() && !said.is_some_and(limits) {
        return policy.clone();
    }
    let said = said.cloned().unwrap_or_default();
    Some(Arc::new(Policy { needs: Vec::new(), concurrency: None, cpus, ..said }))
}

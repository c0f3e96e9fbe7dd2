//! The last step: a [`Workflow`] from what the passes found.

use std::sync::{Arc, OnceLock};

use super::{Context, Survey};
use crate::draft::{PackRequirement, TaskChoice};
use crate::expr::Expr;
use crate::flat::Flat;
use crate::level::Levels;
use crate::origin::Origin;
use crate::policy::{Policy, Rules};
use crate::repeat::FailedItems;
use crate::signature::Lane;
use crate::workflow::{Adjacency, Inner, Input, Node, NodeBody, Output, Workflow};

pub(super) fn assemble(
    context: Context<'_>,
    args: Vec<Vec<Expr>>,
    dependencies: Adjacency,
    levels: Levels,
) -> Workflow {
    let Context { draft, site, inputs, names, tasks, flows, policies, mut warnings, .. } = context;
    if draft.source.is_some() {
        super::once(&mut warnings);
    }
    let found = names.into_iter().zip(tasks).zip(args).zip(flows).zip(policies);
    let nodes = draft.nodes.iter().zip(found);
    let nodes = nodes.filter_map(|(node, ((((name, task), args), flow), policy))| {
        let task = task?;
        Some(Node {
            name,
            label: node.label.clone(),
            lane: node.lane.unwrap_or(task.signature.lane),
            task,
            args,
            after: node.after.clone(),
            keep: node.keep,
            when: node.when.clone(),
            run_if: node.run_if,
            policy,
            body: match (flow, &node.task) {
                (Some(flow), _) => NodeBody::Flow(flow),
                (None, TaskChoice::Succeed) => NodeBody::Succeed,
                _ => NodeBody::Task,
            },
        })
    });
    let nodes: Vec<Node> = nodes.collect();
    let blocks = |node: &Node| match node.flow() {
        Some(flow) => flow.workflow().may_block(),
        None => node.lane == Lane::Blocking,
    };
    let may_block = nodes.iter().any(blocks);
    let survey = Survey::of_nodes(&draft.rules, &nodes);
    let is_ordered = !draft.rules.is_empty() || nodes.iter().any(is_ordered);
    let reads = |node: &Node| {
        node.flow().is_some_and(|flow| {
            !flow.from_environment.is_empty() || flow.workflow.0.reads_environment
        })
    };
    let reads_environment = nodes.iter().any(reads);
    let may_grow = nodes.iter().any(|node| {
        node.is_dynamic() || node.flow().is_some_and(|flow| flow.workflow().may_grow())
    });
    let origin = Origin::of(draft, &nodes);
    let ends_early = nodes
        .iter()
        .any(|node| node.succeeds() || node.flow().is_some_and(|flow| flow.workflow.0.ends_early));
    let inputs = draft.inputs.iter().zip(inputs).map(|(input, ty)| Input {
        name: input.name.clone(),
        ty,
        default: input.default.clone(),
        description: input.description.clone(),
        secret: input.secret,
        env: input.env.clone(),
        role: input.role,
    });
    let output = |name: &str, value: &Expr| Output { name: name.to_owned(), value: value.clone() };
    Workflow(Arc::new(Inner {
        scope: site.scope,
        name: draft.name.clone().unwrap_or_default(),
        description: draft.description.clone(),
        packs: draft.packs.clone(),
        inputs: inputs.collect(),
        nodes: nodes.into(),
        flat: None,
        outputs: draft.outputs.iter().map(|o| output(&o.name, &o.value)).collect(),
        result: draft.result.clone(),
        dir: draft.dir.clone(),
        by_name: OnceLock::new(),
        dependencies: dependencies.into(),
        levels: levels.into(),
        way: OnceLock::new(),
        warnings,
        may_block,
        rules: draft.rules.clone(),
        is_ordered,
        reads_environment,
        may_grow,
        ends_early,
        survey,
        origin,
    }))
}

/// What a workflow of a flat graph has beside its nodes.
pub(crate) struct Head {
    pub(crate) scope: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) packs: Vec<PackRequirement>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) result: Option<Expr>,
}

/// A workflow of a flat graph, which is right.
pub(crate) fn of_flat(head: Head, flat: Flat) -> Workflow {
    let Head { scope, name, description, packs, outputs, result } = head;
    Workflow(Arc::new(Inner {
        scope,
        name,
        description,
        packs,
        inputs: Vec::new(),
        nodes: OnceLock::new(),
        flat: Some(Arc::new(flat)),
        outputs,
        result,
        dir: None,
        by_name: OnceLock::new(),
        dependencies: OnceLock::new(),
        levels: OnceLock::new(),
        way: OnceLock::new(),
        warnings: Vec::new(),
        may_block: false,
        rules: Rules::default(),
        is_ordered: false,
        reads_environment: false,
        may_grow: false,
        ends_early: false,
        survey: Survey::default(),
        origin: None,
    }))
}

/// Whether a node asks for more than the order of its edges.
fn is_ordered(node: &Node) -> bool {
    let said = |policy: Option<&Policy>| policy.is_some_and(|policy| !policy.is_empty());
    let of_map = node.map().is_some_and(|map| {
        said(map.each.as_deref()) || map.concurrency.is_some() || map.tolerance != FailedItems::None
    });
    let inside = node.flow().is_some_and(|flow| flow.workflow().is_ordered());
    let declares = node.task.signature.cpus > 1;
    said(node.policy()) || of_map || inside || declares
}

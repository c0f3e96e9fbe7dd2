//! [`Header`]: the first line of a record, all that is known before the run starts.
//!
//! It is enough to draw the graph and its levels without the workflow's file.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use terrace_core::{Expr, Lane, LimitKind, Node, NodeId, Root, RunIf, Workflow};

use super::time::rfc3339;

/// Nodes of workflows inside nodes that are listed: one workflow may be inside many nodes, nested,
/// so that there are more than any file has room for.
const MOST_INSIDE: usize = 100_000;

/// What is known before a run starts. Fields that a record leaves out are as by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Header {
    /// Version of the format.
    #[serde(rename = "terrace_record")]
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// The workflow's name; empty where it has none.
    pub workflow: String,
    /// The workflow's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// When the run started, in RFC 3339, UTC.
    pub started: String,
    /// `dataflow` or `levels`.
    pub order: String,
    /// Threads that compute; 0: the caller's own ran everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u64>,
    /// How many blocking tasks may have waited at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_blocking: Option<u64>,
    /// Version of the program that wrote it.
    pub terrace: String,
    /// How many levels the run's own workflow has.
    pub levels: u64,
    /// Limits that the run's workflow declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<RecordLimit>,
    /// The nodes of the run's own workflow as built, then those of workflows inside nodes. A node's
    /// number is its position.
    pub nodes: Vec<RecordNode>,
    /// How many nodes are of the run's own workflow.
    pub own: u64,
    /// How many nodes of workflows inside were too many to be listed, where some were; at least.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_listed: u64,
    /// Whether tasks may give workflows that run in their place: what runs in those is in no list.
    #[serde(skip_serializing_if = "is_false")]
    pub grows: bool,
    /// Whether single items of maps over one task are left out, and maps told as a whole.
    #[serde(skip_serializing_if = "is_false")]
    pub without_items: bool,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RecordNode {
    /// Its name; of a node inside others its path, `left.merge`.
    pub name: String,
    /// The node that it is inside of, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<u32>,
    /// Free text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The task, or what stands for a workflow inside.
    pub task: String,
    /// The pack of the task, `math 0.1.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// `task`, `dynamic`, `map`, `loop`, `flow`, `branches` or `succeed`.
    #[serde(skip_serializing_if = "is_task")]
    pub kind: String,
    /// Its level in its own workflow.
    pub level: u64,
    /// Whether it runs on the blocking lane.
    #[serde(skip_serializing_if = "is_false")]
    pub blocking: bool,
    /// What it takes: one edge for each port that takes of a node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Edge>,
    /// What a map runs over and a loop begins with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<u32>,
    /// What its condition refers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<u32>,
    /// What it waits for without taking a value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u32>,
    /// After which ends it runs, where not after success: `failure`, `always`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_if: Option<String>,
    /// Whether a declared output of the run refers to it.
    #[serde(skip_serializing_if = "is_false")]
    pub output: bool,
    /// How many items a map has, where that is known before the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u64>,
    /// What it takes of limits while it runs; of a map, each of its items.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<RecordNeed>,
    /// How long an attempt is expected to take, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// What one call costs, as the task's author wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// `port <- node`: a value that a node takes. In a record it is `["port", 3]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge(
    /// The port that takes.
    pub String,
    /// The node that gives, by number.
    pub u32,
);

/// What a node takes of a limit. In a record it is `["gpu", 1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordNeed(
    /// The limit.
    pub String,
    /// How many, in the limit's unit.
    pub u64,
);

/// A limit of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RecordLimit {
    /// Its name.
    pub name: String,
    /// How many may be used at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// Whether it counts bytes.
    #[serde(skip_serializing_if = "is_false")]
    pub bytes: bool,
    /// How many may start in `per` nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<u64>,
    /// The time of `starts`, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<u64>,
}

impl Header {
    /// What is known of a workflow, with a new run id, starting now, in dataflow order. Costs a walk
    /// over all nodes, those of workflows inside too, of which at most 100,000 are listed.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    /// use terrace_report::Header;
    ///
    /// let wf = WorkflowBuilder::new("sum");
    /// let two = wf.call(|| 2_i64, ()).named("two");
    /// wf.call(|x: i64| x + 1, (&two,)).named("three");
    /// let header = Header::of(&wf.build(&NoTasks)?);
    /// assert_eq!(header.nodes[1].name, "three");
    /// assert_eq!(header.nodes[1].dependencies(), [0]);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn of(workflow: &Workflow) -> Self {
        let started = SystemTime::now();
        let mut header = Self {
            version: super::VERSION,
            run: run_id(started),
            workflow: workflow.name().to_owned(),
            started: rfc3339(started),
            order: "dataflow".to_owned(),
            terrace: env!("CARGO_PKG_VERSION").to_owned(),
            levels: workflow.levels().len() as u64,
            limits: workflow.rules().limits.iter().map(limit).collect(),
            own: workflow.nodes().len() as u64,
            grows: workflow.may_grow(),
            ..Self::default()
        };
        let outputs = output_nodes(workflow);
        header.nodes.reserve(workflow.nodes().len());
        for id in workflow.node_ids() {
            let mut node = node(workflow, id);
            node.output = outputs[id.index()];
            header.nodes.push(node);
        }
        header.add_inside(workflow);
        header
    }

    /// Adds the nodes of workflows inside nodes.
    fn add_inside(&mut self, workflow: &Workflow) {
        // A node is numbered when it is met, and its siblings follow with what is inside them
        // between: so numbers are known when all are.
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut found = Vec::new();
        for walked in workflow.walk() {
            if walked.depth == 0 {
                numbers.insert(walked.path, walked.id.index() as u32);
            } else if found.len() == MOST_INSIDE {
                self.not_listed += 1;
                break;
            } else {
                numbers.insert(walked.path.clone(), (self.nodes.len() + found.len()) as u32);
                found.push(walked);
            }
        }
        for walked in found {
            let mut node = node(walked.workflow, walked.id);
            let prefix = walked.inside().unwrap_or_default();
            let sibling = |number: u32| {
                let name = walked.workflow.nodes()[number as usize].name();
                numbers.get(&format!("{prefix}.{name}")).copied()
            };
            let all = |list: &mut Vec<u32>| {
                *list = list.iter().filter_map(|&number| sibling(number)).collect();
            };
            all(&mut node.over);
            all(&mut node.when);
            all(&mut node.after);
            node.inputs.retain_mut(|edge| match sibling(edge.1) {
                Some(number) => {
                    edge.1 = number;
                    true
                }
                None => false,
            });
            node.inside = numbers.get(prefix).copied();
            node.name = walked.path;
            self.nodes.push(node);
        }
    }
}

impl RecordNode {
    /// The nodes that it waits for, each once, in order of their numbers.
    pub fn dependencies(&self) -> Vec<u32> {
        let edges = self.inputs.iter().map(|edge| edge.1);
        let others = self.over.iter().chain(&self.when).chain(&self.after).copied();
        let mut all: Vec<u32> = edges.chain(others).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What it is: `kind`, which a record leaves out for a plain task.
    pub fn kind(&self) -> &str {
        if self.kind.is_empty() { "task" } else { &self.kind }
    }
}

/// A node, with its siblings numbered as built.
fn node(workflow: &Workflow, id: NodeId) -> RecordNode {
    let node = workflow.node(id);
    let number = |id: NodeId| id.index() as u32;
    let signature = &node.task().signature;
    let mut inputs = Vec::new();
    for (at, arg) in node.args().iter().enumerate() {
        let port = signature.ports.get(at).map_or("", |port| port.name.as_str());
        let mut from = refs(arg);
        from.dedup();
        inputs.extend(from.into_iter().map(|id| Edge(port.to_owned(), number(id))));
    }
    let when: Vec<u32> =
        node.when().map(refs).unwrap_or_default().into_iter().map(number).collect();
    let after: Vec<u32> = node.after().iter().copied().map(number).collect();
    let known = |id: &u32| {
        inputs.iter().any(|edge: &Edge| edge.1 == *id) || when.contains(id) || after.contains(id)
    };
    let mut over: Vec<u32> = workflow.dependencies(id).iter().copied().map(number).collect();
    over.retain(|id| !known(id));
    let policy = node.policy();
    let item = node.map().and_then(|_| item_policy(node));
    let needs = item.or(policy).map_or(&[][..], |policy| &policy.needs);
    RecordNode {
        name: node.name().to_owned(),
        inside: None,
        label: node.label().map(str::to_owned),
        task: node.task().name.to_string(),
        pack: node.task().pack.as_ref().map(|pack| format!("{} {}", pack.name, pack.version)),
        kind: node.view().name().to_owned(),
        level: workflow.levels().of(id) as u64,
        blocking: node.lane() == Lane::Blocking,
        inputs,
        over,
        when,
        after,
        run_if: match node.run_if() {
            RunIf::Success => None,
            RunIf::Failure => Some("failure".to_owned()),
            RunIf::Always => Some("always".to_owned()),
        },
        output: false,
        items: node.width(),
        needs: needs.iter().map(|need| RecordNeed(need.limit.to_string(), need.amount)).collect(),
        expected: item
            .or(policy)
            .and_then(|policy| policy.expected)
            .map(|expected| u64::try_from(expected.as_nanos()).unwrap_or(u64::MAX)),
        cost: signature.cost.clone(),
    }
}

/// What holds for each item of a map.
fn item_policy(node: &Node) -> Option<&terrace_core::Policy> {
    node.map()?.each.as_deref()
}

fn refs(expr: &Expr) -> Vec<NodeId> {
    let mut found = Vec::new();
    expr.each_ref(&mut |reference| match reference.root {
        Root::Node(id) | Root::Outcome(id) => found.push(id),
        _ => {}
    });
    found
}

fn limit(limit: &terrace_core::Limit) -> RecordLimit {
    RecordLimit {
        name: limit.name.to_string(),
        most: limit.most,
        bytes: limit.kind == LimitKind::Memory,
        starts: limit.rate.map(|rate| u64::from(rate.starts)),
        per: limit.rate.map(|rate| u64::try_from(rate.per.as_nanos()).unwrap_or(u64::MAX)),
    }
}

fn output_nodes(workflow: &Workflow) -> Vec<bool> {
    let mut found = vec![false; workflow.nodes().len()];
    for output in workflow.outputs() {
        output.value.each_node(&mut |id| found[id.index()] = true);
    }
    found
}

/// A name for a run that no other has: the time, the process and a number.
fn run_id(now: SystemTime) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let time = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}-{number:x}", time.as_millis(), std::process::id())
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(truth: &bool) -> bool {
    !truth
}

fn is_task(kind: &str) -> bool {
    kind.is_empty() || kind == "task"
}

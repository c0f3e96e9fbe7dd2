//! [`Workflow`]: a validated, immutable DAG of nodes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use terrace_plugin_api::{Ext, Lane, Value};

use crate::catalog::TaskRef;
use crate::draft::{FlowStyle, InputRole, PackRequirement, RunIf};
use crate::expr::{Expr, InputId, NodeId};
use crate::flat::Flat;
use crate::level::Levels;
use crate::origin::Origin;
use crate::policy::{Policy, PolicyRef, Rules};
use crate::repeat::{Loop, Map, Reduce};
use crate::types::Type;
use crate::validate::Survey;

/// A validated, immutable DAG of nodes. Cloning shares it.
///
/// # Absence
/// **Alone, absence stays absence; inside a collection absence is null, and the type says so with
/// `?`.** A node is absent where it is skipped and nothing failed: its condition does not hold, or a
/// value that it needs is absent. What takes its value gets the default or `None` where its input has
/// one, and is skipped too where it has none; an argument made of several values is needed whole. A
/// node that runs a workflow (`nodes`, `steps`, `use`, a loop, a task that gives one) is skipped like
/// any other where the one value that its workflow gives is absent: for a loop, that of its last
/// pass. Where a workflow gives a record or a list (`output: {s: …, t: …}`, `outputs`, `branches`),
/// the parts that are absent are null in it, and their type is `T?`. So are the absent items of a
/// map: it gives `list<T?>` or `map<str, T?>` where its body may give nothing, else `list<T>`.
/// `collect: outcomes` tells of them as skipped; `reduce` leaves them out, and where none is left it
/// is as over an empty list. What a loop carries on and is absent is null in the next pass. A
/// collection that may hold a null is refused by an input that takes none: gather with `collect:
/// outcomes` and keep those that are ok, or take it as `list<T?>`.
///
/// Who may be absent is known before anything runs: a node with `when` or `run_if: failure`, one
/// whose workflow may give nothing, and one that needs such a node or comes after it. What a task
/// gives at run time to run in its place is taken to give something.
#[derive(Clone)]
pub struct Workflow(pub(crate) Arc<Inner>);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) scope: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) packs: Vec<PackRequirement>,
    pub(crate) inputs: Vec<Input>,
    /// Of a flat graph, made when somebody looks.
    pub(crate) nodes: OnceLock<Vec<Node>>,
    pub(crate) flat: Option<Arc<Flat>>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) result: Option<Expr>,
    pub(crate) dir: Option<Arc<str>>,
    /// Made when somebody asks.
    pub(crate) by_name: OnceLock<HashMap<Arc<str>, NodeId>>,
    /// Of a flat graph, made when somebody asks.
    pub(crate) dependencies: OnceLock<Adjacency>,
    pub(crate) levels: OnceLock<Levels>,
    /// How long its longest way takes, as far as that is declared. Found when somebody asks.
    pub(crate) way: OnceLock<Option<Duration>>,
    pub(crate) warnings: Vec<crate::Problem>,
    pub(crate) may_block: bool,
    pub(crate) rules: Rules,
    pub(crate) is_ordered: bool,
    /// Whether a workflow inside, however deep, has an input that is read from the environment.
    pub(crate) reads_environment: bool,
    pub(crate) may_grow: bool,
    /// Whether a node of it, or of a workflow inside, ends the run.
    pub(crate) ends_early: bool,
    pub(crate) survey: Survey,
    /// Where it stands in the text it was read from.
    pub(crate) origin: Option<Box<Origin>>,
}

/// An input of a workflow.
#[derive(Clone, Debug)]
pub struct Input {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// What stands in where nothing is given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The environment variable it is read from, where it is.
    pub env: Option<String>,
    /// Who gives it its value.
    pub role: InputRole,
}

/// One use of a task, or of a workflow inside this one.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) name: Arc<str>,
    pub(crate) label: Option<String>,
    pub(crate) task: TaskRef,
    pub(crate) args: Vec<Expr>,
    pub(crate) after: Vec<NodeId>,
    pub(crate) lane: Lane,
    pub(crate) keep: bool,
    pub(crate) when: Option<Expr>,
    pub(crate) run_if: RunIf,
    pub(crate) policy: PolicyRef,
    pub(crate) body: NodeBody,
}

/// What a node does when it runs.
#[derive(Clone, Debug)]
pub(crate) enum NodeBody {
    /// Calls its task.
    Task,
    /// Runs a workflow.
    Flow(Arc<SubFlow>),
    /// Ends the run.
    Succeed,
}

/// A workflow that a node runs: once, for every item, or again and again.
#[derive(Clone, Debug)]
pub struct SubFlow {
    pub(crate) workflow: Workflow,
    pub(crate) repeat: Repeat,
    pub(crate) style: FlowStyle,
    pub(crate) from_environment: Vec<InputId>,
    /// Whether what the workflow gives may be absent.
    pub(crate) may_be_absent: bool,
}

/// How often a node runs its workflow.
#[derive(Clone, Debug)]
pub enum Repeat {
    /// Once.
    Once,
    /// Once per item.
    Map(Box<Map<Reduce>>),
    /// Again and again.
    Loop(Box<Loop>),
}

impl Repeat {
    /// The map, where it is one.
    pub fn map(&self) -> Option<&Map<Reduce>> {
        match self {
            Self::Map(map) => Some(map),
            Self::Once | Self::Loop(_) => None,
        }
    }
}

impl SubFlow {
    /// The workflow. Its inputs are the node's ports, in order.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }
    /// How often it runs.
    pub fn repeat(&self) -> &Repeat {
        &self.repeat
    }
    /// How it is written.
    pub fn style(&self) -> &FlowStyle {
        &self.style
    }
    /// The inputs that its node gives nothing and that name an environment variable. Whoever runs
    /// it asks the environment for them; the node's arguments hold what they are without.
    pub fn environment_inputs(&self) -> &[InputId] {
        &self.from_environment
    }

    /// Whether it is the one node of a map or loop, which people see as that itself.
    pub fn is_single(&self) -> bool {
        self.style == FlowStyle::Single && self.workflow.nodes().len() == 1
    }

    /// What the one node of a map or loop runs itself, where that is no task: a file that is used
    /// for each item. People see the node around as what runs it.
    pub fn used(&self) -> Option<&SubFlow> {
        let node = self.workflow.nodes().first().filter(|_| self.is_single())?;
        node.flow().map(|flow| &**flow).filter(|flow| matches!(flow.repeat, Repeat::Once))
    }

    /// Whether the one node of a map or loop runs a workflow itself: a file that is used, or what its
    /// task gives. People see the node around as what runs it, and it has no name of its own.
    pub fn is_seen_through(&self) -> bool {
        let node = self.workflow.nodes().first().filter(|_| self.is_single());
        self.used().is_some() || node.is_some_and(Node::is_dynamic)
    }

    /// The expressions of the body that decide about a loop's next pass.
    pub(crate) fn body_exprs(&self) -> impl Iterator<Item = &Expr> {
        let loops = match &self.repeat {
            Repeat::Loop(repeat) => Some(&**repeat),
            _ => None,
        };
        loops
            .into_iter()
            .flat_map(|repeat| repeat.carry.iter().map(|carry| &carry.next).chain(&repeat.until))
    }
}

/// A declared output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Name.
    pub name: String,
    /// Its value.
    pub value: Expr,
}

impl Node {
    /// Name, unique in the workflow.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Free text for people.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
    /// The task.
    pub fn task(&self) -> &TaskRef {
        &self.task
    }
    /// One expression per port of the task, defaults filled in.
    pub fn args(&self) -> &[Expr] {
        &self.args
    }
    /// Nodes that must succeed first, without giving it a value.
    pub fn after(&self) -> &[NodeId] {
        &self.after
    }
    /// On which kind of thread it runs.
    pub fn lane(&self) -> Lane {
        self.lane
    }
    /// Whether its output is readable after the run, though no declared output names it.
    pub fn kept(&self) -> bool {
        self.keep
    }
    /// A reference to a bool; where it is false, the node is skipped.
    pub fn when(&self) -> Option<&Expr> {
        self.when.as_ref()
    }
    /// After which ends of what it depends on it runs.
    pub fn run_if(&self) -> RunIf {
        self.run_if
    }
    /// What holds for it; for a map as a whole.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }
    /// The same, to be kept.
    pub fn shared_policy(&self) -> PolicyRef {
        self.policy.clone()
    }
    /// The workflow it runs, where it runs one. Its task then stands for that workflow: the inputs
    /// are the ports, and calling it is an error.
    pub fn flow(&self) -> Option<&Arc<SubFlow>> {
        match &self.body {
            NodeBody::Flow(flow) => Some(flow),
            _ => None,
        }
    }
    /// The map it is, where it is one.
    pub fn map(&self) -> Option<&Map<Reduce>> {
        self.flow().and_then(|flow| flow.repeat().map())
    }
    /// Whether it ends the run with success.
    pub fn succeeds(&self) -> bool {
        matches!(self.body, NodeBody::Succeed)
    }
    /// Whether its task gives a workflow that runs in its place.
    pub fn is_dynamic(&self) -> bool {
        matches!(self.body, NodeBody::Task) && self.task.signature.output == Type::Workflow
    }
    /// Every expression of the workflow around it that it needs before it starts.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let flow = self.flow().map(|flow| flow.repeat());
        let map = self.map();
        let lists = map.map_or(&[][..], |map| map.over.lists());
        let start =
            map.and_then(|map| map.reduce.as_ref()).and_then(|reduce| reduce.start.as_ref());
        let carry = match flow {
            Some(Repeat::Loop(repeat)) => &repeat.carry[..],
            _ => &[],
        };
        self.args
            .iter()
            .chain(lists)
            .chain(start)
            .chain(carry.iter().map(|carry| &carry.start))
            .chain(&self.when)
    }
}

impl Workflow {
    /// The workflow as a value: what a task gives that wants it to run in its place.
    pub fn into_value(self) -> Value {
        Value::Ext(Ext::new(self))
    }
    /// The workflow in a value, where it is one.
    pub fn of_value(value: &Value) -> Option<Self> {
        match value {
            Value::Ext(ext) => ext.downcast_ref::<Self>().cloned(),
            _ => None,
        }
    }
    /// Name; empty where it has none.
    pub fn name(&self) -> &str {
        &self.0.name
    }
    /// What it does.
    pub fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }
    /// The packs it wants.
    pub fn packs(&self) -> &[PackRequirement] {
        &self.0.packs
    }
    /// What it takes.
    pub fn inputs(&self) -> &[Input] {
        &self.0.inputs
    }
    /// The input of a name.
    pub fn input(&self, name: &str) -> Option<InputId> {
        let at = self.0.inputs.iter().position(|input| input.name == name)?;
        u32::try_from(at).ok().map(InputId)
    }
    /// Its nodes, as built. Of a large graph of closures, and of a plan that was built as such, they
    /// are made when somebody first looks at them.
    pub fn nodes(&self) -> &[Node] {
        self.0.nodes.get_or_init(|| self.0.flat.as_ref().map(Flat::nodes).unwrap_or_default())
    }
    /// How many nodes it has.
    pub fn len(&self) -> usize {
        match &self.0.flat {
            Some(flat) => flat.len(),
            None => self.nodes().len(),
        }
    }
    /// Whether it has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The ids of its nodes, as built.
    pub fn node_ids(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.len() as u32).map(NodeId)
    }
    /// A node.
    ///
    /// # Panics
    /// When the id belongs to a larger workflow.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes()[id.index()]
    }
    /// The name of a node, without making those of all others where that can be.
    ///
    /// # Panics
    /// When the id belongs to a larger workflow.
    pub fn name_of(&self, id: NodeId) -> Cow<'_, str> {
        let short = self.0.flat.as_ref().filter(|flat| id.index() < flat.len());
        let short = short.and_then(|flat| flat.name(id));
        short.unwrap_or_else(|| Cow::Borrowed(self.node(id).name()))
    }
    /// The node of a name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let by_name = || self.nodes().iter().map(|node| node.name.clone()).zip(self.node_ids());
        self.0.by_name.get_or_init(|| by_name().collect()).get(name).copied()
    }
    /// What it gives.
    pub fn outputs(&self) -> &[Output] {
        &self.0.outputs
    }
    /// What a node that runs this workflow gives, where that is not the map of its outputs.
    pub fn result(&self) -> Option<&Expr> {
        self.0.result.as_ref()
    }
    /// The folder of its file, where that is not the run's.
    pub fn dir(&self) -> Option<&str> {
        self.0.dir.as_deref()
    }
    /// Whether a node of it, or of a workflow inside it, runs on the blocking lane.
    pub fn may_block(&self) -> bool {
        self.0.may_block
    }
    /// What holds for all of it.
    pub fn rules(&self) -> &Rules {
        &self.0.rules
    }
    /// Whether something in it, or in a workflow inside it, asks for more than the order of its
    /// edges: a policy, a limit, a rule.
    pub fn is_ordered(&self) -> bool {
        self.0.is_ordered
    }
    /// Whether a task in it, or in a workflow inside it, gives a workflow that runs in its place.
    pub fn may_grow(&self) -> bool {
        self.0.may_grow
    }
    /// The nodes that a node depends on, each once, in the order of its arguments, then `after`.
    pub fn dependencies(&self, id: NodeId) -> &[NodeId] {
        self.all_dependencies().of(id)
    }
    /// Its levels: level 0 has no dependencies, any other is one more than its deepest dependency.
    pub fn levels(&self) -> &Levels {
        // A flat graph is one without cycles.
        self.0.levels.get_or_init(|| Levels::find(self.all_dependencies()).unwrap_or_default())
    }
    /// What each node depends on.
    pub(crate) fn all_dependencies(&self) -> &Adjacency {
        let of_flat = || self.0.flat.as_ref().map(|flat| flat.dependencies()).unwrap_or_default();
        self.0.dependencies.get_or_init(of_flat)
    }
    /// The graph as it was written, where it is a flat one.
    #[inline]
    pub(crate) fn flat(&self) -> Option<&Arc<Flat>> {
        self.0.flat.as_ref()
    }
    /// What is odd but not wrong, here and in the workflows inside: a body that gives nothing, so
    /// that its pure nodes are not run.
    pub fn warnings(&self) -> &[crate::Problem] {
        &self.0.warnings
    }
    /// Every input of a workflow inside this one that its run reads from the environment, with the
    /// path that it has: `call.token`. Those of a workflow that is used many times are there once.
    pub fn inputs_from_environment(&self) -> Vec<(String, &Input)> {
        let mut found = Vec::new();
        let mut seen: HashSet<*const Inner> = HashSet::new();
        let mut open = VecDeque::from([(self, String::new())]);
        while let Some((workflow, prefix)) = open.pop_front() {
            if !workflow.0.reads_environment {
                continue;
            }
            for node in workflow.nodes() {
                let Some(flow) = node.flow() else { continue };
                let inner = flow.workflow();
                // The one node of a map or loop is called as that is.
                let path = match flow.is_single() {
                    true => prefix.clone(),
                    false => format!("{prefix}{}.", node.name()),
                };
                found.extend(flow.from_environment.iter().map(|input| {
                    let input = &inner.inputs()[input.index()];
                    (format!("{path}{}", input.name), input)
                }));
                if inner.0.reads_environment && seen.insert(Arc::as_ptr(&inner.0)) {
                    open.push_back((inner, path));
                }
            }
        }
        found
    }
    /// Tells workflows apart that are alive: the same for clones.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
    /// What it has and takes of limits and budgets, with all inside it.
    pub(crate) fn survey(&self) -> &Survey {
        &self.0.survey
    }
    /// Where it stands in the text it was read from.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_deref()
    }
    /// Tells the handles of one builder from those of another.
    pub(crate) fn scope(&self) -> u64 {
        self.0.scope
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow")
            .field("name", &self.name())
            .field("nodes", &self.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// Workflows may be nested thousands deep: those inside are taken apart one after the other
    /// and not one inside the other.
    fn drop(&mut self) {
        let mut open: Vec<Arc<SubFlow>> = Vec::new();
        take_flows(self.nodes.get_mut(), &mut open);
        while let Some(flow) = open.pop() {
            let inner = Arc::into_inner(flow).and_then(|flow| Arc::into_inner(flow.workflow.0));
            if let Some(mut inner) = inner {
                take_flows(inner.nodes.get_mut(), &mut open);
            }
        }
    }
}

fn take_flows(nodes: Option<&mut Vec<Node>>, open: &mut Vec<Arc<SubFlow>>) {
    for node in nodes.into_iter().flatten() {
        if let NodeBody::Flow(flow) = std::mem::replace(&mut node.body, NodeBody::Task) {
            open.push(flow);
        }
    }
}

/// Lists of node ids, one per node, in two flat arrays (compressed sparse rows).
#[derive(Clone, Debug, Default)]
pub(crate) struct Adjacency {
    starts: Vec<u32>,
    items: Vec<NodeId>,
}

impl Adjacency {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        let mut starts = Vec::with_capacity(nodes + 1);
        starts.push(0);
        Self { starts, items: Vec::with_capacity(nodes) }
    }

    /// Appends the list of the next node.
    pub(crate) fn push(&mut self, items: &[NodeId]) {
        self.items.extend_from_slice(items);
        self.starts.push(self.items.len() as u32);
    }

    pub(crate) fn of(&self, id: NodeId) -> &[NodeId] {
        &self.items[self.range(id.index())]
    }

    fn range(&self, at: usize) -> Range<usize> {
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn edges(&self) -> usize {
        self.items.len()
    }
}

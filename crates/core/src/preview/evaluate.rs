//! From a workflow to its [`Load`], those of the workflows inside first.
//!
//! Without recursion, since workflows may be nested thousands deep, and each once for what is known
//! of its inputs, since one may be inside a million nodes.

use std::collections::HashMap;
use std::rc::Rc;

use terrace_plugin_api::Value;

use super::load::{Call, Load, Nanos};
use super::{Conditions, Count, memory};
use crate::draft::{InputRole, RunIf};
use crate::expr::{Expr, NodeId, Root, Select};
use crate::plan::Plan;
use crate::repeat::{Chunk, FailedItems, Loop, Map, Over, Reduce};
use crate::signature::Lane;
use crate::validate::Survey;
use crate::workflow::{Node, Repeat, SubFlow, Workflow};

/// So many bodies are told apart by the lengths of what they get; more are looked at without.
const MAX_TOLD_APART: usize = 10_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Conditions hold; nothing fails.
    Usual,
    /// Only what runs whatever the conditions.
    Certain,
}

/// A workflow, and how long the lists are that it gets, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    workflow: usize,
    /// The loop whose body it is: what ends a loop is needed too.
    of: usize,
    lengths: Vec<Option<u64>>,
}

/// A workflow whose load is being found.
struct Open<'w> {
    key: Key,
    workflow: &'w Workflow,
    needed: Vec<bool>,
    /// How many items each node gives, where that is known.
    lengths: Vec<Option<u64>>,
    children: Vec<(NodeId, Key)>,
    next: usize,
}

pub(crate) struct Evaluation<'w> {
    conditions: &'w Conditions,
    counting: Counting,
    limits: &'w Survey,
    known: HashMap<Key, Rc<Load>>,
}

/// The outermost workflow's load, and those of its nodes by position; `None` for one that is not
/// run.
pub(crate) struct Evaluated {
    pub(crate) whole: Load,
    pub(crate) nodes: Vec<Option<Load>>,
}

impl<'w> Evaluation<'w> {
    pub(crate) fn of(plan: &'w Plan, conditions: &'w Conditions, counting: Counting) -> Evaluated {
        let workflow = plan.workflow();
        let limits = workflow.survey();
        let mut evaluation = Self { conditions, counting, limits, known: HashMap::new() };
        let value = |at: usize| conditions.inputs.get(at).and_then(Option::as_ref);
        let lengths = (0..workflow.inputs().len()).map(|at| value(at).and_then(length_of));
        let root = Key { workflow: 0, of: 0, lengths: lengths.collect() };
        let mut open = vec![evaluation.open(root, workflow, plan.needed())];
        loop {
            let Some(top) = open.last_mut() else { unreachable!("the outermost returns") };
            let missing = top.children[top.next..]
                .iter()
                .position(|(_, key)| !evaluation.known.contains_key(key));
            if let Some(skip) = missing {
                top.next += skip;
                let (id, key) = top.children[top.next].clone();
                if let Some(flow) = top.workflow.node(id).flow() {
                    let needed = flow.plan().needed();
                    let child = evaluation.open(key, flow.workflow(), needed);
                    open.push(child);
                }
                continue;
            }
            let Some(done) = open.pop() else { unreachable!("looked at above") };
            let evaluated = evaluation.close(&done);
            if open.is_empty() {
                return evaluated;
            }
            evaluation.known.insert(done.key, Rc::new(evaluated.whole));
        }
    }

    fn open(&self, key: Key, workflow: &'w Workflow, needed: Vec<bool>) -> Open<'w> {
        let is_root = key.workflow == 0;
        let mut lengths = vec![None; workflow.nodes().len()];
        let mut children = Vec::new();
        for &id in workflow.levels().order() {
            let node = workflow.node(id);
            let Some(flow) = node.flow().filter(|_| needed[id.index()]) else { continue };
            let known = Known {
                inputs: &key.lengths,
                values: if is_root { &self.conditions.inputs } else { &[] },
                nodes: &lengths,
            };
            let items = node.map().and_then(|map| known.items(&map.over));
            let inner = known.inner(node, flow);
            if let Repeat::Map(map) = flow.repeat()
                && map.reduce.is_none()
            {
                lengths[id.index()] = items;
            }
            if is_one_call(flow) {
                continue;
            }
            let is_loop = matches!(flow.repeat(), Repeat::Loop(_));
            let told_apart = self.known.len() < MAX_TOLD_APART;
            let key = Key {
                workflow: flow.workflow().address(),
                of: if is_loop { std::sync::Arc::as_ptr(flow) as usize } else { 0 },
                lengths: if told_apart { inner } else { vec![None; inner.len()] },
            };
            children.push((id, key));
        }
        Open { key, workflow, needed, lengths, children, next: 0 }
    }

    fn close(&self, open: &Open<'w>) -> Evaluated {
        let workflow = open.workflow;
        let mut children = open.children.iter();
        let mut bodies: HashMap<NodeId, &Rc<Load>> = HashMap::new();
        bodies.extend(children.by_ref().filter_map(|(id, key)| Some((*id, self.known.get(key)?))));
        let certain = self.certain(workflow);
        let mut nodes: Vec<Option<Load>> = vec![None; workflow.nodes().len()];
        let [mut paths, mut owns, mut bounds] = [(); 3].map(|()| vec![0; nodes.len()]);
        let mut whole = Load::default();
        for &id in workflow.levels().order().iter().filter(|id| open.needed[id.index()]) {
            let node = workflow.node(id);
            let known = Known {
                inputs: &open.key.lengths,
                values: if open.key.workflow == 0 { &self.conditions.inputs } else { &[] },
                nodes: &open.lengths,
            };
            let mut load = self.node(node, bodies.get(&id).copied(), &known);
            let failure = node.run_if() == RunIf::Failure;
            if failure || certain.as_ref().is_some_and(|certain| !certain[id.index()]) {
                load.nothing();
            }
            let longest = |times: &[Nanos]| {
                let on = workflow.dependencies(id).iter();
                on.map(|on| times[on.index()]).max().unwrap_or(0)
            };
            paths[id.index()] = longest(&paths).saturating_add(load.path);
            owns[id.index()] = longest(&owns).saturating_add(load.own);
            bounds[id.index()] = longest(&bounds).saturating_add(load.bound);
            whole.join(&load);
            nodes[id.index()] = Some(load);
        }
        whole.path = paths.into_iter().max().unwrap_or(0);
        let at_once = workflow.rules().max_concurrent.map(|most| u128::from(most.max(1)));
        let least = whole.throttle.max(at_once.map_or(0, |most| whole.busy / most));
        whole.own = owns.into_iter().max().unwrap_or(0).max(least);
        whole.bound = bounds.into_iter().max().unwrap_or(0).max(least);
        whole.memory = memory::at_once(workflow, &nodes);
        Evaluated { whole, nodes }
    }

    /// Which nodes run whatever the conditions, where that is asked for.
    fn certain(&self, workflow: &Workflow) -> Option<Vec<bool>> {
        if self.counting == Counting::Usual {
            return None;
        }
        let mut certain =
            vec![!workflow.nodes().iter().any(Node::succeeds); workflow.nodes().len()];
        for &id in workflow.levels().order() {
            let node = workflow.node(id);
            let own = node.when().is_none() && node.run_if() != RunIf::Failure;
            let through = workflow.dependencies(id).iter().all(|on| certain[on.index()]);
            certain[id.index()] &= own && through;
        }
        Some(certain)
    }

    fn node(&self, node: &Node, body: Option<&Rc<Load>>, known: &Known<'_>) -> Load {
        let Some(flow) = node.flow() else {
            if node.succeeds() {
                return Load::default();
            }
            let call = call_of(node, node.policy().and_then(|policy| policy.cpus), self.conditions);
            return Load::call(call, node.is_dynamic()).with(
                node.policy(),
                Some(call),
                self.limits,
            );
        };
        let body = || body.map_or_else(Load::default, |body| (**body).clone());
        let load = match flow.repeat() {
            Repeat::Once => body(),
            Repeat::Loop(repeat) => again(body(), repeat),
            Repeat::Map(map) => {
                let each = map.each.as_deref();
                let call = is_one_call(flow).then(|| &flow.workflow().nodes()[0]);
                let call = call.map(|node| {
                    (node, call_of(node, each.and_then(|each| each.cpus), self.conditions))
                });
                let item = match call {
                    Some((node, call)) => {
                        Load::call(call, node.is_dynamic()).with(each, Some(call), self.limits)
                    }
                    None => body().with(each, None, self.limits),
                };
                let items = known.items(&map.over);
                self.map(item, map, items, call.map(|(_, call)| call))
            }
        };
        load.with(node.policy(), None, self.limits)
    }

    /// A map over items.
    fn map(&self, item: Load, map: &Map<Reduce>, items: Option<u64>, call: Option<Call>) -> Load {
        let times = Count { least: items.unwrap_or(0), open: items.is_none() };
        let (own_width, width) = self.widths(map);
        let (path, own, bound) = (item.path, item.own, item.bound);
        let mut load = item;
        load.times(times, times);
        let n = times.least;
        load.path = if n > 0 { path } else { 0 };
        let chunk = match map.chunk {
            Chunk::Of(size) if !is_careful(map) => n.min(size.into()),
            _ => n.min(1),
        };
        let in_groups = |time: Nanos, width: u64| {
            time.saturating_mul(n.div_ceil(width).max(chunk).into()).max(load.throttle)
        };
        (load.own, load.bound) = (in_groups(own, own_width), in_groups(bound, width));
        let Conditions { workers, blocking, .. } = *self.conditions;
        let lanes = match call {
            Some(Call { blocks: true, .. }) => blocking,
            Some(Call { cpus, .. }) => (workers / cpus.max(1) as usize).max(1),
            None => workers.max(1).saturating_add(blocking),
        };
        let at_once = items.unwrap_or(u64::MAX).min(width).min(lanes.max(1) as u64);
        for memory in load.memory.values_mut() {
            memory.peak = memory.peak.saturating_mul(at_once);
            memory.held = memory.held.saturating_mul(at_once);
        }
        if let Some(reduce) = &map.reduce {
            let joins = n.saturating_sub(u64::from(reduce.start.is_none()));
            let joins = Count { least: joins, open: times.open };
            load.calls = load.calls.plus(joins);
            load.most_calls = load.most_calls.plus(joins);
            load.timed &= joins == Count::ZERO;
        }
        load
    }

    /// How many items may be on their way at once, as far as the map says, and limits as well.
    fn widths(&self, map: &Map<Reduce>) -> (u64, u64) {
        let each = map.each.as_deref();
        let own = [map.window, map.concurrency, each.and_then(|each| each.concurrency)];
        let own = own.into_iter().flatten().map(u64::from);
        let needs = each.map_or(&[][..], |each| &each.needs).iter().filter_map(|need| {
            let most = self.limits.limit_of(&need.limit)?.most?;
            Some(most / need.amount.max(1))
        });
        let own = own.min().unwrap_or(u64::MAX).max(1);
        (own, needs.min().unwrap_or(u64::MAX).clamp(1, own))
    }
}

/// A loop: at least one pass where something may end it, at most all.
fn again(mut body: Load, repeat: &Loop) -> Load {
    let passes = match repeat.until {
        Some(_) => Count { least: repeat.max.min(1), open: repeat.max > 1 },
        None => Count { least: repeat.max, open: false },
    };
    let (path, own, bound) = (body.path, body.own, body.bound);
    body.times(passes, Count { least: repeat.max, open: false });
    body.path = path.saturating_mul(passes.least.into());
    body.own = own.saturating_mul(passes.least.into());
    body.bound = bound.saturating_mul(passes.least.into());
    body
}

/// Whether items are attempted one by one, whatever the chunk.
fn is_careful(map: &Map<Reduce>) -> bool {
    let alone = map.each.as_ref().is_some_and(|each| each.is_of_attempts());
    alone || map.concurrency.is_some() || map.tolerance != FailedItems::None
}

/// Whether a map calls one task per item, whose policy is that of the items.
pub(crate) fn is_one_call(flow: &SubFlow) -> bool {
    let inner = flow.workflow().nodes().first().filter(|_| flow.is_single());
    matches!(flow.repeat(), Repeat::Map(_))
        && inner.is_some_and(|node| {
            node.flow().is_none() && !node.succeeds() && node.policy().is_none()
        })
}

fn call_of(node: &Node, cpus: Option<u32>, conditions: &Conditions) -> Call {
    let signature = &node.task().signature;
    let workers = u32::try_from(conditions.workers).unwrap_or(u32::MAX);
    Call {
        blocks: node.lane() == Lane::Blocking,
        // On a machine with fewer it takes all there are.
        cpus: cpus.unwrap_or(signature.cpus).min(workers).max(1),
        memory: signature.memory,
    }
}

/// How long lists are, seen from inside a workflow.
struct Known<'k> {
    inputs: &'k [Option<u64>],
    /// Of the outermost workflow the values themselves.
    values: &'k [Option<Value>],
    nodes: &'k [Option<u64>],
}

impl Known<'_> {
    /// How many items a map has.
    fn items(&self, over: &Over) -> Option<u64> {
        let mut lengths = over.lists().iter().map(|list| self.length(list));
        match over {
            Over::Each(_) => lengths.next()?,
            // Equally long, or the map fails: any of them tells.
            Over::Zip(_) => lengths.flatten().next(),
            Over::Cross(_) => lengths.try_fold(1_u64, |all, one| all.checked_mul(one?)),
        }
    }

    fn length(&self, list: &Expr) -> Option<u64> {
        match list {
            Expr::List(items) => Some(items.len() as u64),
            Expr::Map(entries) => Some(entries.len() as u64),
            Expr::Const(value) => length_of(value),
            Expr::Ref(reference) => match (reference.root, &reference.path[..]) {
                (Root::Node(id), []) => self.nodes.get(id.index()).copied().flatten(),
                (Root::Input(id), []) => self.inputs.get(id.index()).copied().flatten(),
                (Root::Input(id), path) => {
                    let value = self.values.get(id.index())?.as_ref()?;
                    length_of(select(value, path)?)
                }
                _ => None,
            },
            Expr::Text(_) => None,
        }
    }

    /// How long the lists are that a node's workflow gets.
    fn inner(&self, node: &Node, flow: &SubFlow) -> Vec<Option<u64>> {
        let inputs = flow.workflow().inputs().iter().enumerate();
        let mut lengths: Vec<Option<u64>> = inputs
            .map(|(at, input)| match input.role {
                InputRole::Local => None,
                _ => node.args().get(at).and_then(|arg| self.length(arg)),
            })
            .collect();
        if let Repeat::Map(map) = flow.repeat() {
            for (list, input) in map.over.lists().iter().zip(&map.items) {
                if let Some(slot) = lengths.get_mut(input.index()) {
                    *slot = self.item_length(list);
                }
            }
        }
        lengths
    }

    /// How long the items of a list are, where they are written out and equally long.
    fn item_length(&self, list: &Expr) -> Option<u64> {
        fn same(mut lengths: impl Iterator<Item = Option<u64>>) -> Option<u64> {
            let first = lengths.next()??;
            lengths.all(|next| next == Some(first)).then_some(first)
        }
        match list {
            Expr::List(items) => same(items.iter().map(|item| self.length(item))),
            Expr::Map(entries) => same(entries.iter().map(|(_, item)| self.length(item))),
            Expr::Const(Value::List(items)) => same(items.iter().map(length_of)),
            _ => None,
        }
    }
}

fn length_of(value: &Value) -> Option<u64> {
    match value {
        Value::List(items) => Some(items.len() as u64),
        Value::Map(entries) => Some(entries.len() as u64),
        Value::Array(array) => array.shape().first().copied(),
        _ => None,
    }
}

fn select<'v>(mut value: &'v Value, path: &[Select]) -> Option<&'v Value> {
    for step in path {
        value = match (value, step) {
            (Value::Map(map), Select::Key(key)) => map.get(key)?,
            (Value::List(items), Select::Index(at)) => items.get(usize::try_from(*at).ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

//! Graphs of closures, which lie in flat arrays: written in any way they are the same workflow and
//! the same plan as when each node is checked by itself.

use std::sync::Arc;

use terrace_core::{
    Args, Expr, Handle, NoTasks, NodeId, Plan, PlanBuilder, PlanIndex, PlanMistake, PortArg, Ref,
    Root, SharedTask, Task, TaskChoice, TaskError, Value, Workflow, WorkflowBuilder,
};
use terrace_plugin_api::TaskContext;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// Some of the nodes before, in any order; some of them twice where that is asked for.
    fn before(&mut self, at: usize, most: usize, twice: bool) -> Vec<usize> {
        let count = if at == 0 { 0 } else { self.below(most + 1) };
        let mut all: Vec<usize> = Vec::new();
        for _ in 0..count {
            let one = self.below(at);
            if twice || !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }
}

/// What a plan says of itself and its nodes, in words.
fn told(plan: &Plan) -> String {
    let mut text = format!("{} levels {:?}\n", plan.workflow().name(), plan.levels());
    for at in plan.indices() {
        let (id, node) = (plan.id(at), plan.node(at));
        assert_eq!(plan.place(id), Some(at));
        assert_eq!(plan.name(at), node.name());
        assert_eq!(plan.ports(at), node.args().len());
        assert_eq!(plan.level_of(at), plan.workflow().levels().of(id));
        assert_eq!(&**plan.task_name(at), &*node.task().name);
        for (port, arg) in node.args().iter().enumerate() {
            let is_same = match (plan.arg(at, port), arg) {
                (PortArg::Expr(expr), arg) => expr == arg,
                (PortArg::Const(value), Expr::Const(constant)) => value == constant,
                (PortArg::Output(from), Expr::Ref(Ref { root: Root::Node(on), .. })) => {
                    plan.id(from) == *on
                }
                _ => false,
            };
            assert!(is_same, "{at:?} {port}");
        }
        text += &format!(
            "{id:?} {:?} {:?} args {:?} after {:?} on {:?} < {:?} ({}) sources {:?} uses {} tail {} {} {}\n",
            node.name(),
            node.task().signature.output,
            node.args(),
            node.after(),
            plan.workflow().dependencies(id),
            plan.successors(at),
            plan.in_degree(at),
            plan.sources(at),
            plan.uses(at),
            plan.tail(at),
            plan.readable_after(at),
            node.kept(),
        );
    }
    text
}

fn written(seed: u64) -> WorkflowBuilder {
    let mut random = Random(seed);
    let wf = WorkflowBuilder::new("random");
    let mut all: Vec<Handle<i64>> = Vec::new();
    let twice = random.below(3) == 0;
    for at in 0..random.below(40) {
        let on = random.before(at, 3, twice);
        let mut node = match on[..] {
            [] => wf.call(|| 1_i64, ()),
            [a] => wf.call(|x: i64, y: i64| x + y, (&all[a], 5)),
            [a, b] => wf.call(i64::max, (&all[a], &all[b])),
            _ => {
                let [a, b, c] = [0, 1, 2].map(|part| &all[on[part]]);
                wf.call_ref(|x: &i64, y: &i64, z: &i64| x * y + z, (a, b, c))
            }
        };
        for on in random.before(at, 12, twice) {
            node = node.after(&all[on]);
        }
        if random.below(5) == 0 {
            node = node.named(format!("named_{at}"));
        }
        if random.below(7) == 0 {
            node = node.keep();
        }
        all.push(node);
    }
    if let Some(last) = all.last() {
        wf.output("last", last);
    }
    if random.below(9) == 0 {
        wf.keep_all();
    }
    wf
}

#[test]
fn a_workflow_of_closures_is_the_same_as_one_whose_nodes_are_checked_each() {
    for seed in 0..300 {
        let flat = written(seed).build(&NoTasks).unwrap();
        let checked = written(seed).into_draft().validate(&NoTasks).unwrap();
        assert_eq!(told(&flat.plan()), told(&checked.plan()), "seed {seed}");
        for id in checked.node_ids() {
            assert_eq!(flat.find(checked.node(id).name()), Some(id), "seed {seed}");
        }
        let target = checked.node_ids().last().map(|id| checked.node(id).name().to_owned());
        let part = |wf: &Workflow| told(&wf.plan_for(target.as_slice()).unwrap());
        assert_eq!(part(&flat), part(&checked), "seed {seed}");
    }
}

#[test]
fn what_is_said_later_of_a_node_changes_nothing_of_the_others() {
    let write = |late: bool| {
        let wf = WorkflowBuilder::new("late");
        let a = wf.call(|| 1_i64, ()).named("a");
        let b = wf.call(|x: i64| x, (&a,)).keep();
        let c = wf.call(|| (), ()).after(&b);
        let a = if late { a.labelled("first") } else { a };
        let _ = wf.call(|x: i64| x, (&a,)).after(&c).after(&b);
        let _ = a.after(&wf.call(|| (), ()));
        wf
    };
    let (flat, unfolded) = (write(false), write(true));
    let (flat, unfolded) = (flat.build(&NoTasks).unwrap(), unfolded.build(&NoTasks).unwrap());
    assert_eq!(unfolded.nodes()[0].label(), Some("first"));
    assert_eq!(told(&flat.plan()), told(&unfolded.plan()));
}

#[test]
fn mistakes_among_closures_are_told_as_ever() {
    let wf = WorkflowBuilder::new("wrong");
    let a = wf.call(|| 1_i64, ()).named("twin");
    let b = wf.call(|x: String| x, (a.cast::<String>(),)).named("twin");
    let _ = a.after(&b);
    let _ = wf.call(|| (), ()).named("no name");
    insta::assert_snapshot!(wf.build(&NoTasks).unwrap_err(), @r#"
    node `twin`: two nodes are called `twin` (give one of them another name)
    node `no name`: "no name" cannot be the name of a node (a name starts with a letter or `_`, goes on with letters, digits, `_` and `-`, and has at most 128 characters; free text goes to `label`)
    node `twin`: input `arg0` of `closure`: expected str, but `${twin}` gives i64
    node `twin`: nodes depend on each other: twin.after ← twin, twin.arg0 ← twin (remove one of these edges)
    "#);
}

/// The same random graph by number and as a draft.
fn numbered(seed: u64) -> (Plan, Workflow) {
    let mut random = Random(seed);
    let mut graph = PlanBuilder::new().named("random");
    let n = 1 + random.below(60);
    let (mut lists, mut after) = (Vec::new(), Vec::new());
    for at in 0..n {
        let on = random.before(at, 4, true);
        graph.call_list(|_| Ok(1_i64), on.iter().filter_map(|&on| NodeId::at(on)));
        lists.push(on);
        after.push(Vec::new());
    }
    // Edges in the order of a permutation: forwards and backwards, some twice, and no cycle: what
    // they lead from is earlier in it, as far as values allow.
    let backwards = random.below(2) == 0;
    for _ in 0..random.below(80) {
        let (a, b) = (random.below(n), random.below(n));
        let (from, to) = if a < b { (a, b) } else { (b, a) };
        if from == to {
            continue;
        }
        let (from, to) = match backwards && lists.iter().all(Vec::is_empty) {
            true => (to, from),
            false => (from, to),
        };
        graph.edge(NodeId::at(from).unwrap(), NodeId::at(to).unwrap());
        if !after[to].contains(&from) && !lists[to].contains(&from) {
            after[to].push(from);
        }
    }
    let wf = WorkflowBuilder::new("random");
    let handles: Vec<Handle<i64>> = (0..n).map(|_| wf.call(|| 1_i64, ())).collect();
    let mut draft = wf.into_draft();
    drop(handles);
    for (at, node) in draft.nodes.iter_mut().enumerate() {
        node.name = Some(format!("task_{at}").into());
        node.after = after[at].iter().filter_map(|&on| NodeId::at(on)).collect();
        let arg = |&on: &usize| Expr::Ref(Ref::new(Root::Node(NodeId::at(on).unwrap())));
        let TaskChoice::Inline(task) = &mut node.task else { panic!("a closure") };
        let mut signature = (*task.signature).clone();
        signature.ports = (0..lists[at].len())
            .map(|port| terrace_core::Port::new(format!("arg{port}"), terrace_core::Type::Any))
            .collect();
        task.signature = Arc::new(signature);
        node.args = Args::Positional(lists[at].iter().map(arg).collect());
    }
    (graph.build().unwrap(), draft.validate(&NoTasks).unwrap())
}

#[test]
fn a_plan_by_number_is_that_of_the_same_workflow() {
    for seed in 0..300 {
        let (plan, workflow) = numbered(seed);
        assert_eq!(told(&plan), told(&workflow.plan()), "seed {seed}");
    }
}

struct Sum;

impl Task for Sum {
    fn call(&self, _ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::I64(args.iter().filter_map(Value::as_i64).sum()))
    }
}

#[test]
fn every_kind_of_task_is_one_node_of_a_plan_by_number() {
    let mut graph = PlanBuilder::with_capacity(9, 2);
    let a = graph.add(|| 1_i64);
    let b = graph.try_add(|| "2".parse::<i64>());
    let c = graph.call(|x: i64, y: i64| x + y, [a, b]);
    let d = graph.try_call(|x: i64| u64::try_from(x), [c]);
    let e = graph.call_list(|all: &mut [Value]| Ok(all.len() as u64), [a, b, c, d]);
    let f = graph.call_task(Arc::new(Sum), [a, b]);
    let shared = SharedTask::new(|_number| {});
    let g = graph.add_shared(&shared, 7, [e, f]);
    let h = graph.add_after(|| (), [g]);
    graph.edge(a, h);
    graph.keep(e);
    assert_eq!(graph.len(), 8);
    let plan = graph.build().unwrap();
    let tell = |at: PlanIndex| {
        let on = plan.workflow().dependencies(plan.id(at)).iter().map(|on| on.index());
        let kept = if plan.readable_after(at) { " kept" } else { "" };
        let output = &plan.signature(at).output;
        format!("{}: {output} on {:?}{kept}\n", plan.name(at), on.collect::<Vec<_>>())
    };
    insta::assert_snapshot!(plan.indices().map(tell).collect::<String>(), @"
    task_0: i64 on []
    task_1: i64 on []
    task_2: i64 on [0, 1]
    task_5: any on [0, 1]
    task_3: u64 on [2]
    task_4: u64 on [0, 1, 2, 3] kept
    task_6: null on [4, 5]
    task_7: null on [6, 0]
    ");
}

#[test]
fn what_cannot_be_a_plan_is_told() {
    let ids = |graph: &mut PlanBuilder| [0; 4].map(|_| graph.add(|| 1_i64));
    let mistake = |write: &dyn Fn(&mut PlanBuilder, [NodeId; 4])| {
        let mut graph = PlanBuilder::new();
        let of = ids(&mut graph);
        write(&mut graph, of);
        graph.build().unwrap_err()
    };
    let other = NodeId::at(9).unwrap();
    let ring = mistake(&|graph, [a, b, c, d]| {
        graph.edge(d, a);
        for (from, to) in [(a, b), (b, c), (c, a)] {
            graph.edge(from, to);
        }
    });
    assert!(matches!(&ring, PlanMistake::Cycle(nodes) if nodes.len() == 3));
    let all = [
        ring,
        mistake(&|graph, [a, ..]| graph.edge(a, a)),
        mistake(&|graph, [a, ..]| graph.edge(other, a)),
        mistake(&|graph, [a, ..]| graph.edge(a, other)),
        mistake(&|graph, _| graph.keep(other)),
        mistake(&|graph, [a, b, ..]| {
            graph.call(|_: i64, _: bool| (), [a, b]);
        }),
    ];
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    nodes wait for each other: 0 ← 2 ← 1 ← 0
    nodes wait for each other: 0 ← 0
    there is no node 9; it is of another builder
    there is no node 9; it is of another builder
    there is no node 9; it is of another builder
    argument 1 of node 4 is bool, and the node it comes from gives i64
    ");
}

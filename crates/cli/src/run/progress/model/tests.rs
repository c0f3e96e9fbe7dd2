use terrace::core::{Lane, NoTasks, TaskError, WorkflowBuilder};

use super::super::follow::FEW;
use super::*;

fn model() -> (Model, NodeId) {
    let wf = WorkflowBuilder::new("bar");
    let node = wf.call(|| (), ()).named("map").node().unwrap();
    (Model::new(&wf.build(&NoTasks).unwrap(), Redactor::default()), node)
}

fn at(ms: u64, kind: EventKind) -> Event {
    Event { at: Duration::from_millis(ms), kind }
}

fn look(ms: u64) -> Look {
    Look { at: Duration::from_millis(ms), nodes: 1, ..Look::default() }
}

fn started(node: NodeId, path: Option<&str>) -> EventKind {
    let path = path.map(Into::into);
    EventKind::NodeStarted {
        node,
        path,
        task: "t".into(),
        attempt: 1,
        lane: Lane::Compute,
        worker: 0,
    }
}

#[test]
fn items_of_a_map_count_with_the_nodes() {
    let (mut model, node) = model();
    model.take(&at(0, EventKind::RunStarted { nodes: 1, levels: 1 }));
    model.take(&at(1, started(node, None)));
    model.take(&at(2, EventKind::MapStarted { node, path: None, items: 100 }));
    model.take(&at(3, EventKind::MapAdvanced { node, path: None, items: 30 }));
    model.take(&at(4, EventKind::MapAdvanced { node, path: None, items: 12 }));
    let view = model.view(&look(10));
    assert_eq!((view.done, view.total), (42, 101));
    assert_eq!(view.running[0].items, Some((42, 100)));
    assert_eq!(view.running[0].elapsed, Duration::from_millis(9));
}

#[test]
fn no_more_has_ended_than_there_is() {
    let (mut model, node) = model();
    model.take(&at(0, EventKind::RunStarted { nodes: 1, levels: 1 }));
    model.take(&at(1, EventKind::MapAdvanced { node, path: None, items: 3 }));
    let view = model.view(&look(2));
    assert_eq!((view.done, view.total), (3, 3));
    model.take(&at(3, EventKind::MapStarted { node, path: None, items: 3 }));
    let view = model.view(&look(4));
    assert_eq!((view.done, view.total), (3, 4));
}

#[test]
fn what_is_around_something_that_runs_is_not_shown_beside_it() {
    let (mut model, node) = model();
    model.take(&at(0, started(node, None)));
    model.take(&at(1, started(node, Some("map.left"))));
    model.take(&at(2, started(node, Some("map.left.merge"))));
    model.take(&at(3, started(node, Some("map.left-b"))));
    let view = model.view(&look(10));
    let names: Vec<&str> = view.running.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["map.left.merge", "map.left-b"]);
}

#[test]
fn a_pause_is_shown_until_its_end() {
    let (mut model, node) = model();
    let retrying = EventKind::NodeRetrying {
        node,
        path: Some("map[3]".into()),
        attempt: 1,
        error: TaskError::msg("no route"),
        pause: Duration::from_millis(500),
    };
    model.take(&at(100, retrying));
    let view = model.view(&look(200));
    assert_eq!(view.retried, 1);
    assert_eq!((&*view.pauses[0].name, view.pauses[0].attempt), ("map[3]", 2));
    assert_eq!(view.pauses[0].left, Duration::from_millis(400));
    assert!(model.view(&look(600)).pauses.is_empty());
}

#[test]
fn of_many_nodes_looks_tell_and_no_event() {
    let each = EventKinds::NODES | EventKinds::INSIDE | EventKinds::ITEMS;
    let chain = |nodes: u64| {
        let wf = WorkflowBuilder::new("chain");
        for _ in 0..nodes {
            wf.call(|| (), ());
        }
        Model::new(&wf.build(&NoTasks).unwrap(), Redactor::default())
    };
    assert!(chain(10).wants().any_of(EventKinds::NODES));
    assert!(!chain(10).wants().any_of(EventKinds::ITEMS));
    let mut many = chain(FEW + 1);
    assert!(!many.wants().any_of(each));
    let nodes = FEW as usize + 1;
    let look = Look { at: Duration::from_secs(2), nodes, ended: 5_000, ..Look::default() };
    let view = many.view(&look);
    assert_eq!((view.done, view.total), (5_000, FEW + 1));
    assert_eq!(view.left.map(|left| left.as_secs_f64().round()), Some(2.0));
}

//! Values are told to observers that ask for them, and to no others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::{
    Event, EventKind, EventKinds, NoTasks, Observer, Policy, TaskError, Value, WorkflowBuilder,
};
use terrace_scheduler::{PathChoice, RunOptions, Scheduler};

use crate::graph::{Graph, within};

/// Keeps what it is told of values.
struct Values {
    wants: EventKinds,
    told: Mutex<Vec<String>>,
}

impl Observer for Values {
    fn event(&self, event: &Event) {
        let at = |path: &Option<Arc<str>>| path.as_deref().unwrap_or("-").to_owned();
        let line = match &event.kind {
            EventKind::NodeStarted { path, .. } => format!("start {}", at(path)),
            EventKind::NodeGiven { path, values, signature, .. } => {
                assert_eq!(values.len(), signature.ports.len());
                format!("given {} {values:?}", at(path))
            }
            EventKind::NodeGave { path, value, .. } => format!("gave {} {value:?}", at(path)),
            EventKind::NodeFinished { path, .. } => format!("end {}", at(path)),
            _ => return,
        };
        self.told.lock().unwrap().push(line);
    }

    fn wants(&self) -> EventKinds {
        self.wants
    }
}

fn observer(wants: EventKinds) -> Arc<Values> {
    Arc::new(Values { wants, told: Mutex::default() })
}

#[test]
fn what_a_task_is_given_and_gives_is_told_between_start_and_end() {
    let plan = |policy: Policy| {
        let mut graph = Graph::new();
        graph.node(&[], |_, _| Ok(Value::from(2_i64)));
        graph.node(&[0], |_, args| Ok(Value::from(args[0].as_i64().unwrap() + 1)));
        graph.node(&[1], |_, _| Err(TaskError::msg("no")));
        for node in &mut graph.draft.nodes {
            node.policy = Some(Arc::new(policy.clone()));
        }
        graph.plan()
    };
    let plain = plan(Policy::default());
    // With a due time it runs beside the run, and its arguments are its own.
    let timed = plan(Policy { timeout: Some(Duration::from_secs(600)), ..Policy::default() });
    within(60, move || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        for (plan, path) in [
            (&plain, PathChoice::Fast),
            (&plain, PathChoice::Dispatcher),
            (&timed, PathChoice::Auto),
        ] {
            let told = observer(EventKinds::NODES | EventKinds::VALUES);
            let options = RunOptions::default().with_path(path);
            scheduler.run(plan, options.with_observer(Arc::clone(&told) as _));
            let expected = [
                "start -",
                "given - []",
                "gave - 2",
                "end -",
                "start -",
                "given - [2]",
                "gave - 3",
                "end -",
                "start -",
                "given - [3]",
                "end -",
            ];
            assert_eq!(*told.told.lock().unwrap(), expected);
        }
    });
}

#[test]
fn values_come_with_the_nodes_and_items_that_are_wanted() {
    let wf = WorkflowBuilder::new("values");
    let list = wf.call(|| vec![7_i64, 8], ());
    let map = wf.map(&list, |body, x| body.call(|x: i64| x, (&x,))).named("map");
    let two = wf.map(&map, |body, x| {
        let first = body.call(|x: i64| x, (&x,)).named("first");
        body.call(|x: i64| x, (&first,)).named("second")
    });
    wf.output("two", &two.named("two"));
    let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
    within(60, move || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let places = |wants: EventKinds| {
            let told = observer(wants);
            scheduler.run(&plan, RunOptions::default().with_observer(Arc::clone(&told) as _));
            let told = told.told.lock().unwrap();
            let values = told.iter().filter(|line| line.starts_with('g'));
            let mut places: Vec<String> =
                values.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
            places.sort_unstable();
            places.dedup();
            places
        };
        assert_eq!(places(EventKinds::VALUES), [""; 0]);
        assert_eq!(places(EventKinds::ALL), [""; 0]);
        // A map calls no task itself.
        assert_eq!(places(EventKinds::VALUES | EventKinds::NODES), ["gave -", "given -"]);
        assert_eq!(
            places(EventKinds::VALUES | EventKinds::ITEMS),
            ["gave map[0]", "gave map[1]", "given map[0]", "given map[1]"]
        );
        assert_eq!(places(EventKinds::VALUES | EventKinds::INSIDE).len(), 8);
    });
}

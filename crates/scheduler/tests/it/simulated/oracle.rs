//! The random workflows of [`crate::oracle`], whose tasks are called, in random times: what comes of
//! them is what a naive evaluator says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use terrace_core::Event;
use terrace_scheduler::simulate::{Attempt, Course, Simulation};
use terrace_scheduler::{Order, RunOptions};

use crate::graph::within;
use crate::oracle::{case, disorder, workflow};
use crate::random::Random;

const CASES: u64 = 1_000;

#[test]
fn values_are_those_of_a_naive_evaluator_however_long_tasks_take() {
    within(600, || {
        for seed in 0..CASES {
            let (flow, ends) = case(seed);
            let plan = Arc::new(workflow(&flow).plan());
            let names: Vec<String> = (0..flow.nodes.len()).map(|at| format!("n{at}")).collect();
            let random = &mut Random(seed);
            for order in [Order::Dataflow, Order::Levels] {
                let events = Arc::new(Mutex::new(Vec::new()));
                let sink = Arc::clone(&events);
                let observer = move |event: &Event| sink.lock().unwrap().push(event.clone());
                let options =
                    RunOptions::default().with_order(order).with_observer(Arc::new(observer));
                let workers = 1 + random.below(4) as u32;
                let mut script =
                    |_: &Attempt<'_>| Course::calls(Duration::from_millis(random.below(9) as u64));
                let simulation = Simulation::new(workers).max_blocking(3);
                let report = simulation.run(&plan, options, &mut script).unwrap();
                let wrong = crate::oracle::differences(&report, &ends);
                assert_eq!(wrong, [""; 0], "TERRACE_SEED={seed}, {order:?}");
                let wrong = disorder(&events.lock().unwrap(), &names);
                assert_eq!(wrong, [""; 0], "TERRACE_SEED={seed}, {order:?}");
            }
        }
    });
}

//! What starts first.

use std::sync::{Arc, Mutex};

use terrace_core::WorkflowBuilder;
use terrace_scheduler::RunOptions;

use super::seen::{plan, watch, workers};
use crate::graph::within;

#[test]
fn the_higher_priority_goes_first_also_of_what_is_inside() {
    within(30, || {
        let order: Arc<Mutex<Vec<i64>>> = Arc::default();
        let say = |what: i64| {
            let order = order.clone();
            move || order.lock().unwrap().push(what)
        };
        let wf = WorkflowBuilder::new("order");
        let gate = wf.call(|| (), ());
        for priority in [0, 3, -1, 2] {
            let node = wf.call(say(priority.into()), ()).after(&gate);
            drop(node.priority(priority).keep());
        }
        let flow = wf.flow("flow", |body| {
            let first = body.call(say(10), ());
            body.call(say(10), ()).after(&first)
        });
        drop(flow.after(&gate).priority(10).keep());
        let order_of = order.clone();
        let items = wf.map(0..3, move |body, x| {
            let order = order_of.clone();
            body.call(move |_: i64| order.lock().unwrap().push(9), (&x,))
        });
        drop(items.after(&gate).priority(9).keep());
        let frames = wf.over(0..2).each(|item| item.priority(8)).map(|body, _| {
            let first = body.call(say(8), ());
            body.call(say(8), ()).after(&first)
        });
        drop(frames.after(&gate).priority(8).keep());
        watch(&workers(1), &plan(wf), RunOptions::default());
        let order = order.lock().unwrap();
        assert_eq!(*order, [10, 10, 9, 9, 9, 8, 8, 8, 8, 3, 2, 0, -1]);
    });
}

#[test]
fn nobody_starves() {
    within(60, || {
        let order: Arc<Mutex<Vec<i64>>> = Arc::default();
        let wf = WorkflowBuilder::new("starve");
        wf.patience(5);
        let (low, high) = (order.clone(), order.clone());
        drop(wf.call(move || low.lock().unwrap().push(0), ()).priority(-1).keep());
        let items = wf.over(0..100).each(|item| item.priority(9)).map(|body, x| {
            let high = high.clone();
            body.call(move |_: i64| high.lock().unwrap().push(9), (&x,))
        });
        drop(items.priority(9).keep());
        watch(&workers(1), &plan(wf), RunOptions::default());
        let order = order.lock().unwrap();
        let at = order.iter().position(|what| *what == 0).unwrap();
        assert!(at <= 10, "after {at} others");
    });
}

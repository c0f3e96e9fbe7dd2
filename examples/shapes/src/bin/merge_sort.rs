//! A node that gives two of itself: merge sort. The lists are Rust values that go from node to node
//! as they are, and are never copied into data.
//!
//! `cargo run -p example-shapes --bin merge_sort`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use terrace::prelude::*;

/// Lists up to this long are sorted by their node.
const CUTOFF: usize = 1_000;

fn sort(mut values: Vec<u64>) -> Expansion<Vec<u64>> {
    if values.len() <= CUTOFF {
        values.sort_unstable();
        return Expansion::value(values);
    }
    let wf = WorkflowBuilder::new("halves");
    let upper = values.split_off(values.len() / 2);
    let left = wf.expand(sort, (values,)).named("left");
    let right = wf.expand(sort, (upper,)).named("right");
    let merged = wf.call(merge, (&left, &right)).named("merge");
    Expansion::flow(wf, &merged)
}

fn merge(left: Vec<u64>, right: Vec<u64>) -> Vec<u64> {
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    std::iter::from_fn(|| match (left.peek(), right.peek()) {
        (Some(a), Some(b)) if b < a => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
    .collect()
}

/// Numbers that look random, the same each time: a linear congruence.
fn numbers(n: usize) -> Vec<u64> {
    let next = |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    std::iter::successors(Some(1), next).map(|x| x >> 33).take(n).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::builder().build()?;
    let wf = engine.workflow("merge-sort");
    let sorted = wf.expand(sort, (numbers(100_000),)).keep();
    let wf = engine.build(wf)?;
    let report = engine.run(&wf, &RunRequest::new())?;

    let found = report.get(&sorted)?;
    let mut expected = numbers(100_000);
    expected.sort_unstable();
    println!("{} numbers, sorted: {}", found.len(), found == expected);
    Ok(())
}

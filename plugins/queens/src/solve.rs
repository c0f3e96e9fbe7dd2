//! The tasks: a fan-out by the columns of a row, the count of what lies below, and the total.

use terrace_plugin_api::{Flow, FlowNode, TaskContext, TaskError, task};

use crate::board::{Board, bits};

/// Counts the solutions by a workflow: a node for each free column of the next row, each of which
/// does the same with the row after, down to `split_depth` rows; below, each node counts all that
/// is left. The graph grows as it runs: nobody knows beforehand how many nodes it will have.
///
/// The tasks it names are `queens/solve`, `queens/count` and `queens/total`, so the workflow
/// around it calls this pack `queens`.
///
/// # Errors
/// Code `board` where `n` is above 27 or `placed` is not a legal beginning.
#[task(pure)]
pub fn solve(
    /// How many queens, on a board of as many rows and columns: 0 to 27.
    n: u32,
    /// The columns of the queens in the first rows, from 0; none without it.
    placed: Option<Vec<u32>>,
    /// How many rows become nodes. With 2 there are at most n² nodes that count.
    #[default = 2]
    split_depth: u32,
) -> Result<Flow, TaskError> {
    let placed = placed.unwrap_or_default();
    let board = Board::with_queens(n, &placed)?;
    let split = split_depth.min(n) as usize;
    let mut flow = Flow::new();
    if placed.len() >= split {
        let count = flow.node("count", "queens/count").with("n", n).with("placed", placed).add();
        return Ok(flow.output(count));
    }
    let below: Vec<FlowNode> = bits(board.free())
        .map(|bit| {
            let column = bit.trailing_zeros();
            let mut placed = placed.clone();
            placed.push(column);
            let node = if placed.len() == split {
                flow.node(format_args!("column_{column}"), "queens/count")
            } else {
                flow.node(format_args!("column_{column}"), "queens/solve")
                    .with("split_depth", split_depth)
            };
            node.with("n", n).with("placed", placed).add()
        })
        .collect();
    let total = flow.node("total", "queens/total").with("counts", below).add();
    Ok(flow.output(total))
}

/// Counts the solutions that begin with the queens placed, by backtracking: the time grows
/// exponentially with the rows that are left.
///
/// # Errors
/// Code `board` where `n` is above 27 or `placed` is not a legal beginning; cancelled.
#[task(pure)]
pub fn count(
    ctx: &TaskContext,
    /// How many queens, on a board of as many rows and columns: 0 to 27.
    n: u32,
    /// The columns of the queens in the first rows, from 0; none without it.
    placed: Option<Vec<u32>>,
) -> Result<i64, TaskError> {
    Board::with_queens(n, &placed.unwrap_or_default())?.count(ctx)
}

/// Adds up counts.
///
/// # Errors
/// Code `overflow` where the sum is no i64.
#[task(pure)]
pub fn total(
    /// What the nodes below found.
    counts: &[i64],
) -> Result<i64, TaskError> {
    let sum = counts.iter().try_fold(0_i64, |sum, &count| sum.checked_add(count));
    sum.ok_or_else(|| TaskError::msg("the total is no i64").with_code("overflow"))
}

#[cfg(test)]
mod tests {
    use terrace_plugin_api::{PortType, Value};

    use super::*;

    fn describe(n: u32, placed: &[u32], split_depth: u32) -> Value {
        solve(n, Some(placed.to_vec()), split_depth).unwrap().into_value().unwrap()
    }

    /// Runs what a description says, as an engine would, and counts the nodes that counted.
    fn run(description: &Value, leaves: &mut usize) -> i64 {
        let nodes = description.get("nodes").and_then(Value::as_map).unwrap();
        let mut counts = Vec::new();
        for (name, node) in nodes.iter() {
            let with = node.get("with").unwrap();
            let number = |key: &str| with.get(key).and_then(Value::as_u64).unwrap() as u32;
            let placed = || Vec::<u32>::from_value(with.get("placed").unwrap().clone()).unwrap();
            counts.push(match node.get("task").and_then(Value::as_str).unwrap() {
                "queens/solve" => {
                    run(&describe(number("n"), &placed(), number("split_depth")), leaves)
                }
                "queens/count" => {
                    *leaves += 1;
                    count(&TaskContext::detached(), number("n"), Some(placed())).unwrap()
                }
                "queens/total" => {
                    let taken = with.get("counts").and_then(Value::as_list).unwrap();
                    assert_eq!(taken.len(), counts.len());
                    total(&counts).unwrap()
                }
                other => panic!("{name} runs {other}"),
            });
        }
        *counts.last().unwrap()
    }

    #[test]
    fn every_split_counts_the_same() {
        for (split, expected_leaves) in [(0, 1), (1, 8), (2, 42), (3, 140), (8, 92), (100, 92)] {
            let mut leaves = 0;
            assert_eq!(run(&describe(8, &[], split), &mut leaves), 92, "{split}");
            assert_eq!(leaves, expected_leaves, "{split}");
        }
        // Boards without solutions have rows without a free column.
        for (n, known) in [(0, 1), (1, 1), (2, 0), (3, 0), (6, 4)] {
            for split in 0..=n {
                assert_eq!(run(&describe(n, &[], split), &mut 0), known, "{n} {split}");
            }
        }
    }

    #[test]
    fn a_beginning_that_is_none_is_refused_before_anything_runs() {
        assert_eq!(solve(28, None, 1).err().unwrap().code(), "board");
        assert_eq!(solve(4, Some(vec![0, 0]), 3).err().unwrap().code(), "board");
    }

    #[test]
    fn a_total_too_large_is_an_error() {
        assert_eq!(total(&[]).unwrap(), 0);
        assert_eq!(total(&[i64::MAX, 1]).unwrap_err().code(), "overflow");
    }
}

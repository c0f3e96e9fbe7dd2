//! The queens pack: how many ways there are to put n queens on an n×n board so that none attacks
//! another. A search that makes its own graph: each row down to a split depth is a workflow with
//! one node per legal column, and what lies below is counted directly.
#![forbid(unsafe_code)]

pub mod board;
pub mod solve;

terrace_plugin_api::export_pack! {
    name: queens,
    description: "Counts the solutions of the n queens problem, by a graph that grows as it runs.",
    tasks: [
        solve::solve,
        solve::count,
        solve::total,
    ]
}

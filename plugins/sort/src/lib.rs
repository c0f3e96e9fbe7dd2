//! The sort pack: merge sort as a graph that unfolds itself, and what it takes to try it.
#![forbid(unsafe_code)]

pub mod merge;
pub mod random;

terrace_plugin_api::export_pack! {
    name: sort,
    description: "Merge sort by a graph that unfolds itself.",
    tasks: [
        merge::merge_sort,
        merge::sort,
        merge::merge,
        merge::is_sorted,
        random::random,
    ]
}

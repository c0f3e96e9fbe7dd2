//! What reading a workflow file of 10,000 nodes costs, per node and language: text to draft, spans
//! and all. Checking the draft is in `workflow`.
#![forbid(unsafe_code)]

use std::time::Duration;

use criterion::{Criterion, Throughput};
use terrace_bench_protocol::Graph;
use terrace_core::{Draft, Format, Source};

const NODES: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(10)
        .configure_from_args();
    let graph = Graph::make("layer64", NODES).expect("a known shape");
    let yaml = Source::new("bench.yaml", graph.to_yaml(), Format::Yaml);
    let draft = Draft::read(&yaml).expect("a right file");
    let mut group = criterion.benchmark_group("file/read");
    group.throughput(Throughput::Elements(NODES as u64));
    for (name, format) in [("yaml", Format::Yaml), ("toml", Format::Toml), ("json", Format::Json)] {
        let text = draft.write(format).expect("it can be printed");
        let source = Source::new("bench", text, format);
        group.bench_function(name, |bench| {
            bench.iter_with_large_drop(|| Draft::read(&source).expect("a right file"));
        });
    }
    group.finish();
    criterion.final_summary();
}

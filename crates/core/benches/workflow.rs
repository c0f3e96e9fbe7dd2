//! What a workflow of 10,000 nodes costs before it runs, per node: writing it in Rust, checking it
//! (which levels it), compiling it.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use terrace_bench_protocol::Graph;
use terrace_core::{Handle, NoTasks, WorkflowBuilder};

const NODES: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(10)
        .configure_from_args();
    for shape in ["chain", "layer64", "random4"] {
        let graph = Graph::make(shape, NODES).expect("a known shape");
        let mut group = criterion.benchmark_group(format!("workflow/{shape}"));
        group.throughput(Throughput::Elements(NODES as u64));
        group.bench_function("write", |bench| {
            bench.iter_batched(|| (), |()| write(&graph), BatchSize::PerIteration);
        });
        group.bench_function("validate", |bench| {
            let validate = |wf: WorkflowBuilder| wf.build(&NoTasks).expect("a right workflow");
            bench.iter_batched(|| write(&graph), validate, BatchSize::PerIteration);
        });
        group.bench_function("plan", |bench| {
            let workflow = write(&graph).build(&NoTasks).expect("a right workflow");
            bench.iter_with_large_drop(|| workflow.plan());
        });
        group.finish();
    }
    criterion.final_summary();
}

fn write(graph: &Graph) -> WorkflowBuilder {
    let wf = WorkflowBuilder::new("bench");
    let mut handles: Vec<Handle<()>> = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let handle = wf.call(|| black_box(()), ());
        let on = graph.dependencies(node).iter();
        handles.push(on.fold(handle, |handle, &on| handle.after(&handles[on as usize])));
    }
    wf
}

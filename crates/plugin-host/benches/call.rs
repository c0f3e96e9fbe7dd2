//! What it costs that a task is in a pack: the call of `math/add` in a loaded library against the
//! same arithmetic called directly, and against a task of the program itself.
//!
//! The pack is built by cargo and found through its messages, so that no stale one is measured.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, Throughput};
use terrace_core::{Catalog, Task, TaskError, Value};
use terrace_plugin_api::TaskContext;
use terrace_plugin_host::Registry;

/// Items of the list that is summed.
const ITEMS: usize = 1000;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(700))
        .sample_size(20)
        .configure_from_args();
    let registry = Registry::new();
    registry.load_file(pack()).expect("the pack loads");
    let task = |name: &str| registry.find(name).expect("math has it").body;
    let (add, sum) = (task("math/add"), task("math/sum"));
    let context = TaskContext::detached();

    let mut group = criterion.benchmark_group("call/add");
    group.bench_function("directly", |bench| {
        bench.iter(|| black_box(black_box(2_i64).checked_add(black_box(3))));
    });
    let own: Box<dyn Task> = black_box(Box::new(Own));
    for (name, task) in [("a task of the program", &*own), ("a task of a pack", &*add)] {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                // Ports that take leave null behind.
                let mut args = [Value::from(2_i64), Value::from(3_i64)];
                task.call(&context, black_box(&mut args)).expect("small numbers")
            });
        });
    }
    group.finish();

    let floats: Vec<f64> = (0..ITEMS).map(|item| item as f64).collect();
    let mut group = criterion.benchmark_group("call/sum of 1000");
    group.throughput(Throughput::Elements(ITEMS as u64));
    group.bench_function("directly", |bench| {
        bench.iter(|| black_box(&floats).iter().sum::<f64>());
    });
    group.bench_function("a task of a pack", |bench| {
        let list = Value::list(floats.iter().copied().map(Value::from).collect());
        let list = list.expect("a flat list");
        bench.iter(|| {
            let mut args = [list.clone()];
            sum.call(&context, black_box(&mut args)).expect("numbers")
        });
    });
    group.finish();
    criterion.final_summary();
}

/// `add` as a program that embeds Terrace would write it.
struct Own;

impl Task for Own {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        let sum = args.iter().filter_map(Value::as_i64).sum::<i64>();
        Ok(Value::from(sum))
    }
}

/// The file of the math pack, built as it is released.
fn pack() -> PathBuf {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--release", "--locked", "-p", "terrace-pack-math"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "the math pack does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    let mut files = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?.iter();
        files
            .filter_map(|file| file.as_str().map(PathBuf::from))
            .find(|file| file.ends_with("libterrace_pack_math.so"))
    });
    files.next().expect("cargo named the file")
}

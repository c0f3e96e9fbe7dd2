//! What many waits at once take: `cargo run --release -p terrace-scheduler --example waits`.
//!
//! 10,000 tasks that wait 100 ms, on up to 512 threads of the blocking lane: 20 rounds of 100 ms, and what
//! making the threads and handing the tasks out adds. Says how long the process took, from building the
//! workflow on, and what it adds to the rounds; the most memory that it had, and what of it the program
//! and its plan had before anything ran; and how many threads are left when the lane has been idle for
//! longer than it keeps them. `waits TASKS MILLISECONDS THREADS` for other numbers.
#![expect(clippy::print_stdout, reason = "prints its figures")]
#![expect(clippy::unwrap_used, reason = "an example that cannot go on")]

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use terrace_core::{NoTasks, WorkflowBuilder};
use terrace_scheduler::{Lane, RunOptions, RunStatus, Scheduler};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>().unwrap());
    let mut number = |otherwise| numbers.next().unwrap_or(otherwise);
    let (tasks, wait, threads) = (number(10_000), number(100), number(512));
    let begin = Instant::now();
    let scheduler = Scheduler::builder().workers(2).max_blocking(threads as usize).build().unwrap();
    let wf = WorkflowBuilder::new("waits");
    for _ in 0..tasks {
        let waits = move || thread::sleep(Duration::from_millis(wait));
        drop(wf.call(waits, ()).on_lane(Lane::Blocking));
    }
    let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
    let built = begin.elapsed();
    let before = status("VmRSS:");
    let report = scheduler.run(&plan, RunOptions::default());
    assert_eq!(report.status, RunStatus::Succeeded);
    let all = begin.elapsed();
    let rounds = tasks.div_ceil(threads.max(1));
    println!("{tasks} waits of {wait} ms on {threads} threads");
    println!("built in         {:.3} s", built.as_secs_f64());
    println!("all in           {:.3} s", all.as_secs_f64());
    println!("the waits alone  {:.3} s", Duration::from_millis(wait * rounds).as_secs_f64());
    println!("memory, at most  {:.1} MiB", mebibytes(status("VmHWM:")));
    println!("before the run   {:.1} MiB", mebibytes(before));
    println!("threads          {}", status("Threads:"));
    thread::sleep(Duration::from_secs(11));
    println!("threads, idle    {}", status("Threads:"));
}

fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// A number of the kernel's account of the process; 0 on other systems than Linux.
fn status(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

//! Compute and blocking lanes, and who runs beside whom.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use terrace_core::{Event, EventKind, Lane, Value};
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler};

use crate::graph::{Graph, id, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

/// Passes when `n` threads are inside at once, fails when they are not for ten seconds.
#[derive(Clone)]
struct Meeting(Arc<(Mutex<usize>, Condvar)>, usize);

impl Meeting {
    fn of(n: usize) -> Self {
        Self(Arc::default(), n)
    }

    fn attend(&self) -> Result<Value, terrace_core::TaskError> {
        let (count, arrived) = &*self.0;
        let mut count = count.lock().unwrap();
        *count += 1;
        arrived.notify_all();
        let target = count.div_ceil(self.1) * self.1;
        let wait = Duration::from_secs(10);
        let result = arrived.wait_timeout_while(count, wait, |count| *count < target);
        match result.unwrap().1.timed_out() {
            true => Err(terrace_core::TaskError::msg("nobody came")),
            false => Ok(Value::Null),
        }
    }
}

#[test]
fn five_sleeps_overlap_whatever_the_workers() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let mut graph = Graph::new();
                let root = graph.node(&[], |_, _| Ok(Value::Null));
                for _ in 0..5 {
                    graph.sleep(&[root], Duration::from_millis(200));
                }
                let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
                let (seen, peak) = (Arc::clone(&inside), Arc::clone(&most));
                let observer = move |event: &Event| match event.kind {
                    EventKind::NodeStarted { lane: Lane::Blocking, .. } => {
                        let now = seen.fetch_add(1, Ordering::SeqCst) + 1;
                        peak.fetch_max(now, Ordering::SeqCst);
                    }
                    EventKind::NodeFinished { node, .. } if node != id(0) => {
                        seen.fetch_sub(1, Ordering::SeqCst);
                    }
                    _ => {}
                };
                let options =
                    RunOptions::default().with_path(path).with_observer(Arc::new(observer));
                let report = scheduler.run(&graph.plan(), options);
                assert_eq!(report.status, RunStatus::Succeeded);
                assert_eq!(most.load(Ordering::SeqCst), 5);
                assert_eq!(report.max_concurrency(), 5);
            }
        }
    });
}

#[test]
fn two_long_nodes_that_nobody_has_seen_before_meet_on_two_workers() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            // After so many that one thread ran because they were quick.
            for quick in [0, 3_000] {
                let mut graph = Graph::new();
                let mut before = graph.node(&[], |_, _| Ok(Value::Null));
                for _ in 0..quick / 3 {
                    let wide: Vec<usize> =
                        (0..3).map(|_| graph.node(&[before], |_, _| Ok(Value::Null))).collect();
                    before = wide[2];
                }
                let meeting = Meeting::of(2);
                for _ in 0..2 {
                    let meeting = meeting.clone();
                    graph.node(&[before], move |_, _| meeting.attend());
                }
                let plan = graph.plan();
                for lap in 0..2 {
                    let report = scheduler.run(&plan, RunOptions::default().with_path(path));
                    assert_eq!(report.status, RunStatus::Succeeded, "{path:?} {quick} {lap}");
                }
            }
        }
    });
}

#[test]
fn long_nodes_meet_in_runs_that_are_observed_or_fail_too() {
    within(120, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for (observed, fails) in [(true, false), (false, true), (true, true)] {
            let mut graph = Graph::new();
            let (meeting, failing) = (Meeting::of(2), Arc::new(AtomicBool::new(false)));
            let long = [(); 2].map(|()| {
                let meeting = meeting.clone();
                graph.node(&[], move |_, _| {
                    std::thread::sleep(Duration::from_millis(5));
                    meeting.attend()
                })
            });
            let fails_now = Arc::clone(&failing);
            graph.node(&long, move |_, _| match fails_now.load(Ordering::SeqCst) {
                true => Err(terrace_core::TaskError::msg("told to")),
                false => Ok(Value::Null),
            });
            let plan = graph.plan();
            // What is known of them comes from runs that tell what they took.
            for _ in 0..3 {
                let report = scheduler.run(&plan, RunOptions::default());
                assert_eq!(report.status, RunStatus::Succeeded);
            }
            failing.store(fails, Ordering::SeqCst);
            for lap in 0..70 {
                let mut options = RunOptions::default();
                if observed {
                    options = options.with_observer(Arc::new(|_: &Event| {}));
                }
                let report = scheduler.run(&plan, options);
                assert_eq!(report.counts.succeeded, if fails { 2 } else { 3 }, "{observed} {lap}");
            }
        }
    });
}

#[test]
fn sleeps_at_level_0_do_not_wait_for_compute_nodes() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            let meeting = Meeting::of(4);
            for at in 0..4 {
                let meeting = meeting.clone();
                let node = graph.node(&[], move |_, _| meeting.attend());
                // One of them on the only worker.
                if at != 1 {
                    graph.blocking(node);
                }
            }
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            assert_eq!(report.status, RunStatus::Succeeded);
        }
    });
}

/// Two nodes that wait for each other: neither may queue behind the other, however they come up.
#[test]
fn two_long_nodes_are_never_one_after_the_other() {
    within(120, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            for trivial_before in [0, 1, 5, 200] {
                for started in [false, true] {
                    let mut graph = Graph::new();
                    let meeting = Meeting::of(2);
                    let mut last = Vec::new();
                    for _ in 0..trivial_before {
                        last = vec![graph.node(&last, |_, _| Ok(Value::Null))];
                    }
                    for _ in 0..2 {
                        let meeting = meeting.clone();
                        graph.node(&last, move |_, _| meeting.attend());
                    }
                    let plan = graph.plan();
                    let options = RunOptions::default().with_path(path);
                    let report = if started {
                        let handle = scheduler.start(&plan, options);
                        while !handle.is_finished() {
                            std::thread::sleep(Duration::from_micros(100));
                        }
                        handle.try_result().unwrap()
                    } else {
                        scheduler.run(&plan, options)
                    };
                    assert_eq!(report.status, RunStatus::Succeeded, "{path:?} {trivial_before}");
                }
            }
        }
    });
}

#[test]
fn no_more_compute_nodes_at_once_than_workers() {
    within(60, || {
        for workers in [1, 3] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            for path in PATHS {
                let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
                let mut graph = Graph::new();
                for _ in 0..60 {
                    let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
                    graph.node(&[], move |_, _| {
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(1));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        Ok(Value::Null)
                    });
                }
                let plan = graph.plan();
                scheduler.run(&plan, RunOptions::default().with_path(path));
                scheduler.start(&plan, RunOptions::default().with_path(path)).wait();
                assert!(most.load(Ordering::SeqCst) <= workers);
                assert!(workers == 1 || most.load(Ordering::SeqCst) > 1);
            }
        }
    });
}

#[test]
fn a_full_blocking_lane_still_gets_everything_done() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(1).max_blocking(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            for _ in 0..50 {
                let a = graph.sleep(&[], Duration::from_millis(1));
                graph.node(&[a], |_, _| Ok(Value::Null));
            }
            let plan = graph.plan();
            let report = scheduler.run(&plan, RunOptions::default().with_path(path));
            assert_eq!(report.counts.succeeded, 100);
            let handle = scheduler.start(&plan, RunOptions::default().with_path(path));
            while !handle.is_finished() {
                std::thread::yield_now();
            }
        }
    });
}

/// How long a thread has computed: the first field of its `schedstat`, or, where the kernel counts no
/// nanoseconds, fields 14 and 15 of its `stat`, in hundredths of a second.
#[cfg(target_os = "linux")]
fn computed(thread: &std::path::Path) -> Duration {
    let thread = std::path::Path::new("/proc").join(thread);
    if let Ok(exact) = std::fs::read_to_string(thread.join("schedstat")) {
        return Duration::from_nanos(exact.split_whitespace().next().unwrap().parse().unwrap());
    }
    let stat = std::fs::read_to_string(thread.join("stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    let ticks = fields.split_whitespace().skip(11).take(2);
    10 * ticks.map(|field| Duration::from_millis(field.parse().unwrap())).sum::<Duration>()
}

#[cfg(target_os = "linux")]
#[test]
fn idle_threads_use_no_time() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let threads = Arc::new(Mutex::new(Vec::new()));
        let meeting = Meeting::of(2);
        let mut graph = Graph::new();
        for _ in 0..2 {
            let (threads, meeting) = (Arc::clone(&threads), meeting.clone());
            graph.node(&[], move |_, _| {
                threads.lock().unwrap().push(std::fs::read_link("/proc/thread-self")?);
                meeting.attend()
            });
        }
        let handle = scheduler.start(&graph.plan(), RunOptions::default());
        while !handle.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let threads = threads.lock().unwrap();
        let used = || threads.iter().map(|thread| computed(thread)).sum::<Duration>();
        let before = used();
        std::thread::sleep(Duration::from_millis(500));
        // What they compute until they sleep, all in all: a time that other programs do not change.
        let used = used() - before;
        assert!(
            used <= Duration::from_millis(1) * threads.len() as u32,
            "{used:?} in half a second"
        );
    });
}

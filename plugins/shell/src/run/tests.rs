use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use terrace_plugin_api::{Host, LogLevel};

use super::*;

/// Longer than any of these tests may take on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Cancellable(AtomicBool);

impl Host for Cancellable {
    fn node(&self) -> Cow<'_, str> {
        Cow::Borrowed("test")
    }
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    fn seed(&self) -> u64 {
        0
    }
    fn temp_dir(&self) -> io::Result<PathBuf> {
        Ok(std::env::temp_dir())
    }
    fn progress(&self, _fraction: f64, _note: &str) {}
    fn log(&self, _level: LogLevel, _message: &str) {}
}

/// A variable that marks a program and all that it starts.
struct Mark(String);

impl Mark {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{count}", std::process::id()))
    }

    fn env(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("TERRACE_SHELL_TEST".to_owned(), self.0.clone())])
    }

    /// The marked processes that run. One that was killed has no environment any more.
    fn living(&self) -> Vec<String> {
        let mark = format!("TERRACE_SHELL_TEST={}", self.0);
        let mut living = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let path = entry.unwrap().path();
            let environ = std::fs::read(path.join("environ")).unwrap_or_default();
            if environ.split(|&byte| byte == 0).any(|entry| entry == mark.as_bytes()) {
                living.push(std::fs::read_to_string(path.join("cmdline")).unwrap_or_default());
            }
        }
        living
    }

    /// Waits until that many run. Right after its start a process has no environment yet.
    #[track_caller]
    fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.living().len() != count {
            assert!(start.elapsed() < WATCHDOG, "{:?}", self.living());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A killed process takes a moment to go, and one between two programs looks like none: only
    /// what is not seen twice is gone.
    #[track_caller]
    fn assert_none_lives(&self) {
        self.wait_for(0);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(self.living(), [""; 0]);
    }
}

fn sh(ctx: &TaskContext, script: &str, mark: &Mark) -> Result<Ended, TaskError> {
    let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
    run(ctx, argv, None, Some(mark.env()), None, false)
}

fn plain(argv: &[&str], stdin: Option<Input>) -> Result<Ended, TaskError> {
    let argv = argv.iter().map(|&arg| arg.to_owned()).collect();
    run(&TaskContext::detached(), argv, stdin, None, None, false)
}

/// Runs a script, waits until it has written its file, cancels it, and gives the error.
fn cancel_when_ready(script: &str, mark: &Mark) -> TaskError {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let script = script.replace("READY", ready.to_str().unwrap());
    let host = Cancellable::default();
    std::thread::scope(|scope| {
        let task = scope.spawn(|| sh(&TaskContext::new(&host), &script, mark).err().unwrap());
        let start = Instant::now();
        while !ready.exists() && start.elapsed() < WATCHDOG {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!mark.living().is_empty());
        host.0.store(true, Ordering::Relaxed);
        task.join().unwrap()
    })
}

#[test]
fn outputs_and_status_are_kept_apart() {
    let ended = plain(&["sh", "-c", "echo out; echo err >&2"], None).ok().unwrap();
    assert_eq!((ended.status, ended.signal), (0, None));
    assert_eq!((&*ended.stdout, &*ended.stderr), ("out\n", "err\n"));
    assert!(ended.stdout_bytes.is_none());
}

#[test]
fn megabytes_go_both_ways_at_once() {
    let bytes: Vec<u8> = (0..10_000_000_u32).map(|n| (n % 251) as u8).collect();
    let ended = plain(&["cat"], Some(bytes.clone().into())).ok().unwrap();
    assert!(ended.stdout_bytes.is_some_and(|found| *found == *bytes));
    let text = "grüße\n".repeat(1_000_000);
    let ended = plain(&["sh", "-c", "tee /dev/stderr"], Some(text.as_str().into())).ok().unwrap();
    assert!(ended.stdout == text && ended.stderr == text && ended.stdout_bytes.is_none());
}

#[test]
fn a_program_need_not_read_what_it_is_given() {
    let ended = plain(&["true"], Some(vec![0; 10_000_000].into())).ok().unwrap();
    assert_eq!(ended.status, 0);
    let ended = plain(&["head", "-c", "3"], Some("abcdef".repeat(1_000_000).as_str().into()));
    assert_eq!(ended.ok().unwrap().stdout, "abc");
}

#[test]
fn without_input_there_is_nothing_to_read() {
    assert_eq!(plain(&["cat"], None).ok().unwrap().stdout, "");
    assert_eq!(plain(&["cat"], Some("".into())).ok().unwrap().stdout, "");
}

#[test]
fn a_failure_carries_status_and_last_words() {
    let error = plain(&["sh", "-c", "echo why >&2; exit 3"], None).err().unwrap();
    assert_eq!((error.code(), error.class()), ("exit", ErrorClass::FAILED));
    assert_eq!(error.to_string(), "`sh` ended with status 3: why");
    assert_eq!(error.details().get("status"), Some(&Value::from(3_i64)));
    assert_eq!(error.details().get("stderr"), Some(&Value::from("why\n")));

    let long = plain(&["sh", "-c", "yes ä | head -c 100001 >&2; exit 1"], None).err().unwrap();
    assert!(long.details().get("stderr").and_then(Value::as_str).unwrap().len() <= TAIL);
}

#[test]
fn a_failure_is_a_result_where_that_is_allowed() {
    let ctx = TaskContext::detached();
    for (script, status, signal) in [("exit 3", 3, None), ("kill -9 $$", 137, Some(9))] {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let ended = run(&ctx, argv.clone(), None, None, None, true).ok().unwrap();
        assert_eq!((ended.status, ended.signal), (status, signal));
        assert_eq!(run(&ctx, argv, None, None, None, false).err().unwrap().code(), "exit");
    }
}

#[test]
fn what_cannot_be_started_is_named() {
    let error = plain(&["no-such-program", "x"], None).err().unwrap();
    assert_eq!((error.code(), error.message()), ("not_found", "cannot start `no-such-program`"));
    assert_eq!(plain(&["/"], None).err().unwrap().code(), "permission_denied");
    assert_eq!(plain(&["a\0b"], None).err().unwrap().code(), "io");
    assert_eq!(plain(&[], None).err().unwrap().code(), "argv");
    let argv = vec!["true".to_owned()];
    let error =
        run(&TaskContext::detached(), argv, None, None, Some("/no/such"), false).err().unwrap();
    assert!(error.message().contains("in /no/such"), "{error}");
}

#[test]
fn folder_and_variables_are_those_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mark = Mark::new();
    let argv = ["sh", "-c", "pwd; echo $TERRACE_SHELL_TEST; echo ${PATH:+inherited}"];
    let argv = argv.map(str::to_owned).to_vec();
    let env = Some(mark.env());
    let ended = run(&TaskContext::detached(), argv, None, env, folder.to_str(), false);
    assert_eq!(
        ended.ok().unwrap().stdout,
        format!("{}\n{}\ninherited\n", folder.display(), mark.0)
    );
}

#[test]
fn cancelling_kills_all_that_was_started() {
    let mark = Mark::new();
    let script = "sleep 1000 & (sleep 1000; true) & touch READY; wait";
    let error = cancel_when_ready(script, &mark);
    assert_eq!(error.class(), ErrorClass::CANCELLED);
    mark.assert_none_lives();
}

#[test]
fn cancelling_kills_even_those_who_will_not_hear() {
    let mark = Mark::new();
    let script = "trap '' TERM; sleep 1000 & touch READY; while :; do sleep 1000; done";
    let error = cancel_when_ready(script, &mark);
    assert_eq!(error.class(), ErrorClass::CANCELLED);
    mark.assert_none_lives();
}

#[test]
fn a_cancelled_run_starts_nothing() {
    let host = Cancellable(AtomicBool::new(true));
    let argv = vec!["no-such-program".to_owned()];
    let error = run(&TaskContext::new(&host), argv, None, None, None, false).err().unwrap();
    assert_eq!(error.class(), ErrorClass::CANCELLED);
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    for script in ["sleep 1000 & echo hi", "sleep 1000 >/dev/null 2>&1 & echo hi"] {
        let (mark, start) = (Mark::new(), Instant::now());
        let ended = sh(&TaskContext::detached(), script, &mark).ok().unwrap();
        assert_eq!(ended.stdout, "hi\n");
        assert!(start.elapsed() < WATCHDOG);
        mark.assert_none_lives();
    }
}

#[test]
fn output_of_a_late_grandchild_still_counts() {
    let ended = sh(&TaskContext::detached(), "(sleep 0.02; echo late) & echo hi", &Mark::new());
    assert_eq!(ended.ok().unwrap().stdout, "hi\nlate\n");
}

#[test]
fn one_who_left_the_group_and_holds_the_pipe_hangs_nobody() {
    let (mark, start) = (Mark::new(), Instant::now());
    // Waits until the other has its own session, which its sixth field in /proc says.
    let script =
        "setsid sleep 1000 & while [ $(cut -d' ' -f6 /proc/$!/stat) != $! ]; do :; done; echo $!";
    let ended = sh(&TaskContext::detached(), script, &mark).ok().unwrap();
    assert!(start.elapsed() < WATCHDOG);
    let pid = Pid::from_raw(ended.stdout.trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    mark.assert_none_lives();
}

#[test]
fn a_program_that_leaves_its_own_group_is_killed_all_the_same() {
    let mark = Mark::new();
    // `exec` makes it the program itself that leaves, not something that it started.
    let error = cancel_when_ready("touch READY; exec setsid sleep 1000", &mark);
    assert_eq!(error.class(), ErrorClass::CANCELLED);
    mark.assert_none_lives();
}

#[test]
fn a_script_that_signals_its_own_group_ends_by_that_signal() {
    let (mark, ctx) = (Mark::new(), TaskContext::detached());
    for (name, number) in [("TERM", 15), ("KILL", 9)] {
        let argv = ["sh", "-c", &format!("sleep 1000 & kill -{name} 0; wait")];
        let argv = argv.map(str::to_owned).to_vec();
        let ended = run(&ctx, argv, None, Some(mark.env()), None, true).ok().unwrap();
        assert_eq!(ended.signal, Some(number));
        mark.assert_none_lives();
    }
}

#[test]
fn too_much_output_ends_the_program() {
    let mark = Mark::new();
    for script in ["yes", "yes >&2"] {
        let error = sh(&TaskContext::detached(), script, &mark).err().unwrap();
        assert_eq!(error.code(), "output_too_long");
        assert!(error.message().contains("64 MiB"));
    }
    mark.assert_none_lives();
}

#[test]
fn a_group_that_is_dropped_leaves_no_orphan() {
    let mark = Mark::new();
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 1000 & sleep 1000; true"]).envs(mark.env());
    let group = Group::spawn(&mut command).unwrap();
    mark.wait_for(3);
    assert!(!group.has_ended().unwrap());
    drop(group);
    mark.assert_none_lives();
}

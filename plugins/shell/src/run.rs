//! `shell/run`: a program to its end. [`execute`] is what a script has in common with it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use terrace_plugin_api::{Bytes, ErrorClass, Record, TaskContext, TaskError, Value, task};

use crate::group::Group;
use crate::input::Input;
use crate::pipes::{LIMIT, PipeError, Pipes, Step};

/// How long a cancelled program has between SIGTERM and SIGKILL, and how long what an ended one
/// left behind may hold its outputs open.
const GRACE: Duration = Duration::from_secs(1);
/// How long to go without looking whether the program ended or should, after something happened.
const SHORTEST: Duration = Duration::from_millis(1);
/// What that grows to, doubling, while nothing happens.
const LONGEST: Duration = Duration::from_millis(16);
/// Bytes of the error output that an error carries.
const TAIL: usize = 4096;

/// How a program ended and what it wrote.
#[derive(Clone, Record)]
pub struct Ended {
    /// Its exit status; 128 + signal where one killed it, as shells have it.
    pub status: i64,
    /// The signal that killed it.
    pub signal: Option<i64>,
    /// What it wrote to standard output; U+FFFD stands where that was not UTF-8.
    pub stdout: String,
    /// The same as bytes, only where it was not UTF-8.
    pub stdout_bytes: Option<Bytes>,
    /// What it wrote to standard error; U+FFFD stands where that was not UTF-8.
    pub stderr: String,
}

/// Runs a program to its end, without a shell in between. What it started and left running is
/// killed when it ends; all of it when the run is cancelled: SIGTERM, a second later SIGKILL; and
/// all of it at once when the engine itself is killed.
///
/// # Errors
/// Code `exit` where the status is not 0, with `{status, signal, stderr}` as details; `not_found`,
/// `permission_denied` or `io` where it cannot be started; `output_too_long` past 64 MiB of either
/// output; cancelled.
#[task(blocking)]
pub fn run(
    ctx: &TaskContext,
    /// The program, by path or to be found in PATH, and its arguments.
    argv: Vec<String>,
    /// What it reads, text or bytes; nothing without it.
    stdin: Option<Input>,
    /// Variables set for it beside those of the engine.
    env: Option<BTreeMap<String, String>>,
    /// The folder it runs in; the engine's without it.
    cwd: Option<&str>,
    /// Whether a status other than 0 is a result like any other.
    #[default = false]
    allow_failure: bool,
) -> Result<Ended, TaskError> {
    let Some((program, args)) = argv.split_first() else {
        let message = "input `argv`: there is no program";
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("argv"));
    };
    let mut command = Command::new(program);
    command.args(args);
    execute(ctx, command, Setting { stdin, env, cwd, allow_failure })
}

/// What a program finds around it, and how it may end.
pub(crate) struct Setting<'a> {
    pub(crate) stdin: Option<Input>,
    pub(crate) env: Option<BTreeMap<String, String>>,
    pub(crate) cwd: Option<&'a str>,
    pub(crate) allow_failure: bool,
}

/// Starts a program, sees it through and judges its end.
pub(crate) fn execute(
    ctx: &TaskContext,
    mut command: Command,
    setting: Setting<'_>,
) -> Result<Ended, TaskError> {
    ctx.check_cancelled()?;
    let program = command.get_program().to_string_lossy().into_owned();
    let stdin = if setting.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(setting.env.unwrap_or_default());
    if let Some(cwd) = setting.cwd {
        command.current_dir(cwd);
    }
    let mut group =
        Group::spawn(&mut command).map_err(|error| not_started(&program, setting.cwd, &error))?;
    let input = setting.stdin.as_ref().map_or(&[][..], Input::as_bytes);
    let (exit, stdout, stderr) =
        see_through(ctx, &mut group, input).map_err(|end| end.into_error(&program))?;
    let ended = Ended::of(exit, stdout, &stderr);
    if ended.status == 0 || setting.allow_failure {
        return Ok(ended);
    }
    Err(failed(&program, &ended))
}

/// Why a program was not seen through to its own end.
enum CutShort {
    Cancelled,
    Pipe(PipeError),
}

impl<E: Into<PipeError>> From<E> for CutShort {
    fn from(error: E) -> Self {
        Self::Pipe(error.into())
    }
}

impl CutShort {
    fn into_error(self, program: &str) -> TaskError {
        match self {
            Self::Cancelled => {
                TaskError::new(ErrorClass::CANCELLED, format!("cancelled, `{program}` is stopped"))
            }
            Self::Pipe(PipeError::TooLong) => {
                let message = format!("`{program}` wrote more than {} MiB", LIMIT >> 20);
                TaskError::msg(message).with_code("output_too_long")
            }
            Self::Pipe(PipeError::Io(error)) => {
                let message = format!("cannot talk to `{program}`");
                TaskError::msg(message).with_code("io").with_cause(error)
            }
        }
    }
}

/// Feeds the program and takes its outputs until it has ended and they are closed, or until the
/// grace of one of the two that should have ended it is over. Afterwards nothing of the group
/// runs; after an early return the group's drop sees to that.
fn see_through(
    ctx: &TaskContext,
    group: &mut Group,
    input: &[u8],
) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), CutShort> {
    let mut pipes = Pipes::of(group.child(), input)?;
    let mut wait = SHORTEST;
    let (mut cancelled, mut deadline) = (false, None);
    loop {
        match pipes.step(wait)? {
            Step::Moved => wait = SHORTEST,
            Step::Idle => wait = (wait * 2).min(LONGEST),
        }
        if !cancelled && ctx.cancelled() {
            group.terminate();
            cancelled = true;
            deadline = Some(Instant::now() + GRACE);
        }
        if group.has_ended()? {
            if pipes.are_drained() {
                break;
            }
            deadline.get_or_insert_with(|| Instant::now() + GRACE);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
    }
    let exit = group.end()?;
    let (stdout, stderr) = pipes.finish()?;
    if cancelled { Err(CutShort::Cancelled) } else { Ok((exit, stdout, stderr)) }
}

impl Ended {
    fn of(exit: ExitStatus, stdout: Vec<u8>, stderr: &[u8]) -> Self {
        let signal = exit.signal();
        let status = exit.code().unwrap_or_else(|| 128 + signal.unwrap_or_default());
        let (stdout, stdout_bytes) = match String::from_utf8(stdout) {
            Ok(text) => (text, None),
            Err(error) => {
                let bytes = error.into_bytes();
                (String::from_utf8_lossy(&bytes).into_owned(), Some(Bytes::from(bytes)))
            }
        };
        Self {
            status: status.into(),
            signal: signal.map(i64::from),
            stdout,
            stdout_bytes,
            stderr: String::from_utf8_lossy(stderr).into_owned(),
        }
    }
}

fn not_started(program: &str, cwd: Option<&str>, error: &io::Error) -> TaskError {
    let code = match error.kind() {
        ErrorKind::NotFound => "not_found",
        ErrorKind::PermissionDenied => "permission_denied",
        _ => "io",
    };
    let message = match cwd {
        // The system's error is the same whichever of the two is missing.
        Some(cwd) if !Path::new(cwd).is_dir() => {
            format!("cannot start `{program}` in {cwd}, which is no folder")
        }
        _ => format!("cannot start `{program}`"),
    };
    TaskError::msg(message).with_code(code).with_cause(error)
}

/// The error of a program that ended with a status other than 0.
fn failed(program: &str, ended: &Ended) -> TaskError {
    let message = match ended.signal {
        Some(signal) => format!("`{program}` was killed by signal {signal}"),
        None => format!("`{program}` ended with status {}", ended.status),
    };
    let mut from = ended.stderr.len().saturating_sub(TAIL);
    while !ended.stderr.is_char_boundary(from) {
        from += 1;
    }
    let tail = &ended.stderr[from..];
    let details = Value::map([
        ("status", Value::from(ended.status)),
        ("signal", Value::from(ended.signal)),
        ("stderr", Value::from(tail)),
    ]);
    let error = TaskError::msg(message).with_code("exit").with_details(details.unwrap_or_default());
    match tail.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => error.with_cause(line),
        None => error,
    }
}

#[cfg(test)]
mod tests;

//! [`Warden`]: a small shell that leads a process group and kills it when the engine is gone.
//!
//! An engine that ends in order kills its groups itself, see [`crate::group`]. One that is killed
//! or leaves at once cannot. So each group is led by a shell that waits for the end of a pipe into
//! which nobody writes: the kernel closes it when the last holder of its other end is gone, and
//! that is the engine, however it ended. Then the shell kills its own group, itself included.
//!
//! - The group's number is the warden's process id, which no other process or group can get while
//!   the warden is a member or unreaped. So nobody outside is hit.
//! - It stands before the program is started, and hears no signal that asks politely.
//! - All wardens wait on one pipe: two descriptors in all, whatever the number of groups.
//!
//! What leaves the group (`setsid`) leaves the warden too.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;

/// Where POSIX systems have a shell. Without one there are no wardens, and only an engine that
/// ends in order takes its groups with it.
const SHELL: &str = "/bin/sh";

/// Says that it stands, waits for the end of the pipe, kills its group.
const SCRIPT: &str =
    "trap '' HUP INT QUIT TERM PIPE ALRM USR1 USR2 TSTP TTIN TTOU; echo; read -r _; kill -KILL 0";

/// The leader of a process group, until it is reaped.
pub(crate) struct Warden(Child);

impl Warden {
    /// Starts one and waits until it stands; `None` where there is no shell to be one.
    pub(crate) fn start() -> io::Result<Option<Self>> {
        let (mut stands, says) = io::pipe()?;
        let mut command = Command::new(SHELL);
        command
            .args(["-c", SCRIPT, "terrace-warden"])
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(engines_end()?)
            .stdout(says)
            .stderr(Stdio::null());
        let mut warden = match command.spawn() {
            Ok(child) => Self(child),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // Closes our copy of `says`: a warden that dies early is the end of what is read here.
        drop(command);
        match stands.read_exact(&mut [0]) {
            Ok(()) => Ok(Some(warden)),
            Err(error) => {
                warden.reap();
                Err(error)
            }
        }
    }

    /// The number of the group that it leads.
    pub(crate) fn group(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Ends it, for good.
    pub(crate) fn reap(&mut self) {
        // Both fail only where it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A pipe's reading end that ends when this process does: its writing end is here, is written to
/// by nobody, and is closed in every program that is started from here.
fn engines_end() -> io::Result<PipeReader> {
    static PIPE: Mutex<Option<(PipeReader, PipeWriter)>> = Mutex::new(None);
    let mut pipe = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    let (end, _) = match &mut *pipe {
        Some(pipe) => pipe,
        none => none.insert(io::pipe()?),
    };
    end.try_clone()
}

//! [`Group`]: a program in a process group of its own, with all that it starts.
//!
//! The group's number is the program's process id, which the kernel gives to nobody else until
//! the program is reaped. So the group is killed first and the program reaped after, and a signal
//! never meets a stranger. A process that leaves the group (`setsid`) is on its own.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A running program and its process group; both are gone when this is dropped.
pub(crate) struct Group {
    child: Child,
    id: Pid,
    reaped: bool,
}

impl Group {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = Pid::from_child(&child);
        Ok(Self { child, id, reaped: false })
    }

    /// The program, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program has ended; what it started may still run.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id), options)?.is_some())
    }

    /// Asks every process of the group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills what is left of the group and says how the program ended.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.reaped = true;
        self.child.wait()
    }

    fn signal(&self, signal: Signal) {
        // Fails only where nobody is left in the group, or where all have changed their user.
        let _ = kill_process_group(self.id, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            // Nobody is left to hear of an error.
            let _ = self.end();
        }
    }
}

//! [`Group`]: a program in a process group of its own, with all that it starts.
//!
//! The group's number is the process id of its leader, a [`Warden`] or, where there can be none,
//! the program. The kernel gives it to nobody else until the leader is reaped. So the group is
//! killed first and its leader reaped after, and a signal never meets a stranger. A process that
//! leaves the group (`setsid`) is on its own, unless it is the program itself.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, kill_process_group, waitid,
};

use crate::warden::Warden;

/// A running program and its process group; both are gone when this is dropped, and soon after
/// the engine is.
pub(crate) struct Group {
    child: Child,
    program: Pid,
    warden: Option<Warden>,
    reaped: bool,
}

impl Group {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut warden = Warden::start()?;
        let leader = warden.as_ref().map_or(0, |warden| warden.group().as_raw_nonzero().get());
        match command.process_group(leader).spawn() {
            Ok(child) => {
                let program = Pid::from_child(&child);
                Ok(Self { child, program, warden, reaped: false })
            }
            Err(error) => {
                warden.iter_mut().for_each(Warden::reap);
                Err(error)
            }
        }
    }

    /// The program, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program has ended; what it started may still run.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.program), options)?.is_some())
    }

    /// Asks every process of the group to end, the warden excepted.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills what is left of the group and says how the program ended.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.reaped = true;
        let status = self.child.wait();
        self.warden.iter_mut().for_each(Warden::reap);
        status
    }

    fn signal(&self, signal: Signal) {
        let group = self.warden.as_ref().map_or(self.program, Warden::group);
        // These fail only where nobody is left, or where all have changed their user.
        let _ = kill_process_group(group, signal);
        if getpgid(Some(self.program)).is_ok_and(|found| found != group) {
            // Not reaped yet, so this is the program and nobody else.
            let _ = kill_process(self.program, signal);
        }
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

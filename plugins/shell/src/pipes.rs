//! [`Pipes`]: feeds a program and takes its output, all at once and without a thread, so that
//! neither side waits for the other whatever the amounts.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

/// The most bytes that are kept of either output.
pub(crate) const LIMIT: usize = 64 << 20;
/// Bytes read at a time: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// Whether a call of [`Pipes::step`] did anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes went through, or a pipe was closed.
    Moved,
    /// The time passed.
    Idle,
}

/// Why no more is read.
#[derive(Debug)]
pub(crate) enum PipeError {
    /// An output is longer than [`LIMIT`].
    TooLong,
    /// The system's.
    Io(io::Error),
}

impl From<io::Error> for PipeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Errno> for PipeError {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

/// The pipes of a program and what came through them.
pub(crate) struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    rest: &'a [u8],
    stdout: Output<ChildStdout>,
    stderr: Output<ChildStderr>,
}

/// One output: its pipe while it is open, and what came out.
struct Output<P> {
    pipe: Option<P>,
    bytes: Vec<u8>,
}

impl<'a> Pipes<'a> {
    /// Takes the pipes of a program, of which `input` is all it will read.
    pub(crate) fn of(child: &mut Child, input: &'a [u8]) -> io::Result<Self> {
        let pipes = Self {
            stdin: child.stdin.take().filter(|_| !input.is_empty()),
            rest: input,
            stdout: Output { pipe: child.stdout.take(), bytes: Vec::new() },
            stderr: Output { pipe: child.stderr.take(), bytes: Vec::new() },
        };
        // Each end has its own flag: the program's stays as it is.
        for fd in [
            pipes.stdin.as_ref().map(AsFd::as_fd),
            pipes.stdout.pipe.as_ref().map(AsFd::as_fd),
            pipes.stderr.pipe.as_ref().map(AsFd::as_fd),
        ] {
            fd.map_or(Ok(()), |fd| ioctl_fionbio(fd, true))?;
        }
        Ok(pipes)
    }

    /// Whether both outputs are closed, so that nothing more can come.
    pub(crate) fn are_drained(&self) -> bool {
        self.stdout.pipe.is_none() && self.stderr.pipe.is_none()
    }

    /// Waits until a pipe is ready, at most as long as told, and moves up to one chunk on each.
    pub(crate) fn step(&mut self, wait: Duration) -> Result<Step, PipeError> {
        let mut fds = Vec::with_capacity(3);
        fds.extend(self.stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        fds.extend(self.stdout.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        fds.extend(self.stderr.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        match poll(&mut fds, Some(&wait)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Step::Idle),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        // Not ready is an answer like any other, so all three are tried.
        self.feed()?;
        self.stdout.take()?;
        self.stderr.take()?;
        Ok(Step::Moved)
    }

    /// Takes what is there, without waiting, and gives both outputs.
    pub(crate) fn finish(mut self) -> Result<(Vec<u8>, Vec<u8>), PipeError> {
        while self.stdout.take()? == Step::Moved {}
        while self.stderr.take()? == Step::Moved {}
        Ok((self.stdout.bytes, self.stderr.bytes))
    }

    fn feed(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.stdin else { return Ok(()) };
        match pipe.write(self.rest) {
            Ok(written) => self.rest = &self.rest[written..],
            Err(error) if is_later(&error) => return Ok(()),
            // The program wants no more, which is its right.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.rest = &[],
            Err(error) => return Err(error),
        }
        if self.rest.is_empty() {
            self.stdin = None;
        }
        Ok(())
    }
}

impl<P: Read> Output<P> {
    fn take(&mut self) -> Result<Step, PipeError> {
        let Some(pipe) = &mut self.pipe else { return Ok(Step::Idle) };
        let before = self.bytes.len();
        // Reads into the vector itself; stops where the pipe is empty for now.
        match pipe.take(CHUNK as u64).read_to_end(&mut self.bytes) {
            Ok(read) if read < CHUNK => self.pipe = None,
            Ok(_) => {}
            Err(error) if is_later(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if self.bytes.len() > LIMIT {
            return Err(PipeError::TooLong);
        }
        let moved = self.bytes.len() > before || self.pipe.is_none();
        Ok(if moved { Step::Moved } else { Step::Idle })
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

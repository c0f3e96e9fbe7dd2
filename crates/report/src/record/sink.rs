//! [`Sink`]: where lines go, and the thread that brings them to disk.
//!
//! Whoever records appends to a buffer and goes on. One thread hands the buffer to the system half a
//! second after the first line in it, at once when a line is urgent or the buffer is large, and sleeps
//! without a timer while there is nothing. So a run that hangs, or a process that is killed, has its
//! last lines in the file within a second; a machine that loses power may lose what the system had
//! not written yet.
//!
//! A disk that is too slow holds the run up once 16 MiB wait; one that fails ends the record and not
//! the run, and is told at the end.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a line waits for others.
const WAIT: Duration = Duration::from_millis(500);
/// How many bytes do not wait for more.
const LARGE: usize = 256 << 10;
/// How many bytes may wait for the disk.
const FULL: usize = 16 << 20;

pub(super) struct Sink {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    /// The thread waits here.
    work: Condvar,
    /// Who has too much to write waits here.
    room: Condvar,
}

#[derive(Default)]
struct State {
    buffer: Vec<u8>,
    urgent: bool,
    closed: bool,
    /// The thread waits for a first line.
    asleep: bool,
    failed: Option<io::Error>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until it is closed.
    fn write(&self, mut output: impl Write) {
        let _ended = Ended(self);
        let mut lines = Vec::new();
        loop {
            let mut state = self.lock();
            while state.buffer.is_empty() && !state.closed {
                state.asleep = true;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep = false;
            let waits =
                |state: &mut State| !state.urgent && !state.closed && state.buffer.len() < LARGE;
            let (mut state, _) = self
                .work
                .wait_timeout_while(state, WAIT, waits)
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut state.buffer, &mut lines);
            state.urgent = false;
            let (closed, failed) = (state.closed, state.failed.is_some());
            drop(state);
            if !failed {
                let written = output.write_all(&lines).and_then(|()| output.flush());
                if let Err(error) = written {
                    self.lock().failed = Some(error);
                }
            }
            lines.clear();
            self.room.notify_all();
            if closed {
                return;
            }
        }
    }
}

/// Whatever ends the thread, nobody waits for it any more.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.room.notify_all();
    }
}

impl Sink {
    /// Starts the thread.
    pub(super) fn new(output: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
        });
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("terrace-record".to_owned())
            .spawn(move || writer.write(output))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Appends lines; `urgent` ones are written at once.
    pub(super) fn append(&self, urgent: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.shared.lock();
        while state.buffer.len() >= FULL && !state.closed {
            state = self.shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed || state.failed.is_some() {
            return;
        }
        let before = state.buffer.len();
        write(&mut state.buffer);
        let grown = before < LARGE && state.buffer.len() >= LARGE;
        let wakes = state.asleep || grown || (urgent && !state.urgent);
        state.asleep = false;
        state.urgent |= urgent;
        drop(state);
        if wakes {
            self.shared.work.notify_one();
        }
    }

    /// Writes what is left and ends the thread.
    ///
    /// # Errors
    /// The first that the output gave.
    pub(super) fn close(&self) -> io::Result<()> {
        self.shared.lock().closed = true;
        self.shared.work.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            return Err(io::Error::other("what the record is written to panicked"));
        }
        self.shared.lock().failed.take().map_or(Ok(()), Err)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Whoever wanted to know has closed it.
        let _ = self.close();
    }
}

//! [`Sink`]: where lines go, and the thread that brings them to disk.
//!
//! Whoever records appends to a buffer of its thread's own and goes on: threads that run short nodes
//! do not wait for each other, nor for what the other's core has in its cache. One thread collects all
//! buffers half a second after the first line in one, at once when a line is urgent or a buffer is
//! large, puts the lines in order of time, hands them to the system, and sleeps without a timer while
//! there is nothing. So a run that hangs, or a process that is killed, has its last lines in the file
//! within a second; a machine that loses power may lose what the system had not written yet.
//!
//! All buffers are taken at the same moment. So what follows from something is never written in an
//! earlier portion than that, whichever threads told of the two.
//!
//! A disk that is too slow holds a thread up once 4 MiB of its lines wait; one that fails ends the
//! record and not the run, and is told at the end.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::portion::Portion;

/// How long a line waits for others.
const WAIT: Duration = Duration::from_millis(500);
/// How many bytes of a thread do not wait for more.
const LARGE: usize = 256 << 10;
/// How many bytes of a thread may wait for the disk.
const FULL: usize = 4 << 20;
/// Threads beyond so many share buffers.
const BUFFERS: usize = 16;

pub(super) struct Sink {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// On lines of its own: its thread writes there all the time.
#[repr(align(128))]
#[derive(Default)]
struct Buffer(Mutex<Portion>);

struct Shared {
    buffers: [Buffer; BUFFERS],
    /// The thread waits for a first line.
    asleep: AtomicBool,
    /// It was closed, or failed: nothing is written any more.
    over: AtomicBool,
    state: Mutex<State>,
    /// The thread waits here.
    work: Condvar,
    /// Who has too much to write waits here.
    room: Condvar,
}

#[derive(Default)]
struct State {
    /// There is a first line.
    called: bool,
    /// Lines are to be written now.
    urgent: bool,
    closed: bool,
    failed: Option<io::Error>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The buffer of the thread that asks.
fn own_buffer() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % BUFFERS;
    }
    // A thread that is going away has no locals any more.
    OWN.try_with(|own| *own).unwrap_or(0)
}

impl Shared {
    /// Writes until it is closed.
    fn write(&self, mut output: impl Write, mut lines: Vec<u8>) {
        let _ended = Ended(self);
        let mut portions: Vec<Portion> = (0..BUFFERS).map(|_| Portion::default()).collect();
        loop {
            if !lines.is_empty() {
                let written = output.write_all(&lines).and_then(|()| output.flush());
                if let Err(error) = written {
                    self.over.store(true, Ordering::Relaxed);
                    lock(&self.state).failed = Some(error);
                }
                lines.clear();
            }
            let closed = self.wait();
            self.collect(&mut portions);
            // Whoever waits for room has it, while these are written.
            self.room.notify_all();
            Portion::merge(&mut portions, &mut lines);
            if self.over.load(Ordering::Relaxed) && !closed {
                lines.clear();
            }
            if closed {
                let failed = lock(&self.state).failed.is_some();
                if !failed
                    && let Err(error) = output.write_all(&lines).and_then(|()| output.flush())
                {
                    lock(&self.state).failed = Some(error);
                }
                return;
            }
        }
    }

    /// Waits until there are lines to be written. True: they are the last.
    fn wait(&self) -> bool {
        let mut state = lock(&self.state);
        state.called = false;
        // Before the look at the buffers: whoever appends after that look sees it.
        self.asleep.store(true, Ordering::SeqCst);
        let has_lines = self.buffers.iter().any(|buffer| !lock(&buffer.0).is_empty());
        if has_lines {
            self.asleep.store(false, Ordering::Relaxed);
        } else {
            while !(state.called || state.closed) {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let waits = |state: &mut State| !state.urgent && !state.closed;
        let waited = self.work.wait_timeout_while(state, WAIT, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.urgent = false;
        state.closed
    }

    /// Takes what is in all buffers, at one moment.
    fn collect(&self, portions: &mut [Portion]) {
        let mut buffers: Vec<_> = self.buffers.iter().map(|buffer| lock(&buffer.0)).collect();
        for (buffer, portion) in buffers.iter_mut().zip(portions) {
            std::mem::swap(&mut **buffer, portion);
        }
    }

    /// Wakes the thread.
    #[cold]
    fn call(&self, urgent: bool) {
        let mut state = lock(&self.state);
        state.called = true;
        state.urgent |= urgent;
        drop(state);
        self.work.notify_one();
    }

    /// Waits until the disk has taken something.
    #[cold]
    fn wait_for_room(&self) {
        self.call(true);
        let state = lock(&self.state);
        // Looked at again now and then: it may have been made between the look at the buffer and this.
        drop(self.room.wait_timeout(state, Duration::from_millis(20)));
    }
}

/// Whatever ends the thread, nobody waits for it any more.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
        self.0.room.notify_all();
    }
}

impl Sink {
    /// Starts the thread, which writes `first` before all else.
    pub(super) fn new(output: impl Write + Send + 'static, first: Vec<u8>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            buffers: Default::default(),
            asleep: AtomicBool::new(false),
            over: AtomicBool::new(false),
            state: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
        });
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("terrace-record".to_owned())
            .spawn(move || writer.write(output, first))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Appends lines that tell of a moment, in nanoseconds; `urgent` ones are written at once.
    pub(super) fn append(&self, at: u64, urgent: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let shared = &*self.shared;
        let buffer = &shared.buffers[own_buffer()].0;
        let (before, after) = loop {
            if shared.over.load(Ordering::Relaxed) {
                return;
            }
            let mut portion = lock(buffer);
            if portion.len() < FULL {
                break portion.append(at, write);
            }
            drop(portion);
            shared.wait_for_room();
        };
        let large = before < LARGE && after >= LARGE;
        // Who sleeps looked at the buffer before this was in it, or would not.
        let asleep =
            shared.asleep.load(Ordering::Relaxed) && shared.asleep.swap(false, Ordering::Relaxed);
        if asleep || large || urgent {
            shared.call(large || urgent);
        }
    }

    /// Writes what is left, and some last lines, and ends the thread.
    ///
    /// # Errors
    /// The first that the output gave.
    pub(super) fn close(&self) -> io::Result<()> {
        lock(&self.shared.state).closed = true;
        self.shared.work.notify_one();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            return Err(io::Error::other("what the record is written to panicked"));
        }
        lock(&self.shared.state).failed.take().map_or(Ok(()), Err)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Whoever wanted to know has closed it.
        let _ = self.close();
    }
}

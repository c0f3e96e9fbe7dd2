//! The owner: the thread that waits for a run, and works on it meanwhile.
//!
//! It takes a seat like everyone else, so a caller counts as one of the workers. It works on its
//! own run only: what it may be inside of already (a task that started this run) is not made to
//! wait for strangers, and the stack holds one frame per nested run and not one per node.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;

use super::{Role, Run, lock};
use crate::pool::STACK;
use crate::report::RunReport;

/// Nested runs that one stack carries; the next continues on a stack of its own.
const RUNS_PER_STACK: u32 = 64;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

impl Run {
    /// Takes a seat for the owner, where one is free.
    pub(crate) fn sit(&self) -> bool {
        self.seats.sit()
    }

    /// Works on the run until it is over. The caller is its owner, the only one there is.
    pub(crate) fn drive(self: &Arc<Self>, seated: bool) -> RunReport {
        self.drive_with_room(seated);
        self.report().expect("a run that is over has its report")
    }

    /// On this stack or, where it has carried many runs already, on another.
    fn drive_with_room(self: &Arc<Self>, seated: bool) {
        let depth = DEPTH.with(Cell::get);
        if depth < RUNS_PER_STACK {
            DEPTH.with(|cell| cell.set(depth + 1));
            self.drive_here(seated);
            DEPTH.with(|cell| cell.set(depth));
            return;
        }
        thread::scope(|scope| {
            let stack = thread::Builder::new().name(String::from("terrace-nested"));
            let own = Arc::clone(self);
            if stack
                .stack_size(STACK)
                .spawn_scoped(scope, move || own.drive_with_room(seated))
                .is_err()
            {
                self.drive_here(seated);
            }
        });
    }

    fn drive_here(self: &Arc<Self>, mut seated: bool) {
        *lock(&self.owner) = Some(thread::current());
        while !self.is_finished() {
            if seated {
                self.work(Role::Owner);
                if self.is_finished() {
                    break;
                }
            }
            self.seats.owner_sleeps(seated);
            seated = self.sleep();
        }
        // So that what is left of the run is not kept alive by a busy pool.
        if self.seats.invited() {
            let me: *const () = Arc::as_ptr(self).cast();
            let count = self.machine.pool.retract(me);
            self.seats.uninvite(count);
        }
    }

    /// Sleeps until there is something to do, with a seat for it, or the run is over.
    fn sleep(&self) -> bool {
        loop {
            if self.is_finished() {
                return false;
            }
            if self.seats.owner_called() {
                return true;
            }
            if self.has_work(Role::Owner) && self.seats.owner_rises() {
                return true;
            }
            // Whoever calls the owner, hands in overflow or ends the run unparks it, after making
            // visible what the lines above look for; the token of `unpark` keeps what came between.
            thread::park();
        }
    }

    pub(super) fn wake_owner(&self) {
        let owner = lock(&self.owner).clone();
        if let Some(owner) = owner {
            owner.unpark();
        }
    }

    /// Makes somebody look at the run again: what may start has changed.
    pub(super) fn nudge(self: &Arc<Self>) {
        if let super::Path::Fast(fast) = &self.path {
            fast.interrupt();
        }
        self.call();
        self.wake_owner();
    }
}

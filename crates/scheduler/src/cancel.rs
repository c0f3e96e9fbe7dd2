//! [`CancelToken`]: how someone outside or inside a run says stop.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Something that has to be nudged when a token is cancelled, beyond what looks at the flag anyway.
pub(crate) trait Listener: Send + Sync {
    /// Called once, on the thread that cancels, with no lock held.
    fn cancelled(self: Arc<Self>);
}

/// Says stop to every run that was given a clone of it. Cancelling is for ever.
///
/// Nodes that have not started then never do; running tasks learn it by their context and stop
/// when they look.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    listeners: Mutex<Vec<Weak<dyn Listener>>>,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says stop. Returns at once; may be called on any thread, also inside a task or an observer.
    pub fn cancel(&self) {
        // Pairs with the Acquire in `is_cancelled`; SeqCst orders it against `listen`, so that a
        // run either hears of it or sees the flag.
        if self.0.cancelled.swap(true, Ordering::SeqCst) {
            return;
        }
        let listeners = {
            let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *listeners)
        };
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.cancelled();
        }
    }

    /// Whether someone said stop.
    pub fn is_cancelled(&self) -> bool {
        // Pairs with the swap in `cancel`.
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Nudges `listener` when the token is cancelled; at once when it already is.
    pub(crate) fn listen(&self, listener: &Arc<impl Listener + 'static>) {
        {
            let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
            // Runs that are over leave a dead entry: swept before the list would grow.
            if listeners.len() == listeners.capacity() {
                listeners.retain(|listener| listener.strong_count() > 0);
            }
            let listener: Weak<dyn Listener> = Arc::downgrade(&(Arc::clone(listener) as Arc<_>));
            listeners.push(listener);
        }
        if self.is_cancelled() {
            Arc::clone(listener).cancelled();
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}

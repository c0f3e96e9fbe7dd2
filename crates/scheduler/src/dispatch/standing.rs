//! [`Standing`]: what runs and what waits for what, at one moment.

use std::time::Duration;

use super::{Capacities, Dispatcher};

/// At how many queues of units that take the same one look goes: enough for any file that people
/// write, and few enough for a lock that others wait for.
const LOOKED_AT: usize = 1_000;

/// What runs and what waits for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many units run, by lane; those that compute by the places they take.
    pub running: Capacities,
    /// How many units wait, for whatever: a place, a limit, a pause between attempts.
    pub waiting: usize,
    /// The limits and rates that units wait for.
    pub held: Vec<Held>,
}

/// A limit that units wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub limit: String,
    /// How many units wait for it.
    pub units: usize,
    /// When its rate lets the next start, since the run's start, where nothing but time is lacking.
    pub next: Option<Duration>,
}

impl<U: Copy> Dispatcher<U> {
    /// What runs and what waits for what.
    pub fn standing(&self, now: Duration) -> Standing {
        let mut held: Vec<Held> = Vec::new();
        for queue in self.queues.waiting().take(LOOKED_AT) {
            for &(id, amount) in &self.demands.get(queue.class.demand).needs {
                let Err(next) = self.limits.fits(id, amount, 0, now) else { continue };
                let name = &*self.limits.limit(id).name;
                match held.iter_mut().find(|held| held.limit == name) {
                    Some(held) => {
                        held.units += queue.len();
                        held.next = held.next.into_iter().chain(next).min();
                    }
                    None => held.push(Held { limit: name.to_owned(), units: queue.len(), next }),
                }
            }
        }
        Standing { running: self.running, waiting: self.waiting.len(), held }
    }
}

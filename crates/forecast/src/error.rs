//! Why there is no forecast.

use terrace_core::Problems;
use terrace_scheduler::SimulationError;

/// Why there is no forecast.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// Something that was given is wrong: names of nodes, of limits, times.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// The simulated run waits for ever.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The simulated run failed: what is made up of outputs does not do.
    #[error(
        "the simulated run fails at {at}: {why}; no task is called, so values are made up from \
         their types alone"
    )]
    Failed {
        /// Where.
        at: String,
        /// Why.
        why: String,
    },
}

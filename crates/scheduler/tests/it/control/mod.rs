//! What policies do to a run: limits, retries, times, failures, priorities, budgets. Real threads
//! and real time, but what is claimed is claimed of events and of what tasks saw.

mod seen;

mod budget;
mod cancelled;
mod failure;
mod leftovers;
mod limits;
mod priority;
mod rates;
mod retry;
mod stress;
mod times;

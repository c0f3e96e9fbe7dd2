//! Whole runs on a virtual clock: what [`basics`] a simulation promises, and a hundred thousand
//! [`random`] ones against sums that share no code with the scheduler.
//!
//! What those found is in [`found`], each by itself. [`spec`] says what a workflow is and draws one, [`build`] hands it to the engine, [`log`] reads
//! what was told, [`rules`] and [`order`] say what must hold, [`fits`] what must not wait.

mod basics;
mod build;
mod fits;
mod found;
mod log;
mod oracle;
mod order;
mod random;
mod rules;
mod spec;

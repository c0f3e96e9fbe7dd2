//! What runs of a workflow would take, before anything runs.
//!
//! [`Forecast`] takes a workflow to its end on a virtual clock, with one number of workers after the
//! other: the decisions are the ordered dispatcher's own, no task is called. [`Explanation`] says
//! what makes it take so long. Both go by how long tasks take ([`Times`]): declared, recorded, or
//! given. [`Recorded`] is a workflow made of the record of a run, [`wfformat`] reads recorded workflows of
//! others.
//!
//! Pure like core: text comes in as text, what comes out is data, and text or pictures of it.
#![forbid(unsafe_code)]

mod bound;
mod cut;
mod error;
mod explain;
mod forecast;
mod foreseen;
mod items;
mod names;
mod never;
mod plot;
mod recorded;
mod scopes;
mod script;
mod shape;
mod shown;
mod table;
mod times;
mod wants;
pub mod wfformat;

pub use bound::HeldBy;
pub use error::ForecastError;
pub use explain::{Explanation, LevelTime, NodeTime, Spread, WhatIf};
pub use forecast::{Assumptions, Forecast, Priority, Row};
pub use foreseen::Foreseen;
pub use recorded::Recorded;
pub use times::{MissingTimes, Times};

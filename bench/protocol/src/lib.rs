//! How one engine is measured in one process.
//!
//! A *peer* is a program that runs one graph with one engine, many times over, and prints one line
//! of numbers. Whoever speaks this protocol can be compared in one run with all others that do:
//! the driver in `bench/peers` starts them in turns. `bench/README.md` is the page about it.
//!
//! ```text
//! terrace-peer --graph FILE --threads 2 --body empty --budget-ms 150 --gap-us 0
//! ```
//!
//! - [`graph`]: the six shapes, made from a seed, and the file they are in.
//! - [`work`]: what a task does, and the proof that each did it once.
//! - [`request`]: the arguments.
//! - [`measure`]: builds, first runs, re-runs. A peer's `main` is a call of [`serve`].
//! - [`mod@line`]: the line of numbers.
#![forbid(unsafe_code)]

pub mod graph;
pub mod lap;
pub mod line;
pub mod machine;
pub mod measure;
mod memory;
pub mod request;
mod seeded;
mod tally;
pub mod text;
pub mod work;

pub use graph::{Graph, SHAPES};
pub use line::Line;
pub use measure::{Built, serve};
pub use request::Request;
pub use work::{Body, Work};

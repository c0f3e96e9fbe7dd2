//! [`in_turns`]: laps of several ways to do one thing, one after the other, so that what else the
//! machine does hits all of them alike.

use std::time::{Duration, Instant};

use terrace_bench_protocol::lap::{Lap, Laps};

/// Laps of a way at least, and at most.
const LAPS: (usize, usize) = (5, 2_000);

/// One way to do it.
pub trait Turn {
    /// Makes ready what a lap uses up; not measured.
    fn prepare(&mut self) {}

    /// Does it once.
    ///
    /// # Errors
    /// When it came out wrong.
    fn lap(&mut self) -> Result<(), String>;
}

/// Measures all ways until the budget is used up, each lap as so many things: time is per thing.
///
/// # Errors
/// When one came out wrong.
pub fn in_turns(
    ways: &mut [&mut dyn Turn],
    things: usize,
    budget: Duration,
) -> Result<Vec<Laps>, String> {
    let mut laps: Vec<Vec<Lap>> = ways.iter().map(|_| Vec::new()).collect();
    // Not measured: memory is touched, what is learned of a plan is learned.
    for _ in 0..3 {
        for way in ways.iter_mut() {
            way.prepare();
            way.lap()?;
        }
    }
    let begin = Instant::now();
    for round in 0..LAPS.1 {
        if round >= LAPS.0 && begin.elapsed() > budget {
            break;
        }
        for (way, laps) in ways.iter_mut().zip(&mut laps) {
            way.prepare();
            let (came_out, lap) = Lap::of(|| way.lap());
            came_out?;
            laps.push(lap);
        }
    }
    Ok(laps.iter().map(|laps| Laps::of(laps, things)).collect())
}

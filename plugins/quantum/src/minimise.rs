//! The minimum of an energy over one angle, one measured energy a step: what the body of a loop
//! hands to its next pass.
//!
//! Brent's method without derivatives: a parabola through the three lowest points where that
//! converges, the golden section of the bracket where it does not, so that the bracket shrinks
//! whatever the energy is. R. P. Brent, Algorithms for Minimization Without Derivatives (1973),
//! chapter 5, with his names x, w, v, u, d and e in brackets below. An energy of one rotation is
//! a + b cos θ + c sin θ and three measurements would give its minimum in closed form (Ostaszewski,
//! Grant, Benedetti, Structure optimization for parameterized quantum circuits, Quantum 5, 391);
//! this one asks nothing of the energy but a single minimum in the bracket.

use terrace_plugin_api::{ErrorClass, Record, TaskError, task};

/// Two angles nearer than this part of themselves have energies that a float cannot tell apart:
/// the root of its precision.
const RELATIVE: f64 = 1.5e-8;

/// A search for a minimum between two passes. Of use outside are `theta`, `best`, `energy`,
/// `passes` and `done`; the rest is what the method remembers.
#[derive(Clone, Copy, Debug, PartialEq, Record)]
pub struct Search {
    /// The angle to measure next (u); the best one when it is done.
    pub theta: f64,
    /// The angle of the lowest energy so far (x).
    pub best: f64,
    /// That energy; infinite before the first.
    pub energy: f64,
    /// How many energies were measured.
    pub passes: u32,
    /// Whether the minimum is known to within the tolerance.
    pub done: bool,
    /// How near the angle is to come, in radians.
    pub tolerance: f64,
    /// Where the bracket begins: the minimum lies in it.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The second lowest point (w): angle and energy.
    pub second: (f64, f64),
    /// The point that was second before (v).
    pub third: (f64, f64),
    /// How far the next angle is from the best (d).
    pub step: f64,
    /// The step before the last (e).
    pub step_before: f64,
}

/// Begins the search for the minimum of an energy between two angles.
///
/// # Errors
/// Code `bracket` where `low` is not below `high` or one is no number, `tolerance` where that is
/// not above 0.
#[task(pure)]
pub fn bracket(
    /// The lowest angle, in radians.
    low: f64,
    /// The highest.
    high: f64,
    /// How near the angle is to come. Below about 1e-8 a float cannot tell energies apart.
    #[default = 0.000001]
    tolerance: f64,
) -> Result<Search, TaskError> {
    let refused = |code: &str, message: String| {
        Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code(code))
    };
    if !(low < high && (high - low).is_finite()) {
        return refused("bracket", format!("there are no angles from {low} to {high}"));
    }
    if !(tolerance > 0.0 && tolerance.is_finite()) {
        return refused("tolerance", format!("input `tolerance`: {tolerance} is not above 0"));
    }
    let theta = low + golden() * (high - low);
    let unknown = (theta, f64::INFINITY);
    Ok(Search {
        theta,
        best: theta,
        energy: f64::INFINITY,
        passes: 0,
        done: false,
        tolerance,
        low,
        high,
        second: unknown,
        third: unknown,
        step: 0.0,
        step_before: 0.0,
    })
}

/// Takes the energy at the search's `theta` into account and says which angle to measure next, or
/// that it is `done`. A search that is done stays as it is.
///
/// # Errors
/// Code `energy` where the energy is no number.
#[task(pure)]
pub fn minimise_step(
    /// What `bracket` or the step before gave.
    search: Search,
    /// The energy at its `theta`.
    energy: f64,
) -> Result<Search, TaskError> {
    if !energy.is_finite() {
        let message = format!("input `energy`: {energy} at θ = {} is no energy", search.theta);
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("energy"));
    }
    if search.done {
        return Ok(search);
    }
    Ok(search.learn(energy).advance())
}

/// The smaller part of the golden section, (3 − √5) / 2.
fn golden() -> f64 {
    (3.0 - 5.0_f64.sqrt()) / 2.0
}

impl Search {
    /// Sorts the measured point in among the three lowest, and shrinks the bracket by it.
    fn learn(mut self, energy: f64) -> Self {
        let new = (self.theta, energy);
        let best = (self.best, self.energy);
        self.passes += 1;
        if self.passes == 1 {
            return Self { energy, second: new, third: new, ..self };
        }
        if energy <= self.energy {
            // The minimum is on the new point's side of the old one.
            if self.theta < self.best {
                self.high = self.best;
            } else {
                self.low = self.best;
            }
            return Self { best: new.0, energy, second: best, third: self.second, ..self };
        }
        if self.theta < self.best {
            self.low = self.theta;
        } else {
            self.high = self.theta;
        }
        if energy <= self.second.1 || self.second.0 == self.best {
            self.third = self.second;
            self.second = new;
        } else if energy <= self.third.1
            || self.third.0 == self.best
            || self.third.0 == self.second.0
        {
            self.third = new;
        }
        self
    }

    /// Chooses the next angle, or ends.
    fn advance(mut self) -> Self {
        let middle = f64::midpoint(self.low, self.high);
        let near = RELATIVE * self.best.abs() + self.tolerance / 3.0;
        if (self.best - middle).abs() <= 2.0 * near - (self.high - self.low) / 2.0 {
            return Self { theta: self.best, done: true, ..self };
        }
        match self.parabola(near) {
            Some(step) => {
                self.step_before = self.step;
                self.step = step;
                let next = self.best + step;
                // Not so near to an end that nothing could be learnt there.
                if next - self.low < 2.0 * near || self.high - next < 2.0 * near {
                    self.step = near.copysign(middle - self.best);
                }
            }
            None => {
                let side = if self.best < middle { self.high } else { self.low };
                self.step_before = side - self.best;
                self.step = golden() * self.step_before;
            }
        }
        // Nor so near to the best that the energies could not be told apart.
        let step = if self.step.abs() >= near { self.step } else { near.copysign(self.step) };
        self.theta = self.best + step;
        self
    }

    /// The step to the lowest point of the parabola through the three lowest points, where that is
    /// inside the bracket and less than half the step before the last, so that steps shrink.
    fn parabola(&self, near: f64) -> Option<f64> {
        if self.step_before.abs() <= near {
            return None;
        }
        let (x, (w, energy_w), (v, energy_v)) = (self.best, self.second, self.third);
        let r = (x - w) * (self.energy - energy_v);
        let q = (x - v) * (self.energy - energy_w);
        let p = (x - v) * q - (x - w) * r;
        let q = 2.0 * (q - r);
        let (p, q) = if q > 0.0 { (-p, q) } else { (p, -q) };
        let shrinks = p.abs() < (0.5 * q * self.step_before).abs();
        let inside = p > q * (self.low - x) && p < q * (self.high - x);
        (shrinks && inside).then(|| p / q)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;
    use crate::ansatz::build_ansatz;
    use crate::energy::compute_energy;
    use crate::measure::measure_pauli;

    /// What the loop of a workflow does.
    fn minimise(low: f64, high: f64, tolerance: f64, energy: impl Fn(f64) -> f64) -> Search {
        let mut search = bracket(low, high, tolerance).unwrap();
        while !search.done {
            assert!(search.passes < 200, "{search:?}");
            assert!(search.low <= search.theta && search.theta <= search.high, "{search:?}");
            search = minimise_step(search, energy(search.theta)).unwrap();
        }
        search
    }

    fn h2(theta: f64) -> f64 {
        let circuit = build_ansatz(theta).unwrap();
        let terms = ["ZI", "IZ", "ZZ", "XX", "YY"].map(|pauli| measure_pauli(&circuit, pauli));
        compute_energy(terms.into_iter().map(Result::unwrap).collect()).unwrap()
    }

    #[test]
    fn hydrogen_comes_to_its_ground_state() {
        for (low, high) in [(-1.0, 1.0), (-3.0, 3.0), (-PI, PI), (-0.3, 3.0), (-3.0, -0.2)] {
            let found = minimise(low, high, 1e-6, h2);
            assert!((found.energy + 1.137_306_035_8).abs() < 1e-9, "{found:?}");
            assert!((found.best + 0.223_54).abs() < 1e-5, "{found:?}");
            assert_eq!(found.theta, found.best);
            assert!((5..20).contains(&found.passes), "{found:?}");
        }
        // As in examples/vqe-minimum.yaml, whose answer says so.
        assert_eq!(minimise(-3.0, 3.0, 1e-6, h2).passes, 9);
    }

    #[test]
    fn any_rotation_comes_to_its_minimum() {
        for at in 0..50 {
            // a + b cos θ + c sin θ with its minimum at `lowest`.
            let lowest = f64::from(at) * TAU / 50.0 - PI;
            let energy = |theta: f64| 3.0 - 0.1 * (theta - lowest).cos();
            let found = minimise(lowest - 2.9, lowest + 1.7, 1e-6, energy);
            assert!((found.best - lowest).abs() < 1e-5, "{lowest}: {found:?}");
        }
    }

    #[test]
    fn energies_that_are_no_parabola_end_too() {
        // Flat, with a corner, flat at the minimum, and falling to either end.
        let flat = minimise(-1.0, 1.0, 1e-6, |_| 1.0);
        assert_eq!(flat.energy, 1.0);
        assert!((minimise(-1.0, 2.0, 1e-7, |x| (x - 0.3).abs()).best - 0.3).abs() < 1e-6);
        assert!(minimise(-1.0, 2.0, 1e-6, |x| x.powi(8)).best.abs() < 0.1);
        assert!(minimise(-1.0, 2.0, 1e-6, |x| x).best < -1.0 + 1e-5);
        assert!(minimise(-1.0, 2.0, 1e-6, |x| -x).best > 2.0 - 1e-5);
    }

    #[test]
    fn a_search_that_is_done_stays() {
        let done = minimise(-1.0, 1.0, 1e-6, h2);
        assert_eq!(minimise_step(done, -100.0).unwrap(), done);
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for (low, high) in [(1.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0), (f64::MIN, f64::MAX)] {
            assert_eq!(bracket(low, high, 1e-6).unwrap_err().code(), "bracket");
        }
        for tolerance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(bracket(0.0, 1.0, tolerance).unwrap_err().code(), "tolerance");
        }
        let search = bracket(0.0, 1.0, 1e-6).unwrap();
        assert_eq!(minimise_step(search, f64::NAN).unwrap_err().code(), "energy");
    }
}

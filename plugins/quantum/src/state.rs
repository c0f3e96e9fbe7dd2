//! [`State`]: the amplitudes of all basis states, and how each gate changes them.

use std::f64::consts::FRAC_1_SQRT_2;

use terrace_plugin_api::{Record, TaskError, task};

use crate::circuit::{Circuit, Gate, Kind};
use crate::complex::Complex;

/// A state vector as data.
#[derive(Clone, Debug, PartialEq, Record)]
pub struct Amplitudes {
    /// How many qubits.
    pub qubits: u32,
    /// Real parts of the 2ⁿ amplitudes, in the order 00…0, 00…1, …
    pub re: Vec<f64>,
    /// Imaginary parts, likewise.
    pub im: Vec<f64>,
}

/// Runs a circuit from `|0…0⟩` and gives the exact state vector.
///
/// # Errors
/// Code `circuit` where it is malformed.
#[task(pure)]
pub fn simulate(
    /// What to run.
    circuit: &Circuit,
) -> Result<Amplitudes, TaskError> {
    let state = State::run(circuit)?;
    let (re, im) = state.amplitudes().iter().map(|amplitude| (amplitude.re, amplitude.im)).unzip();
    Ok(Amplitudes { qubits: circuit.qubits, re, im })
}

/// The state of some qubits.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    qubits: u32,
    amplitudes: Vec<Complex>,
}

impl State {
    /// Runs a circuit: O(gates · 2ⁿ) time, 16 · 2ⁿ bytes.
    ///
    /// # Errors
    /// Those of [`Circuit::check`].
    pub fn run(circuit: &Circuit) -> Result<Self, TaskError> {
        circuit.check()?;
        let mut amplitudes = vec![Complex::default(); 1 << circuit.qubits];
        amplitudes[0] = Complex::real(1.0);
        let mut state = Self { qubits: circuit.qubits, amplitudes };
        for gate in &circuit.gates {
            state.apply(gate);
        }
        Ok(state)
    }

    /// The amplitudes of `|00…0⟩`, `|00…1⟩`, …
    #[must_use]
    pub fn amplitudes(&self) -> &[Complex] {
        &self.amplitudes
    }

    /// The bit of a qubit in the index of an amplitude.
    fn bit(&self, qubit: u32) -> usize {
        1 << (self.qubits - 1 - qubit)
    }

    /// Applies a gate of a checked circuit.
    fn apply(&mut self, gate: &Gate) {
        let first = self.bit(gate.targets[0]);
        let second = gate.targets.get(1).map_or(0, |&target| self.bit(target));
        match gate.gate {
            Kind::Cnot => self.exchange(|k| (k & first != 0 && k & second == 0).then_some(second)),
            Kind::Swap => {
                self.exchange(|k| (k & first != 0 && k & second == 0).then_some(first | second));
            }
            Kind::Cz => {
                let both = first | second;
                for (k, amplitude) in self.amplitudes.iter_mut().enumerate() {
                    if k & both == both {
                        *amplitude = *amplitude * Complex::real(-1.0);
                    }
                }
            }
            kind => self.turn(first, matrix(kind, gate.angle.unwrap_or_default())),
        }
    }

    /// Exchanges the amplitudes `k` and `k ^ mask`, where `mask(k)` says so for one of the two.
    fn exchange(&mut self, mask: impl Fn(usize) -> Option<usize>) {
        for k in 0..self.amplitudes.len() {
            if let Some(mask) = mask(k) {
                self.amplitudes.swap(k, k ^ mask);
            }
        }
    }

    /// Applies a 2×2 matrix to the qubit at `bit`.
    fn turn(&mut self, bit: usize, [[a, b], [c, d]]: [[Complex; 2]; 2]) {
        for block in self.amplitudes.chunks_exact_mut(2 * bit) {
            let (zeros, ones) = block.split_at_mut(bit);
            for (zero, one) in zeros.iter_mut().zip(ones) {
                (*zero, *one) = (a * *zero + b * *one, c * *zero + d * *one);
            }
        }
    }
}

/// The matrix of a gate on one qubit; Nielsen and Chuang, Quantum Computation and Quantum
/// Information, section 4.2.
fn matrix(kind: Kind, angle: f64) -> [[Complex; 2]; 2] {
    const O: Complex = Complex::real(0.0);
    const I: Complex = Complex::real(1.0);
    let real = |a, b, c, d| [[a, b], [c, d]].map(|row| row.map(Complex::real));
    let (sin, cos) = (angle / 2.0).sin_cos();
    match kind {
        Kind::X => [[O, I], [I, O]],
        Kind::Y => [[O, Complex::new(0.0, -1.0)], [Complex::new(0.0, 1.0), O]],
        Kind::Z => real(1.0, 0.0, 0.0, -1.0),
        Kind::H => real(FRAC_1_SQRT_2, FRAC_1_SQRT_2, FRAC_1_SQRT_2, -FRAC_1_SQRT_2),
        Kind::S => [[I, O], [O, Complex::new(0.0, 1.0)]],
        Kind::Rx => {
            let off = Complex::new(0.0, -sin);
            [[Complex::real(cos), off], [off, Complex::real(cos)]]
        }
        Kind::Ry => real(cos, -sin, sin, cos),
        Kind::Rz => [[Complex::new(cos, -sin), O], [O, Complex::new(cos, sin)]],
        // Gates on two qubits are applied without a matrix.
        Kind::Cnot | Kind::Cz | Kind::Swap => [[I, O], [O, I]],
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn run(qubits: u32, gates: Vec<Gate>) -> Vec<Complex> {
        State::run(&Circuit { qubits, gates }).unwrap().amplitudes
    }

    #[track_caller]
    fn assert_close(found: &[Complex], expected: &[Complex]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a.re - b.re).abs() < 1e-12 && (a.im - b.im).abs() < 1e-12, "{found:?}");
        }
    }

    /// A state without zeros or symmetries.
    fn mixed() -> Vec<Gate> {
        (0..3)
            .flat_map(|q| {
                let angle = 0.3 + f64::from(q);
                [Gate::turn(Kind::Ry, q, angle), Gate::turn(Kind::Rz, q, 2.0 * angle)]
            })
            .chain([Gate::new(Kind::Cnot, &[0, 2]), Gate::new(Kind::Cz, &[1, 2])])
            .collect()
    }

    fn after(gates: &[Gate]) -> Vec<Complex> {
        run(3, mixed().into_iter().chain(gates.iter().cloned()).collect())
    }

    #[test]
    fn the_left_letter_is_the_first_qubit() {
        let amplitudes = run(2, vec![Gate::new(Kind::X, &[0])]);
        assert_close(&amplitudes, &[0.0, 0.0, 1.0, 0.0].map(Complex::real));
    }

    #[test]
    fn gates_are_their_own_inverses_where_they_should_be() {
        for gate in [
            Gate::new(Kind::X, &[1]),
            Gate::new(Kind::Y, &[0]),
            Gate::new(Kind::Z, &[2]),
            Gate::new(Kind::H, &[1]),
            Gate::new(Kind::Cnot, &[2, 0]),
            Gate::new(Kind::Cz, &[0, 1]),
            Gate::new(Kind::Swap, &[0, 2]),
        ] {
            let once = after(std::slice::from_ref(&gate));
            assert!(once.iter().zip(&after(&[])).any(|(a, b)| a != b), "{gate:?} does nothing");
            assert_close(&after(&[gate.clone(), gate]), &after(&[]));
        }
    }

    #[test]
    fn identities_between_gates_hold() {
        let one = |kind| Gate::new(kind, &[1]);
        let two = |kind| Gate::new(kind, &[0, 1]);
        for (left, right) in [
            (vec![one(Kind::S), one(Kind::S)], vec![one(Kind::Z)]),
            (vec![one(Kind::H), one(Kind::Z), one(Kind::H)], vec![one(Kind::X)]),
            (vec![one(Kind::H), two(Kind::Cz), one(Kind::H)], vec![two(Kind::Cnot)]),
            (
                vec![two(Kind::Cnot), Gate::new(Kind::Cnot, &[1, 0]), two(Kind::Cnot)],
                vec![two(Kind::Swap)],
            ),
        ] {
            assert_close(&after(&left), &after(&right));
        }
        // A rotation by π is the Pauli gate times −i.
        for (turn, pauli) in [(Kind::Rx, Kind::X), (Kind::Ry, Kind::Y), (Kind::Rz, Kind::Z)] {
            let expected: Vec<Complex> = after(&[Gate::new(pauli, &[1])])
                .into_iter()
                .map(|amplitude| amplitude * Complex::new(0.0, -1.0))
                .collect();
            assert_close(&after(&[Gate::turn(turn, 1, PI)]), &expected);
        }
    }

    #[test]
    fn the_norm_stays_one_on_twenty_qubits() {
        let gates = (0..20)
            .map(|q| Gate::new(Kind::H, &[q]))
            .chain((1..20).map(|q| Gate::new(Kind::Cnot, &[q - 1, q])))
            .collect();
        let state = simulate(&Circuit { qubits: 20, gates }).unwrap();
        assert_eq!((state.re.len(), state.im.len()), (1 << 20, 1 << 20));
        let norm: f64 = state.re.iter().chain(&state.im).map(|part| part * part).sum();
        assert!((norm - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_malformed_circuit_is_refused() {
        let circuit = Circuit { qubits: 1, gates: vec![Gate::new(Kind::X, &[1])] };
        assert_eq!(simulate(&circuit).unwrap_err().code(), "circuit");
    }
}

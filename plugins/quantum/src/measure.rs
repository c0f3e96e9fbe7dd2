//! Expectation values of Pauli strings.

use terrace_plugin_api::{ErrorClass, Record, TaskError, task};

use crate::circuit::Circuit;
use crate::complex::Complex;
use crate::state::State;

/// A Pauli string and its expectation value.
#[derive(Clone, Debug, PartialEq, Record)]
pub struct Term {
    /// A letter for each qubit: `ZI`.
    pub pauli: String,
    /// The expectation value, −1 to 1.
    pub value: f64,
}

/// Gives the exact expectation value of a Pauli string in the state that a circuit makes.
///
/// # Errors
/// Code `circuit` where the circuit is malformed, `pauli` where the string is.
#[task(pure)]
pub fn measure_pauli(
    /// Makes the state.
    circuit: &Circuit,
    /// A letter of `I`, `X`, `Y`, `Z` for each qubit, the first for qubit 0.
    pauli: &str,
) -> Result<Term, TaskError> {
    // The string first: it is wrong more often, and cheap to check.
    let masks = Masks::read(pauli, circuit.qubits)?;
    let state = State::run(circuit)?;
    Ok(Term { pauli: pauli.to_owned(), value: masks.expectation(state.amplitudes()) })
}

/// A Pauli string as what it does to a basis state: flips the bits of `flip` and multiplies by
/// −1 for each bit of `sign` that is set, and by i for each Y.
struct Masks {
    flip: usize,
    sign: usize,
    ys: u32,
}

impl Masks {
    fn read(pauli: &str, qubits: u32) -> Result<Self, TaskError> {
        let refused = |message: String| {
            let message = format!("input `pauli`: {message}");
            Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("pauli"))
        };
        let letters = pauli.chars().count();
        if letters != qubits as usize {
            return refused(format!("{pauli:?} has {letters} letters for {qubits} qubits"));
        }
        let mut masks = Self { flip: 0, sign: 0, ys: 0 };
        for letter in pauli.chars() {
            let (flip, sign) = match letter {
                'I' => (0, 0),
                'X' => (1, 0),
                'Y' => (1, 1),
                'Z' => (0, 1),
                other => return refused(format!("{other:?} in {pauli:?} is none of I, X, Y, Z")),
            };
            masks.flip = masks.flip << 1 | flip;
            masks.sign = masks.sign << 1 | sign;
            masks.ys += u32::from(letter == 'Y');
        }
        Ok(masks)
    }

    /// ⟨ψ|P|ψ⟩. Its imaginary part is 0, since P is Hermitian.
    fn expectation(&self, amplitudes: &[Complex]) -> f64 {
        let sum = amplitudes.iter().enumerate().fold(Complex::default(), |sum, (k, &amplitude)| {
            let sign = if (k & self.sign).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
            sum + amplitudes[k ^ self.flip].conj() * amplitude * Complex::real(sign)
        });
        // The real part of sum · i^ys.
        match self.ys % 4 {
            0 => sum.re,
            1 => -sum.im,
            2 => -sum.re,
            _ => sum.im,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansatz::build_ansatz;
    use crate::circuit::{Gate, Kind};

    fn value(circuit: &Circuit, pauli: &str) -> f64 {
        measure_pauli(circuit, pauli).unwrap().value
    }

    #[test]
    fn the_ansatz_has_the_values_of_the_formula() {
        let theta = -0.7_f64;
        let circuit = build_ansatz(theta).unwrap();
        for (pauli, expected) in [
            ("II", 1.0),
            ("ZI", theta.cos()),
            ("IZ", -theta.cos()),
            ("ZZ", -1.0),
            ("XX", theta.sin()),
            ("YY", theta.sin()),
            ("XY", 0.0),
            ("XI", 0.0),
        ] {
            assert!((value(&circuit, pauli) - expected).abs() < 1e-14, "{pauli}");
        }
    }

    #[test]
    fn single_qubits_point_where_they_were_turned() {
        let h = Gate::new(Kind::H, &[0]);
        for (gates, expected) in [
            (vec![], [0.0, 0.0, 1.0]),
            (vec![Gate::new(Kind::X, &[0])], [0.0, 0.0, -1.0]),
            (vec![h.clone()], [1.0, 0.0, 0.0]),
            (vec![h, Gate::new(Kind::S, &[0])], [0.0, 1.0, 0.0]),
            (vec![Gate::turn(Kind::Rx, 0, 0.4)], [0.0, -0.4_f64.sin(), 0.4_f64.cos()]),
        ] {
            let circuit = Circuit { qubits: 1, gates };
            for (pauli, expected) in ["X", "Y", "Z"].into_iter().zip(expected) {
                assert!((value(&circuit, pauli) - expected).abs() < 1e-14, "{circuit:?} {pauli}");
            }
        }
    }

    #[test]
    fn three_qubits_entangled_agree_with_ghz() {
        let gates = vec![
            Gate::new(Kind::H, &[0]),
            Gate::new(Kind::Cnot, &[0, 1]),
            Gate::new(Kind::Cnot, &[1, 2]),
        ];
        let ghz = Circuit { qubits: 3, gates };
        for (pauli, expected) in
            [("XXX", 1.0), ("XYY", -1.0), ("YXY", -1.0), ("YYX", -1.0), ("YYY", 0.0), ("ZZI", 1.0)]
        {
            assert!((value(&ghz, pauli) - expected).abs() < 1e-14, "{pauli}");
        }
    }

    #[test]
    fn a_string_that_does_not_fit_is_refused() {
        let circuit = build_ansatz(0.0).unwrap();
        for wrong in ["", "Z", "ZZZ", "zz", "AB", "Z ", "ÄZ"] {
            assert_eq!(measure_pauli(&circuit, wrong).unwrap_err().code(), "pauli", "{wrong}");
        }
    }
}

//! The trial state of the hydrogen molecule.

use terrace_plugin_api::{ErrorClass, TaskError, task};

use crate::circuit::{Circuit, Gate, Kind};

/// Builds the trial state of H2 on 2 qubits, cos(θ/2)·|01⟩ + sin(θ/2)·|10⟩; θ = 0 is
/// Hartree–Fock.
///
/// # Errors
/// Code `angle` where θ is infinite or NaN.
#[task(pure)]
pub fn build_ansatz(
    /// The angle θ, in radians.
    theta: f64,
) -> Result<Circuit, TaskError> {
    if !theta.is_finite() {
        let message = format!("input `theta`: {theta} is no angle");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("angle"));
    }
    let gates = vec![
        Gate::new(Kind::X, &[1]),
        Gate::turn(Kind::Ry, 0, theta),
        Gate::new(Kind::Cnot, &[0, 1]),
    ];
    Ok(Circuit { qubits: 2, gates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::simulate;

    #[test]
    fn one_electron_stays_on_either_qubit() {
        for theta in [0.0, -0.22368, 1.0, 3.0] {
            let state = simulate(&build_ansatz(theta).unwrap()).unwrap();
            let (sin, cos) = (theta / 2.0_f64).sin_cos();
            for (found, expected) in state.re.iter().zip([0.0, cos, sin, 0.0]) {
                assert!((found - expected).abs() < 1e-15, "{theta}: {state:?}");
            }
            assert!(state.im.iter().all(|&im| im == 0.0));
        }
        assert_eq!(build_ansatz(f64::NAN).unwrap_err().code(), "angle");
    }
}

//! [`Circuit`]: qubits and the gates on them, as data that crosses between tasks.

use terrace_plugin_api::{ErrorClass, Record, TaskError};

/// The most qubits a circuit may have: their state vector takes 16 MiB.
pub const MAX_QUBITS: u32 = 20;

/// What a gate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Record)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pauli X: flips.
    X,
    /// Pauli Y.
    Y,
    /// Pauli Z: turns the phase of `|1⟩`.
    Z,
    /// Hadamard.
    H,
    /// Phase gate, the root of Z.
    S,
    /// Rotation about x by `angle`.
    Rx,
    /// Rotation about y by `angle`.
    Ry,
    /// Rotation about z by `angle`.
    Rz,
    /// Flips the second target where the first is `|1⟩`.
    Cnot,
    /// Turns the phase where both targets are `|1⟩`.
    Cz,
    /// Exchanges the targets.
    Swap,
}

impl Kind {
    fn targets(self) -> usize {
        if matches!(self, Self::Cnot | Self::Cz | Self::Swap) { 2 } else { 1 }
    }

    fn turns(self) -> bool {
        matches!(self, Self::Rx | Self::Ry | Self::Rz)
    }
}

/// One gate of a circuit.
#[derive(Clone, Debug, PartialEq, Record)]
pub struct Gate {
    /// What it does.
    pub gate: Kind,
    /// The qubits it acts on; of `cnot` the control first.
    pub targets: Vec<u32>,
    /// The angle of a rotation, in radians.
    pub angle: Option<f64>,
}

impl Gate {
    /// A gate without an angle.
    #[must_use]
    pub fn new(gate: Kind, targets: &[u32]) -> Self {
        Self { gate, targets: targets.to_vec(), angle: None }
    }

    /// A rotation of one qubit.
    #[must_use]
    pub fn turn(gate: Kind, target: u32, angle: f64) -> Self {
        Self { gate, targets: vec![target], angle: Some(angle) }
    }
}

/// Gates on qubits that all start as `|0⟩`.
#[derive(Clone, Debug, PartialEq, Record)]
pub struct Circuit {
    /// How many qubits, 1 to 20.
    pub qubits: u32,
    /// The gates in their order.
    pub gates: Vec<Gate>,
}

impl Circuit {
    /// Finds everything that is wrong with it.
    ///
    /// # Errors
    /// Code `circuit`, with all problems as causes.
    pub fn check(&self) -> Result<(), TaskError> {
        let mut problems = Vec::new();
        if !(1..=MAX_QUBITS).contains(&self.qubits) {
            problems.push(format!("{} qubits are not from 1 to {MAX_QUBITS}", self.qubits));
        }
        for (at, gate) in self.gates.iter().enumerate() {
            let mut problem = |what: String| problems.push(format!("gate {at}: {what}"));
            let Gate { gate: kind, targets, angle } = gate;
            if targets.len() != kind.targets() {
                problem(format!("{kind:?} acts on {}, not {}", kind.targets(), targets.len()));
            }
            for target in targets.iter().filter(|&&target| target >= self.qubits) {
                problem(format!("there is no qubit {target} of {}", self.qubits));
            }
            if let [first, second] = targets[..]
                && first == second
            {
                problem(format!("both targets are qubit {first}"));
            }
            match angle {
                None if kind.turns() => problem(format!("{kind:?} needs an angle")),
                Some(_) if !kind.turns() => problem(format!("{kind:?} takes no angle")),
                Some(angle) if !angle.is_finite() => problem(format!("the angle is {angle}")),
                _ => {}
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let error = TaskError::new(ErrorClass::INVALID_INPUT, "this is no circuit");
        Err(problems.into_iter().fold(error.with_code("circuit"), TaskError::with_cause))
    }
}

#[cfg(test)]
mod tests {
    use terrace_plugin_api::{PortType, Value};

    use super::*;

    #[test]
    fn a_circuit_crosses_as_plain_data() {
        let circuit = Circuit {
            qubits: 2,
            gates: vec![Gate::turn(Kind::Ry, 0, 0.5), Gate::new(Kind::Cnot, &[0, 1])],
        };
        let value = circuit.clone().into_value().unwrap();
        let first = value.get("gates").and_then(|gates| gates.index(0)).unwrap();
        assert_eq!(first.get("gate"), Some(&Value::from("ry")));
        assert_eq!(first.get("angle"), Some(&Value::from(0.5)));
        assert_eq!(Circuit::from_value(value).unwrap(), circuit);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let circuit = Circuit {
            qubits: 2,
            gates: vec![
                Gate::new(Kind::X, &[0]),
                Gate::new(Kind::X, &[]),
                Gate::new(Kind::H, &[2]),
                Gate::new(Kind::Cnot, &[1, 1]),
                Gate::new(Kind::Rz, &[0]),
                Gate::turn(Kind::Z, 0, 1.0),
                Gate::turn(Kind::Rx, 0, f64::NAN),
            ],
        };
        let error = circuit.check().unwrap_err();
        assert_eq!(error.code(), "circuit");
        let causes: Vec<&str> = error.causes().collect();
        assert_eq!(
            causes,
            [
                "gate 1: X acts on 1, not 0",
                "gate 2: there is no qubit 2 of 2",
                "gate 3: both targets are qubit 1",
                "gate 4: Rz needs an angle",
                "gate 5: Z takes no angle",
                "gate 6: the angle is NaN",
            ]
        );
        for qubits in [0, 21, u32::MAX] {
            assert!(Circuit { qubits, gates: Vec::new() }.check().is_err(), "{qubits}");
        }
    }
}

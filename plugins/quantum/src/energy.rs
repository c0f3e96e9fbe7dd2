//! Energies: expectation values weighted by the coefficients of a Hamiltonian.

use std::collections::BTreeMap;

use terrace_plugin_api::{ErrorClass, TaskError, task};

use crate::measure::Term;

/// The electrons of H2 at 0.735 Å in STO-3G, parity mapping on 2 qubits, in hartree.
const H2: [(&str, f64); 6] = [
    ("II", -1.052_373_245_772_859),
    ("ZI", -0.397_937_424_843_180_45),
    ("IZ", 0.397_937_424_843_180_45),
    ("ZZ", -0.011_280_104_256_235_38),
    ("XX", 0.090_465_599_892_115_78),
    ("YY", 0.090_465_599_892_115_78),
];

/// The repulsion of the nuclei of H2 at that distance, in hartree.
const H2_REPULSION: f64 = 0.719_968_994_448_979_7;

/// Gives the energy of H2 in hartree from the values of ZI, IZ, ZZ, XX and YY, in any order.
///
/// # Errors
/// Code `terms` where one is missing, unknown, given twice or not a number; all are listed.
#[task(pure)]
pub fn compute_energy(
    /// What `measure_pauli` gave; a value of II may be left out.
    terms: Vec<Term>,
) -> Result<f64, TaskError> {
    weigh(&terms, H2, H2_REPULSION)
}

/// Gives the energy of any Hamiltonian from the values of its terms, in any order.
///
/// # Errors
/// Code `terms` where one is missing, unknown, given twice or not a number; all are listed.
/// Code `hamiltonian` where a coefficient or the constant is not a number.
#[task(pure)]
pub fn energy(
    /// What `measure_pauli` gave; a value of I…I may be left out.
    terms: Vec<Term>,
    /// The coefficient of each Pauli string.
    hamiltonian: BTreeMap<String, f64>,
    /// Added to the sum, as the repulsion of nuclei.
    #[default = 0.0]
    constant: f64,
) -> Result<f64, TaskError> {
    if let Some((pauli, coefficient)) = hamiltonian
        .iter()
        .map(|(pauli, &coefficient)| (pauli.as_str(), coefficient))
        .chain([("the constant", constant)])
        .find(|(_, coefficient)| !coefficient.is_finite())
    {
        let message = format!("the coefficient of {pauli} is {coefficient}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("hamiltonian"));
    }
    weigh(&terms, hamiltonian.iter().map(|(pauli, &c)| (pauli.as_str(), c)), constant)
}

/// Sums in the order of the Hamiltonian, so that the order of the terms changes no bit.
fn weigh<'a>(
    terms: &'a [Term],
    hamiltonian: impl IntoIterator<Item = (&'a str, f64)>,
    constant: f64,
) -> Result<f64, TaskError> {
    let mut problems = Vec::new();
    let mut values: BTreeMap<&str, f64> = BTreeMap::new();
    for Term { pauli, value } in terms {
        if values.insert(pauli, *value).is_some() {
            problems.push(format!("{pauli} is given twice"));
        }
        if !value.is_finite() {
            problems.push(format!("the value of {pauli} is {value}"));
        }
    }
    let mut energy = constant;
    for (pauli, coefficient) in hamiltonian {
        match values.remove(pauli) {
            Some(value) => energy += coefficient * value,
            // The identity has the value 1 in every state.
            None if pauli.bytes().all(|letter| letter == b'I') => energy += coefficient,
            None => problems.push(format!("{pauli} is missing")),
        }
    }
    problems.extend(values.keys().map(|pauli| format!("{pauli} is not in the Hamiltonian")));
    if problems.is_empty() {
        return Ok(energy);
    }
    let error = TaskError::new(ErrorClass::INVALID_INPUT, "the terms are not the Hamiltonian's");
    Err(problems.into_iter().fold(error.with_code("terms"), TaskError::with_cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansatz::build_ansatz;
    use crate::measure::measure_pauli;

    const PAULIS: [&str; 5] = ["ZI", "IZ", "ZZ", "XX", "YY"];

    fn terms(theta: f64) -> Vec<Term> {
        let circuit = build_ansatz(theta).unwrap();
        PAULIS.iter().map(|pauli| measure_pauli(&circuit, pauli).unwrap()).collect()
    }

    fn h2(theta: f64) -> f64 {
        compute_energy(terms(theta)).unwrap()
    }

    #[track_caller]
    fn assert_hartree(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    fn causes(error: &TaskError) -> Vec<&str> {
        error.causes().collect()
    }

    #[test]
    fn h2_has_its_known_energies() {
        assert_hartree(h2(-0.22368), -1.137_306_027_4);
        assert_hartree(h2(0.0), -1.116_998_996_8);
    }

    #[test]
    fn the_minimum_over_theta_is_the_ground_state() {
        // Golden-section search; Kiefer, Proc. Am. Math. Soc. 4 (1953) 502.
        let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (-1.0, 1.0);
        while high - low > 1e-9 {
            let step = ratio * (high - low);
            if h2(high - step) < h2(low + step) {
                high = low + step;
            } else {
                low = high - step;
            }
        }
        // Near a minimum a float tells values of θ apart only to the root of its precision.
        assert!((low + 0.223_54).abs() < 1e-5, "{low}");
        assert_hartree(h2(low), -1.137_306_035_8);
    }

    #[test]
    fn the_order_of_the_terms_changes_no_bit() {
        let mut terms = terms(-0.22368);
        let expected = compute_energy(terms.clone()).unwrap().to_bits();
        for _ in 0..terms.len() {
            terms.rotate_left(1);
            assert_eq!(compute_energy(terms.clone()).unwrap().to_bits(), expected);
        }
        terms.reverse();
        assert_eq!(compute_energy(terms).unwrap().to_bits(), expected);
    }

    #[test]
    fn all_that_is_wrong_with_the_terms_is_listed() {
        let mut terms = terms(0.1);
        terms.retain(|term| term.pauli != "IZ" && term.pauli != "YY");
        terms.push(Term { pauli: "XX".to_owned(), value: f64::NAN });
        terms.push(Term { pauli: "ZX".to_owned(), value: 0.0 });
        let error = compute_energy(terms).unwrap_err();
        assert_eq!(error.code(), "terms");
        assert_eq!(
            causes(&error),
            [
                "XX is given twice",
                "the value of XX is NaN",
                "IZ is missing",
                "YY is missing",
                "ZX is not in the Hamiltonian",
            ]
        );
        assert_eq!(compute_energy(Vec::new()).unwrap_err().causes().count(), 5);
    }

    #[test]
    fn any_hamiltonian_is_weighed_the_same() {
        let hamiltonian: BTreeMap<String, f64> =
            H2.iter().map(|&(pauli, c)| (pauli.to_owned(), c)).collect();
        let found = energy(terms(0.0), hamiltonian.clone(), H2_REPULSION).unwrap();
        assert_hartree(found, -1.116_998_996_8);
        // The identity may be given too.
        let mut with_identity = terms(0.0);
        with_identity.push(Term { pauli: "II".to_owned(), value: 1.0 });
        assert_hartree(energy(with_identity, hamiltonian, H2_REPULSION).unwrap(), found);
        assert_eq!(energy(Vec::new(), BTreeMap::new(), 1.5).unwrap(), 1.5);
        let wrong = BTreeMap::from([("Z".to_owned(), f64::NAN)]);
        assert_eq!(energy(Vec::new(), wrong, 0.0).unwrap_err().code(), "hamiltonian");
        assert_eq!(
            energy(Vec::new(), BTreeMap::new(), f64::NAN).unwrap_err().code(),
            "hamiltonian"
        );
    }
}

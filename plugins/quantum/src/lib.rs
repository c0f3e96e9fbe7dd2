//! The quantum pack: small circuits run on an exact state vector, and the energy of a molecule
//! from the expectation values of its Pauli terms, down to its minimum over an angle.
//!
//! # Conventions
//! Qubit 0 is the leftmost: of `|01⟩`, and of the Pauli string `ZI`. Amplitude `k` belongs to the
//! basis state that spells `k` in binary. Angles are in radians.
#![forbid(unsafe_code)]

pub mod ansatz;
pub mod circuit;
pub mod complex;
pub mod energy;
pub mod measure;
pub mod minimise;
pub mod state;

terrace_plugin_api::export_pack! {
    name: quantum,
    description: "Exact simulation of small quantum circuits, and energies of molecules.",
    tasks: [
        ansatz::build_ansatz,
        state::simulate,
        measure::measure_pauli,
        energy::compute_energy,
        energy::energy,
        minimise::bracket,
        minimise::minimise_step,
    ]
}

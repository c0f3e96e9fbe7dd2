//! The primes pack: the primes up to a limit, counted and summed in segments that know nothing of
//! each other.
#![forbid(unsafe_code)]

pub mod segment;
pub mod sieve;

terrace_plugin_api::export_pack! {
    name: primes,
    description: "Counts and sums primes in segments.",
    tasks: [
        segment::segments,
        sieve::sieve,
        sieve::add,
    ]
}

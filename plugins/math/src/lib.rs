//! The math pack: arithmetic on integers and floats, sums and means of lists, and the price of a
//! European option in closed form and by simulation.
//!
//! Integers stay integers as long as all operands are; an integer beside a float becomes one.
//! What an integer cannot hold is an error with the code `overflow`, never another number.
#![forbid(unsafe_code)]

mod arithmetic;
mod black_scholes;
mod monte_carlo;
mod normal;
mod number;
mod option;
mod pairs;
mod parts;
mod philox;
mod statistics;

terrace_plugin_api::export_pack! {
    name: math,
    description: "Arithmetic, statistics of lists, option prices.",
    tasks: [
        arithmetic::add,
        arithmetic::sub,
        arithmetic::mul,
        arithmetic::div,
        arithmetic::neg,
        arithmetic::pow,
        statistics::sum,
        statistics::mean,
        statistics::min,
        statistics::max,
        statistics::dot,
        black_scholes::black_scholes,
        monte_carlo::monte_carlo_call,
        monte_carlo::combine_estimates,
        parts::monte_carlo_part,
        parts::add_parts,
        parts::price,
        pairs::add_pairs,
    ]
}

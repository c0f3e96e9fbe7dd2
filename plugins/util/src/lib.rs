//! The util pack: what a workflow needs around its real tasks. Waiting, conditions, stand-ins,
//! and failures on purpose.
#![forbid(unsafe_code)]

pub mod compare;
pub mod failure;
pub mod items;
pub mod logic;
pub mod message;
pub mod number;
pub mod pass;
pub mod wait;

terrace_plugin_api::export_pack! {
    name: util,
    description: "Waiting, conditions, stand-ins, and failures on purpose.",
    tasks: [
        pass::stub,
        pass::identity,
        wait::sleep,
        wait::spin,
        failure::fail,
        failure::panic,
        failure::assert,
        compare::compare,
        logic::and,
        logic::or,
        logic::not,
        items::length,
        items::range,
        message::log,
    ]
}

//! The util pack: what a workflow needs around its real tasks. Waiting, conditions, stand-ins,
//! lists, maps and JSON, and failures on purpose.
#![forbid(unsafe_code)]

pub mod compare;
pub mod failure;
pub mod items;
pub mod json;
pub mod logic;
pub mod maps;
pub mod message;
pub mod number;
pub mod outcomes;
pub mod pass;
pub mod text;
pub mod wait;

terrace_plugin_api::export_pack! {
    name: util,
    description: "Waiting, conditions, stand-ins, lists, maps and JSON, and failures on purpose.",
    tasks: [
        pass::stub,
        pass::identity,
        pass::unread,
        wait::sleep,
        wait::spin,
        failure::fail,
        failure::flaky,
        failure::panic,
        failure::assert,
        compare::compare,
        logic::and,
        logic::or,
        logic::not,
        items::length,
        items::range,
        items::ranges,
        items::chunk,
        items::flatten,
        items::zip,
        maps::get,
        maps::pick,
        maps::keys,
        maps::values,
        maps::merge,
        outcomes::succeeded,
        text::join,
        text::lines,
        text::trim,
        json::json_parse,
        json::json_text,
        message::log,
    ]
}

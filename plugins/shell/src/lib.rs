//! The shell pack: programs and shell scripts as tasks, none of whose processes outlives them, nor
//! the engine, however that ends.
#![forbid(unsafe_code)]

mod group;
pub mod input;
mod pipes;
pub mod run;
pub mod script;
mod warden;

terrace_plugin_api::export_pack! {
    name: shell,
    description: "Programs and shell scripts as tasks.",
    tasks: [run::run, script::script]
}

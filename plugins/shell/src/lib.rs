//! The shell pack: programs and shell scripts as tasks, none of whose processes outlives them.

mod group;
pub mod input;
mod pipes;
pub mod run;
pub mod script;

terrace_plugin_api::export_pack! {
    name: shell,
    description: "Programs and shell scripts as tasks.",
    tasks: [run::run, script::script]
}

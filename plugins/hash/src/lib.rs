//! The hash pack: SHA-256 of files, and of a folder as `sha256sum` has it.
#![forbid(unsafe_code)]

pub mod digest;
pub mod files;
pub mod manifest;

terrace_plugin_api::export_pack! {
    name: hash,
    description: "SHA-256 of files and folders, as sha256sum has it.",
    tasks: [
        files::list,
        files::sha256,
        manifest::manifest,
        manifest::root,
    ]
}

//! The text pack: files in and out, text in parts, and words counted.
#![forbid(unsafe_code)]

pub mod counts;
pub mod files;
pub mod split;
pub mod words;

terrace_plugin_api::export_pack! {
    name: text,
    description: "Files in and out, text in parts, and words counted.",
    tasks: [
        files::list_files,
        files::read_file,
        files::read_files,
        files::read_bytes,
        files::write_file,
        split::split,
        words::count_words,
        counts::merge_counts,
        counts::top,
    ]
}

//! The text pack: files in and out, text in parts, words counted and indexed.
#![forbid(unsafe_code)]

pub mod counts;
pub mod files;
pub mod index;
pub mod split;
pub mod words;

terrace_plugin_api::export_pack! {
    name: text,
    description: "Files in and out, text in parts, words counted and indexed.",
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
        index::index_words,
        index::merge_index,
        index::look_up,
    ]
}

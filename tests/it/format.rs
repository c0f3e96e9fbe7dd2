//! The examples of `docs/FILE-FORMAT.md`, taken from its text: each YAML block is a whole file that
//! `check` finds valid, and gives what the block after it shows.

use std::fs;

use terrace_tests::{command, ran, root};

use crate::support::{Block, blocks};

/// The name that a file's first line gives it, for others to use it.
fn name(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix("# ").filter(|name| name.ends_with(".yaml"))
}

#[test]
fn every_file_of_the_page_is_valid_and_gives_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let terrace = |what: &str, file: &str| {
        ran(command().args([what, file]).current_dir(folder.path()).output())
    };
    let blocks = blocks("docs/FILE-FORMAT.md");
    let mut run = 0;
    for (at, Block { language, text }) in blocks.iter().enumerate() {
        let extension = match language.as_str() {
            "yaml" => "yaml",
            "toml" => "toml",
            "text" => continue,
            other => panic!("a block in {other:?}: nothing tests it"),
        };
        let made = format!("block-{at}.{extension}");
        let file = name(text).unwrap_or(&made);
        fs::write(folder.path().join(file), text).unwrap();
        let check = terrace("check", file);
        assert_eq!(check.code, 0, "{text}\n{}{}", check.stdout, check.stderr);
        // One for others to use has inputs that nothing gives it here.
        if name(text).is_some() || extension == "toml" {
            continue;
        }
        let found = terrace("run", file);
        assert_eq!(found.code, 0, "{text}\n{}", found.stderr);
        let shown = blocks.get(at + 1).filter(|block| block.language == "text");
        let shown = shown.unwrap_or_else(|| panic!("nothing is shown for\n{text}"));
        assert_eq!(found.stdout, shown.text, "{text}");
        run += 1;
    }
    assert!(run > 15, "{run} files");
}

/// Every key that the page's tables and text leave out would be one that nobody finds.
#[test]
fn every_key_is_on_the_page() {
    let page = fs::read_to_string(root().join("docs/FILE-FORMAT.md")).unwrap();
    let decode = root().join("crates/core/src/file/decode");
    let mut keys = Vec::new();
    for file in fs::read_dir(decode).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for list in text.split("known: &[").skip(1) {
            let list = list.split(']').next().unwrap();
            keys.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    assert!(keys.len() > 40 && keys.iter().any(|key| key == "reduce"), "{keys:?}");
    keys.retain(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!("{key}:")));
    assert!(keys.is_empty(), "docs/FILE-FORMAT.md does not have {keys:?}");
}

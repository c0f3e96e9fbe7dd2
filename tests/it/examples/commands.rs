//! Examples over a folder of text, whose answer is what the tools of every system give for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use terrace_tests::root;

use super::ways::Example;

/// A folder of real text, some of it in folders inside: this repository's own, and what else may
/// turn up.
fn corpus() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("deeper/still")).unwrap();
    for (from, to) in [
        ("LICENSE-APACHE", "licence.txt"),
        ("LICENSE-MIT", "deeper/mit.txt"),
        ("README.md", "deeper/readme.txt"),
        ("ARCHITECTURE.md", "deeper/still/architecture.txt"),
        ("crates/core/src/lib.rs", "code.rs"),
    ] {
        fs::copy(root().join(from), path(to)).unwrap();
    }
    fs::write(path("empty.txt"), "").unwrap();
    fs::write(path("with blank.txt"), "The hat, the CAT's hat.\r\nNaïve: Übergröße\tend").unwrap();
    fs::write(path("deeper/not utf-8.txt"), b"the \xff hat\n").unwrap();
    folder
}

/// Runs a script in a folder, where bytes are letters and nothing else.
fn sh(folder: &Path, script: &str) -> String {
    let mut command = Command::new("sh");
    let output =
        command.env("LC_ALL", "C").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(output.stderr.is_empty(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Words with their counts, the most frequent first, by `tr`, `sort` and `uniq`.
fn frequent(folder: &Path) -> Value {
    let counted = sh(
        folder,
        "find . -name '*.txt' -exec cat {} + | tr -cs A-Za-z '\\n' | tr A-Z a-z | grep -v '^$' \
         | sort | uniq -c | sort -k1,1nr -k2,2",
    );
    let entry = |line: &str| {
        let (count, word) = line.trim().split_once(' ').unwrap();
        json!({ "word": word, "count": count.parse::<i64>().unwrap() })
    };
    counted.lines().map(entry).collect()
}

pub(super) fn count(example: Example) {
    let corpus = corpus();
    let expected = frequent(corpus.path());
    assert!(expected.as_array().unwrap().len() > 400);
    let folder = format!("folder={}", corpus.path().display());
    let args = ["-i", &*folder, "-i", "extension=txt", "-i", "n=100000"];
    for document in example.every_way(&args).documents {
        // Neither is in an order that the other knows nothing of.
        assert_eq!(document["outputs"]["top"], expected);
    }
}

pub(super) fn index(example: Example) {
    let corpus = corpus();
    let folder = format!("folder={}", corpus.path().display());
    let top = frequent(corpus.path());
    for (word, at_least) in
        [("the", 5), ("hat", 2), ("licensor", 1), ("workflow", 2), ("nowhere", 0)]
    {
        let word_input = format!("word={word}");
        let args = ["-i", &*folder, "-i", "extension=txt", "-i", "n=100000", "-i", &*word_input];
        let script = format!("find . -name '*.txt' -exec grep -lwi -a {word} {{}} + | sort");
        let found = sh(corpus.path(), &script);
        let found: Vec<String> = found
            .lines()
            .map(|path| corpus.path().join(&path[2..]).display().to_string())
            .collect();
        assert!(found.len() >= at_least, "{word}: {found:?}");
        for document in example.every_way(&args).documents {
            let outputs = &document["outputs"];
            assert_eq!(outputs["found"], json!(found), "{word}");
            assert_eq!(outputs["top"], top);
            assert_eq!(outputs["words"], top.as_array().unwrap().len());
        }
    }
}

pub(super) fn hash(example: Example) {
    let configs = example.every_way(&["-i", "folder=examples/configs"]);
    for document in &configs.documents {
        let root = "6a97cb8394fce17619e2c4b0e6999339a65c4e0531d94b23b4917c3d60928d94";
        assert_eq!(document["outputs"]["root"], root);
    }
    let corpus = corpus();
    let manifest =
        sh(corpus.path(), "find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum --");
    assert_eq!(manifest.lines().count(), 8);
    let aside = tempfile::tempdir().unwrap();
    fs::write(aside.path().join("manifest"), &manifest).unwrap();
    let all = sh(aside.path(), "sha256sum manifest");
    let folder = format!("folder={}", corpus.path().display());
    for document in example.every_way(&["-i", &*folder]).documents {
        let outputs = &document["outputs"];
        assert_eq!(outputs["manifest"], *manifest);
        assert_eq!(outputs["root"], all.split_whitespace().next().unwrap());
    }
}

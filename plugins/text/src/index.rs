//! An inverted index: which files each word is in.

use std::collections::{BTreeMap, BTreeSet};

use terrace_plugin_api::task;

use crate::words::count_words;

/// Indexes the words of a text, those that `count_words` finds: each with a list of this one name.
#[task(pure)]
pub fn index_words(
    /// What the text is called, as the path of its file.
    name: &str,
    /// The text.
    text: &str,
    /// As for `count_words`.
    #[default = false]
    unicode: bool,
) -> BTreeMap<String, Vec<String>> {
    count_words(text, unicode).into_keys().map(|word| (word, vec![name.to_owned()])).collect()
}

/// Joins two indexes: each word with the names of both, sorted by their bytes, each once.
#[task(pure, associative)]
pub fn merge_index(
    /// One index.
    a: BTreeMap<String, Vec<String>>,
    /// The other.
    b: BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    // The smaller into the larger: over a tree of merges each entry moves a few times only.
    let (mut index, smaller) = if a.len() < b.len() { (b, a) } else { (a, b) };
    for (word, names) in smaller {
        let known = index.entry(word).or_default();
        let joined: BTreeSet<String> = known.drain(..).chain(names).collect();
        known.extend(joined);
    }
    index
}

/// Gives the names under a word, none where it is not in the index.
#[task(pure)]
pub fn look_up(
    /// The index.
    index: &BTreeMap<String, Vec<String>>,
    /// The word, in lower case as they all are.
    word: &str,
) -> Vec<String> {
    index.get(word).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    type Index = BTreeMap<String, Vec<String>>;

    const TEXTS: [(&str, &str); 5] = [
        ("b.txt", "The cat and the hat"),
        ("a.txt", "A cat's tail; THE END"),
        ("c.txt", ""),
        ("words.rs", include_str!("words.rs")),
        ("split.rs", include_str!("split.rs")),
    ];

    fn each() -> Vec<Index> {
        TEXTS.iter().map(|(name, text)| index_words(name, text, false)).collect()
    }

    /// What `tr` and `sort` make of it: pairs of a word and a name, sorted, each once.
    fn by_pipeline() -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in TEXTS {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let script = r#"for name in *; do
                tr -cs A-Za-z '\n' < "$name" | tr A-Z a-z | grep -v '^$' | sed "s/\$/ $name/"
            done | sort -u"#;
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("LC_ALL", "C").current_dir(folder.path());
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        output.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_index_is_that_of_tr_and_sort() {
        let index = each().into_iter().reduce(merge_index).unwrap();
        let mut pairs: Vec<String> = index
            .iter()
            .flat_map(|(word, names)| names.iter().map(move |name| format!("{word} {name}")))
            .collect();
        pairs.sort();
        assert_eq!(pairs, by_pipeline());
        assert_eq!(look_up(&index, "the")[..2], ["a.txt", "b.txt"]);
        assert!(look_up(&index, "Cat").is_empty());
    }

    #[test]
    fn merging_does_not_depend_on_the_order_or_the_grouping() {
        let left = each().into_iter().reduce(merge_index).unwrap();
        let right = each().into_iter().rev().reduce(|a, b| merge_index(b, a)).unwrap();
        let turned = each().into_iter().rev().reduce(merge_index).unwrap();
        assert_eq!(left, right);
        assert_eq!(left, turned);
        // A file that comes twice is there once.
        assert_eq!(merge_index(left.clone(), left.clone()), left);
    }
}

//! Counting words.

use std::collections::{BTreeMap, HashMap};

use terrace_plugin_api::task;

/// Counts the words of a text in lower case. A word is a run of the letters A to Z, so the result
/// is that of `tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c` (`don't` is `don` and `t`).
#[task(pure)]
pub fn count_words(
    /// The text.
    text: &str,
    /// Whether a word is a run of letters of any script instead, as Unicode has them.
    #[default = false]
    unicode: bool,
) -> BTreeMap<String, i64> {
    if unicode {
        let mut counts = HashMap::<String, i64>::new();
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
        counts.into_iter().collect()
    } else {
        let lower = text.to_ascii_lowercase();
        let mut counts = HashMap::<&str, i64>::new();
        for word in lower.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()) {
            *counts.entry(word).or_default() += 1;
        }
        counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What the pipeline of the task's doc gives.
    fn by_pipeline(text: &str) -> BTreeMap<String, i64> {
        let script = r"tr -cs A-Za-z '\n' | tr A-Z a-z | grep -v '^$' | sort | uniq -c";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let pairs = output.lines().map(|line| line.trim().split_once(' ').unwrap());
        pairs.map(|(count, word)| (word.to_owned(), count.parse().unwrap())).collect()
    }

    #[test]
    fn words_are_those_of_tr_sort_and_uniq() {
        for text in [
            "",
            "...",
            "one",
            "The cat; the CAT, and THE other cat's-tail.\nDon't 3rd 4x4\tnaïve Übergröße _a_",
            include_str!("words.rs"),
        ] {
            assert_eq!(count_words(text, false), by_pipeline(text));
        }
    }

    #[test]
    fn words_of_other_scripts_count_when_asked() {
        let counts = count_words("Über über ÜBER naïve, слово СЛОВО 3x İ", true);
        let expected = [("i\u{307}", 1), ("naïve", 1), ("x", 1), ("über", 3), ("слово", 2)];
        assert_eq!(counts, expected.map(|(word, count)| (word.to_owned(), count)).into());
        assert_eq!(count_words("naïve", false).len(), 2);
    }
}

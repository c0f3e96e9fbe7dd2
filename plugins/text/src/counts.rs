//! Counts by word: joined, and the most frequent.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use terrace_plugin_api::{Record, TaskError, task};

/// A word and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
pub struct WordCount {
    /// The word.
    pub word: String,
    /// How often it came.
    pub count: i64,
}

/// Adds up counts, word by word.
///
/// # Errors
/// Code `overflow` where a sum is no i64.
#[task(pure)]
pub fn merge_counts(
    /// What `count_words` gave, for each part of a text.
    counts: Vec<HashMap<String, i64>>,
) -> Result<BTreeMap<String, i64>, TaskError> {
    let mut parts = counts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for (word, count) in parts.flatten() {
        let sum = total.entry(word).or_default();
        *sum = sum.checked_add(count).ok_or_else(|| {
            TaskError::msg("a word is counted too often for an i64").with_code("overflow")
        })?;
    }
    Ok(total.into_iter().collect())
}

/// Gives the words that came most often, the most frequent first, ties in alphabetical order.
#[task(pure)]
pub fn top(
    /// How often each word came.
    counts: HashMap<String, i64>,
    /// How many to give; fewer where there are fewer.
    n: u32,
) -> Vec<WordCount> {
    let mut words: Vec<WordCount> =
        counts.into_iter().map(|(word, count)| WordCount { word, count }).collect();
    fn rank(a: &WordCount) -> (Reverse<i64>, &str) {
        (Reverse(a.count), &a.word)
    }
    words.sort_unstable_by(|a, b| rank(a).cmp(&rank(b)));
    words.truncate(n as usize);
    words
}

#[cfg(test)]
mod tests {
    use terrace_plugin_api::PortType;

    use super::*;
    use crate::{split::split, words::count_words};

    fn counts(entries: &[(&str, i64)]) -> HashMap<String, i64> {
        entries.iter().map(|&(word, count)| (word.to_owned(), count)).collect()
    }

    #[test]
    fn the_parts_of_a_text_count_as_the_whole() {
        let text = include_str!("counts.rs");
        for parts in [1, 2, 7, 100] {
            let parts = split(text, parts).unwrap();
            let each =
                parts.iter().map(|part| count_words(part, false).into_iter().collect()).collect();
            assert_eq!(merge_counts(each).unwrap(), count_words(text, false));
        }
        assert!(merge_counts(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn a_sum_too_large_is_an_error() {
        let parts = vec![counts(&[("a", i64::MAX)]), counts(&[("a", 1)])];
        assert_eq!(merge_counts(parts).unwrap_err().code(), "overflow");
    }

    #[test]
    fn ties_are_in_alphabetical_order() {
        let found = top(counts(&[("b", 2), ("c", 5), ("a", 2), ("d", 1)]), 3);
        let found: Vec<(&str, i64)> =
            found.iter().map(|entry| (entry.word.as_str(), entry.count)).collect();
        assert_eq!(found, [("c", 5), ("a", 2), ("b", 2)]);
        assert!(top(counts(&[("a", 1)]), 0).is_empty());
        assert_eq!(top(counts(&[("a", 1)]), u32::MAX).len(), 1);
    }

    #[test]
    fn a_hundred_thousand_words_cross_and_merge() {
        let large = |from: i64| -> HashMap<String, i64> {
            (from..from + 100_000).map(|n| (format!("w{n}"), n)).collect()
        };
        let value = large(0).into_value().unwrap();
        let first = PortType::from_value(value).unwrap();
        let merged = merge_counts(vec![first, large(50_000)]).unwrap();
        assert_eq!((merged.len(), merged["w50000"], merged["w0"]), (150_000, 100_000, 0));
        assert_eq!(top(merged.into_iter().collect(), 1)[0].word, "w99999");
    }
}

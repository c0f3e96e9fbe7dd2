//! Numbers with units: durations, sizes, amounts, and integers within bounds.
//!
//! How they are written is known to [`crate::policy::units`]; here is which kinds of values may
//! hold them.

use std::time::Duration;

use super::Reader;
use crate::file::{Kind, Tree};
use crate::policy::Amount;
use crate::policy::units::{self, Mistake};
use crate::source::Span;

impl<'t> Reader<'t> {
    /// A duration; `None` after a problem.
    pub(super) fn duration(&mut self, tree: &'t Tree, subject: &str) -> Option<Duration> {
        let found = match &tree.kind {
            Kind::Str(text) => units::duration(text),
            Kind::I64(_) | Kind::U64(_) | Kind::F64(_) => units::duration(&number(tree)),
            _ => {
                self.expected(tree, subject, "a duration", "as in `5s` or `1m 30s`");
                return None;
            }
        };
        self.read(found, tree, subject)
    }

    /// A duration that is more than nothing; `None` after a problem.
    pub(super) fn some_time(&mut self, tree: &'t Tree, subject: &str) -> Option<Duration> {
        let found = self.duration(tree, subject)?;
        if found.is_zero() {
            let help = "write a duration, as in `5s`, or remove it".to_owned();
            self.report(tree.span, format!("{subject} must be more than 0"), Some(help));
            return None;
        }
        Some(found)
    }

    /// Bytes, at least one; `None` after a problem.
    pub(super) fn size(&mut self, tree: &'t Tree, subject: &str) -> Option<u64> {
        let found = match &tree.kind {
            Kind::Str(text) => units::size(text),
            Kind::I64(_) | Kind::U64(_) | Kind::F64(_) => units::size(&number(tree)),
            _ => {
                self.expected(tree, subject, "a size", "as in `100MB` or `8GiB`");
                return None;
            }
        };
        let found = self.read(found, tree, subject)?;
        if found == 0 {
            self.report(tree.span, format!("{subject} must be at least one byte"), None);
            return None;
        }
        Some(found)
    }

    /// A map of amounts by name.
    pub(super) fn amounts(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        example: &str,
    ) -> Vec<(Amount, Span)> {
        let Kind::Map(entries) = &tree.kind else {
            self.expected(tree, subject, "a map of amounts by name", example);
            return Vec::new();
        };
        let mut amounts = Vec::with_capacity(entries.len());
        for (key, tree) in entries {
            let subject = format!("`{}` in {subject}", key.name.escape_debug());
            self.local_name(&key.name, key.span, "what something costs");
            let found = match &tree.kind {
                Kind::Str(text) => units::amount(text),
                Kind::I64(_) | Kind::U64(_) | Kind::F64(_) => units::amount(&number(tree)),
                _ => {
                    self.expected(tree, &subject, "a number from 0", example);
                    continue;
                }
            };
            if let Some(millionths) = self.read(found, tree, &subject) {
                amounts.push((Amount { of: key.name.as_str().into(), millionths }, key.span));
            }
        }
        amounts
    }

    /// What was found in a text; `None` after a problem.
    pub(super) fn read<T>(
        &mut self,
        found: Result<T, Mistake>,
        tree: &Tree,
        subject: &str,
    ) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(Mistake { message, help }) => {
                self.report(tree.span, format!("{subject}: {message}"), Some(help));
                None
            }
        }
    }

    /// An integer from 1 that fits in 32 bits; `None` after a problem.
    pub(super) fn small_count(&mut self, tree: &'t Tree, subject: &str) -> Option<u32> {
        let count = self.count(tree, subject, u32::MAX.into())?;
        u32::try_from(count).ok()
    }
}

/// A number as the shortest decimal text that means it.
fn number(tree: &Tree) -> String {
    match &tree.kind {
        Kind::I64(number) => number.to_string(),
        Kind::U64(number) => number.to_string(),
        Kind::F64(number) => number.to_string(),
        _ => String::new(),
    }
}

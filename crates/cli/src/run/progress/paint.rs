//! [`Paint`]: colours, or none; and text that fits into its place.

use std::borrow::Cow;

use crate::output::tame;

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Colours,
    Plain,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Done,
    Quiet,
    Warning,
    Failure,
}

impl Paint {
    /// `NO_COLOR` that is not empty: none.
    pub(super) fn of_environment() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(set) if !set.is_empty() => Self::Plain,
            _ => Self::Colours,
        }
    }

    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Done => "36",
            Ink::Quiet => "2",
            Ink::Warning => "33",
            Ink::Failure => "31",
        };
        match self {
            Self::Colours if !text.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    /// A bar of some columns.
    pub(super) fn bar(self, done: u64, of: u64, columns: usize) -> String {
        let part = if of == 0 { 0.0 } else { (done as f64 / of as f64).min(1.0) };
        // Full only when all is done.
        let full = (part * columns as f64) as usize;
        let (full, rest) = ("━".repeat(full), "─".repeat(columns - full));
        format!("{}{}", self.ink(Ink::Done, &full), self.ink(Ink::Quiet, &rest))
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// Text on one line, of at most so many columns; where it is cut, it ends in `…`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let text: Cow<'_, str> = match text.contains(['\n', '\t']) {
        true => text.replace(['\n', '\t'], " ").into(),
        false => text.into(),
    };
    console::truncate_str(&tame(&text), columns, "…").into_owned()
}

/// Text cut or filled up to exactly so many columns.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    text.push_str(&" ".repeat(columns.saturating_sub(width(&text))));
    text
}

/// A number that people can read: `1,000,000`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_whatever_is_in_it() {
        assert_eq!(cut("measure", 7), "measure");
        assert_eq!(cut("measure", 6), "measu…");
        assert_eq!(cut("two\nlines", 20), "two lines");
        assert_eq!(cut("\u{1b}[31mred", 30), "\\u{1b}[31mred");
        // Wide characters take two columns each.
        assert_eq!(cut("測定測定", 5), "測定…");
        assert_eq!(width(&fit("測定", 7)), 7);
    }

    #[test]
    fn numbers_are_grouped() {
        let shown = [0, 999, 1_000, 1_234_567].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_bar_is_full_only_at_the_end() {
        assert_eq!(Paint::Plain.bar(999_999, 1_000_000, 4), "━━━─");
        assert_eq!(Paint::Plain.bar(4, 4, 4), "━━━━");
        assert_eq!(Paint::Plain.bar(0, 0, 2), "──");
        assert_eq!(Paint::Colours.bar(1, 2, 2), "\u{1b}[36m━\u{1b}[0m\u{1b}[2m─\u{1b}[0m");
    }
}

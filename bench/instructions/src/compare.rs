//! [`Report`]: what was found beside what is on record.

use std::fmt;

use crate::baseline::Baseline;

/// What was found beside what is on record.
pub(crate) struct Report {
    lines: Vec<Line>,
    /// What both were counted with, where it is not the same.
    differences: Vec<String>,
    tolerance: f64,
}

struct Line {
    name: String,
    recorded: Option<f64>,
    found: Option<f64>,
}

/// What is to be said of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    Grown,
    Shrunk,
    /// Not on record yet.
    New,
    /// On record and not counted any more.
    Gone,
}

impl Line {
    fn percent(&self) -> Option<f64> {
        Some((self.found? / self.recorded? - 1.0) * 100.0)
    }

    fn verdict(&self, tolerance: f64) -> Verdict {
        match (self.recorded, self.found, self.percent()) {
            (None, ..) => Verdict::New,
            (_, None, _) => Verdict::Gone,
            (.., Some(percent)) if percent > tolerance => Verdict::Grown,
            (.., Some(percent)) if percent < -tolerance => Verdict::Shrunk,
            _ => Verdict::Same,
        }
    }
}

impl Report {
    pub(crate) fn of(record: &Baseline, found: &Baseline) -> Self {
        let gone = record.counts.keys().filter(|name| !found.counts.contains_key(*name));
        let lines = found.counts.keys().chain(gone).map(|name| Line {
            name: name.clone(),
            recorded: record.counts.get(name).copied(),
            found: found.counts.get(name).copied(),
        });
        let pairs = [
            (&record.rustc, &found.rustc),
            (&record.architecture, &found.architecture),
            (&record.valgrind, &found.valgrind),
        ];
        let differences = pairs.into_iter().filter(|(recorded, here)| recorded != here);
        Self {
            lines: lines.collect(),
            differences: differences
                .map(|(recorded, here)| format!("recorded with {recorded}, counted with {here}"))
                .collect(),
            tolerance: record.tolerance,
        }
    }

    /// Whether anything takes more than it may, or cannot be compared.
    pub(crate) fn has_grown(&self) -> bool {
        let verdicts = self.lines.iter().map(|line| line.verdict(self.tolerance));
        verdicts.into_iter().any(|one| !matches!(one, Verdict::Same | Verdict::Shrunk))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<18}{:>12}{:>12}{:>9}", "instructions per", "recorded", "now", "change")?;
        let cell =
            |count: Option<f64>| count.map_or_else(String::new, |count| format!("{count:.1}"));
        for line in &self.lines {
            let change =
                line.percent().map_or_else(String::new, |change| format!("{change:+.1} %"));
            let say = match line.verdict(self.tolerance) {
                Verdict::Same => "",
                Verdict::Grown => "  MORE",
                Verdict::Shrunk => "  less: record it, or the gain may be lost unseen",
                Verdict::New => "  not on record",
                Verdict::Gone => "  on record, not counted",
            };
            let (recorded, found) = (cell(line.recorded), cell(line.found));
            writeln!(f, "{:<18}{recorded:>12}{found:>12}{change:>9}{say}", line.name)?;
        }
        for difference in &self.differences {
            writeln!(f, "{difference}: counts differ for that reason alone")?;
        }
        if self.has_grown() {
            writeln!(
                f,
                "More than {} % above the record, or not comparable with it.",
                self.tolerance
            )?;
            writeln!(f, "What is meant to cost more is put on record: bench/README.md says how.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, f64)]) -> Baseline {
        let mut baseline = Baseline::here("valgrind-3".to_owned());
        baseline.counts = of.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        baseline
    }

    #[test]
    fn only_growth_beyond_the_tolerance_fails() {
        let record = counts(&[("a", 100.0), ("b", 100.0)]);
        let found = |a, b| Report::of(&record, &counts(&[("a", a), ("b", b)])).has_grown();
        assert!(!found(102.9, 50.0) && found(103.1, 50.0));
    }

    #[test]
    fn what_is_not_in_both_fails_and_is_named() {
        let report = Report::of(&counts(&[("a", 1.0)]), &counts(&[("b", 1.0)]));
        assert!(report.has_grown());
        let text = report.to_string();
        assert!(
            text.contains("not on record") && text.contains("on record, not counted"),
            "{text}"
        );
    }

    #[test]
    fn another_compiler_is_said() {
        let mut record = counts(&[("a", 1.0)]);
        record.rustc = "rustc 1.0.0".to_owned();
        let report = Report::of(&record, &counts(&[("a", 1.0)]));
        assert!(!report.has_grown());
        assert!(report.to_string().contains("recorded with rustc 1.0.0"));
    }
}

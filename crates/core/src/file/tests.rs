//! The three languages against each other, against hostile texts, and in the words of errors.

mod hostile;
mod identity;
mod mistakes;
mod values;

use super::tree::Tree;
use crate::problem::Problem;
use crate::source::{Format, Source};

fn read(format: Format, text: &str) -> Result<Tree, Vec<Problem>> {
    let parsed = super::parse(&Source::new("flow", text, format))?;
    if parsed.problems.is_empty() { Ok(parsed.tree) } else { Err(parsed.problems) }
}

fn yaml(text: &str) -> Tree {
    read(Format::Yaml, text).unwrap_or_else(|problems| panic!("{text:?}: {problems:?}"))
}

fn toml(text: &str) -> Tree {
    read(Format::Toml, text).unwrap_or_else(|problems| panic!("{text:?}: {problems:?}"))
}

fn json(text: &str) -> Tree {
    read(Format::Json, text).unwrap_or_else(|problems| panic!("{text:?}: {problems:?}"))
}

/// All problems with the text they point at and their related places, one to a line.
fn problems(format: Format, text: &str) -> String {
    let problems = match read(format, text) {
        Err(problems) => problems,
        Ok(tree) => panic!("{text:?} was read as {tree:?}"),
    };
    let mut lines = Vec::new();
    for problem in problems {
        lines.push(problem.to_string());
        for (span, label) in problem.related {
            let (line, column) = Source::new("", text, format).line_column(span.start);
            lines.push(format!("  {line}:{column}: {label}: {}", &text[span.range()]));
        }
    }
    lines.join("\n")
}

//! What is wrong with a workflow: every problem with its place and, where one is known, its mend.
//!
//! Reading, building and validating all report through [`Problem`], so that a file with five
//! mistakes in three stages of one pass gets five answers at once.

use std::fmt;

use crate::source::{Source, Span};

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong: a lower-case fragment such as ``unknown task `math/ad` ``.
    pub message: String,
    /// Where it stands.
    pub place: Place,
    /// What to do, as a sentence without a full stop.
    pub help: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
}

/// Where a [`Problem`] stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// In a text, at a range of bytes.
    Text {
        /// The text.
        source: Source,
        /// The range.
        span: Span,
    },
    /// In a value that describes a workflow, by the path to it: `.nodes.solve.with`; empty for the
    /// whole value.
    Value(String),
    /// At a node built in Rust, by name.
    Node(String),
    /// At the workflow as a whole.
    Workflow,
}

impl Problem {
    /// A problem with the workflow as a whole; refine it with the `with_` methods.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Place::Workflow, help: None, related: Vec::new() }
    }

    /// Sets the place to a range of a text.
    #[must_use]
    pub fn with_span(mut self, source: &Source, span: Span) -> Self {
        self.place = Place::Text { source: source.clone(), span };
        self
    }

    /// Sets the place to a node, by name.
    #[must_use]
    pub fn with_node(mut self, name: impl Into<String>) -> Self {
        self.place = Place::Node(name.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place of the same text.
    #[must_use]
    pub fn with_related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Text { source, span } => {
                let (line, column) = source.line_column(span.start);
                write!(f, "{}:{line}:{column}: ", source.name())?;
            }
            Place::Node(name) => write!(f, "node `{name}`: ")?,
            Place::Value(path) if !path.is_empty() => write!(f, "at `{path}`: ")?,
            Place::Value(_) | Place::Workflow => {}
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// All the problems found, at least one. The error of reading, building and validating.
#[derive(Clone, Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with all of them, or `Ok` when there is none.
    ///
    /// # Errors
    /// When `found` is not empty.
    pub fn check(found: Vec<Problem>) -> Result<(), Self> {
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

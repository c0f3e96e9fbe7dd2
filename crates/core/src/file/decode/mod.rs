//! From tree to [`Draft`]: what the keys of a workflow file mean.
//!
//! Every problem is kept and reading goes on, so that [`Draft::validate`] can report what is
//! wrong with the tasks beside what is wrong with the text. What could not be read leaves a
//! [`hole`] that validation accepts everywhere.
//!
//! The file as a whole in [`top`] and [`head`], nodes in [`nodes`] and [`about`], what they have
//! inside in [`flows`], how often they run it in [`map`] and [`loops`], what holds for them in
//! [`policy`] and for all in [`rules`]; keys and scalars in [`keys`], numbers with units in
//! [`units`], values and expressions in [`value`], what names mean in [`scope`]. The language inside strings is
//! [`super::reference`]'s.

mod about;
mod flows;
mod head;
mod keys;
mod loops;
mod map;
mod nodes;
mod policy;
mod rules;
mod scope;
mod top;
mod units;
mod value;

use std::collections::HashMap;

use scope::Level;
use value::Texts;

use super::from_value::{self, Paths};
use super::parse::MAX_PROBLEMS;
use super::{Kind, Parsed, Tree, parse};
use crate::draft::Draft;
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::policy::LimitKind;
use crate::problem::{Place, Problem, Problems};
use crate::source::{Format, Source, Span};

pub(super) use flows::step_name;
pub(super) use policy::longest_pause;

/// The version of the format, the value of the key `terrace`.
pub(super) const VERSION: i64 = 1;

impl Draft {
    /// Reads a workflow file. Workflows in other files that it uses are read by [`Draft::link`].
    ///
    /// What is wrong with single entries, a key that is there twice included, is in
    /// [`Draft::problems`]; hand the draft to [`Draft::validate`] in any case, which reports it
    /// together with all else.
    ///
    /// # Errors
    /// When there is nothing to read: the text breaks the grammar of its language or passes one of
    /// the [`Limits`](crate::Limits), it is no map, or it has a version that is not known here.
    pub fn read(source: &Source) -> Result<Self, Problems> {
        let Parsed { tree, problems } = parsed(source)?;
        let mut reader = Reader::new(Origin::Text(source), problems);
        let draft = reader.workflow(&tree);
        let problems = reader.finish();
        match draft {
            Some(draft) => Ok(Self { problems, ..draft }),
            None => Problems::check(problems).map(|()| Self::default()),
        }
    }

    /// Reads a workflow from a value: what a task gives that describes the workflow to run in its
    /// place. The value is a map with the keys of a workflow file, of which `terrace` may be left
    /// out; strings may hold references as there, and bytes, arrays and opaque values may stand
    /// wherever a constant may. Its nodes may need limits of the run that it does not declare
    /// ([`Draft::is_given`]).
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path to its place in the value.
    ///
    /// # Examples
    /// ```
    /// use terrace_core::{Draft, value_from_json};
    ///
    /// let value = value_from_json(
    ///     r#"{"nodes": {"a": {"map": {"over": [1, 2]}, "task": "math/add", "with": {"x": "${itm}"}}}}"#,
    /// )?;
    /// let error = Draft::from_value(&value).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "at `.nodes.a.with.x`: unknown node `itm` (did you mean `item`?)"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_value(value: &crate::Value) -> Result<Self, Problems> {
        let mut paths = Paths::default();
        let tree = from_value::tree(value, &mut paths).map_err(|excess| {
            let mut problem = Problem::new(excess.message);
            problem.place = Place::Value(paths.show(excess.span));
            problem
        })?;
        let mut reader = Reader::new(Origin::Value(&paths), Vec::new());
        let draft = reader.workflow(&tree);
        Problems::check(reader.finish())?;
        Ok(Self { is_given: true, ..draft.unwrap_or_default() })
    }
}

/// Reads the values of a file of inputs, in the order of the file: a map of plain data in YAML,
/// TOML or JSON, where `${` is text and the `$` forms of [`crate::value_from_json`] are read.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn read_inputs(source: &Source) -> Result<Vec<(String, crate::Value)>, Problems> {
    let Parsed { tree, problems } = parsed(source)?;
    let mut reader = Reader::new(Origin::Text(source), problems);
    let mut inputs = Vec::new();
    for (key, tree) in reader.entries(&tree, "the file of inputs") {
        if let Some(value) = reader.value(tree, Texts::Plain) {
            inputs.push((key.name.clone(), value));
        }
    }
    Problems::check(reader.finish())?;
    Ok(inputs)
}

/// The tree of a text; without one there is a problem, so the null is never seen.
fn parsed(source: &Source) -> Result<Parsed, Problems> {
    parse(source).or_else(|problems| {
        let tree = Tree::new(Kind::Null, Span::default());
        Problems::check(problems).map(|()| Parsed { tree, problems: Vec::new() })
    })
}

/// What stands where something could not be read: it is of any type and depends on nothing.
fn hole() -> Expr {
    Expr::Ref(Ref::new(Root::Node(NodeId(u32::MAX))))
}

/// Where a tree came from, which is what its spans mean.
#[derive(Clone, Copy)]
enum Origin<'t> {
    Text(&'t Source),
    Value(&'t Paths),
}

/// Reads one file or value.
struct Reader<'t> {
    origin: Origin<'t>,
    problems: Vec<(Span, Problem)>,
    /// The workflow being read and those around it, the innermost last.
    levels: Vec<Level>,
    /// The whole file, where it is a workflow.
    tree: Option<&'t Tree>,
    /// How many inputs of bodies stand for names outside.
    captured: usize,
    /// Whether it was said that these are too many.
    is_captured_full: bool,
    /// What the limits of the file count, by name.
    limits: HashMap<&'t str, LimitKind>,
}

impl<'t> Reader<'t> {
    /// Begins with the problems that the text has.
    fn new(origin: Origin<'t>, problems: Vec<Problem>) -> Self {
        let problems = problems.into_iter().map(|problem| (place(&problem), problem)).collect();
        Self {
            origin,
            problems,
            levels: Vec::new(),
            tree: None,
            captured: 0,
            is_captured_full: false,
            limits: HashMap::new(),
        }
    }

    /// The text, where there is one.
    fn source(&self) -> Option<&'t Source> {
        match self.origin {
            Origin::Text(source) => Some(source),
            Origin::Value(_) => None,
        }
    }

    /// The span for the draft: those of a value mean nothing outside.
    fn placed(&self, span: Span) -> Option<Span> {
        self.source().map(|_| span)
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    fn report(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        if !self.is_full() {
            let mut problem = self.problem(span, message.into());
            problem.help = help;
            self.problems.push((span, problem));
        }
    }

    /// Reports something that another place belongs to.
    fn report_related(&mut self, span: Span, message: String, help: &str, other: (Span, &str)) {
        if !self.is_full() {
            let mut problem = self.problem(span, message).with_help(help);
            if self.source().is_some() {
                problem = problem.with_related(other.0, other.1);
            }
            self.problems.push((span, problem));
        }
    }

    fn problem(&self, span: Span, message: String) -> Problem {
        let mut problem = Problem::new(message);
        problem.place = match self.origin {
            Origin::Text(source) => Place::Text { source: source.clone(), span },
            Origin::Value(paths) => Place::Value(paths.show(span)),
        };
        problem
    }

    /// Reports what must not be shown in its line.
    fn report_unseen(&mut self, span: Span, message: &str, help: &str) {
        let problem = match self.origin {
            Origin::Value(_) => self.problem(span, message.to_owned()),
            Origin::Text(source) => {
                let (line, column) = source.line_column(span.start);
                Problem::new(format!("{}:{line}:{column}: {message}", source.name()))
            }
        };
        self.problems.push((span, problem.with_help(help)));
    }

    /// The problems in the order of the text, each once: an alias repeats those of its anchor.
    fn finish(self) -> Vec<Problem> {
        let mut problems = self.problems;
        problems.sort_by_key(|(span, _)| span.start);
        problems.dedup_by(|(at, a), (before, b)| at == before && a.message == b.message);
        problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// How the version is written in the language of the file.
    fn version(&self) -> String {
        match self.source().map(Source::format) {
            Some(Format::Yaml) | None => format!("`terrace: {VERSION}`"),
            Some(Format::Toml) => format!("`terrace = {VERSION}`"),
            Some(Format::Json) => format!("`\"terrace\": {VERSION}`"),
        }
    }
}

/// The range of the text that a problem of its language points at.
fn place(problem: &Problem) -> Span {
    match problem.place {
        Place::Text { span, .. } => span,
        _ => Span::default(),
    }
}

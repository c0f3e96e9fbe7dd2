//! From tree to [`Draft`]: what the keys of a workflow file mean.
//!
//! Every problem is kept and reading goes on, so that [`Draft::validate`] can report what is
//! wrong with the tasks beside what is wrong with the text. What could not be read leaves a
//! [`hole`] that validation accepts everywhere.
//!
//! Keys and scalars in [`keys`], the head of the file in [`head`], nodes in [`nodes`], values and
//! expressions in [`value`]. The language inside strings is [`super::reference`]'s.

mod head;
mod keys;
mod nodes;
mod value;

use keys::Keys;
use value::{Names, Texts};

use super::parse::MAX_PROBLEMS;
use super::{Kind, Parsed, Tree, parse};
use crate::draft::{Draft, OutputDraft};
use crate::expr::{Expr, NodeId, Ref, Root};
use crate::problem::{Place, Problem, Problems};
use crate::source::{Format, Source, Span};

/// The version of the format, the value of the key `terrace`.
pub(super) const VERSION: i64 = 1;

const TOP: Keys = Keys {
    known: &["terrace", "name", "description", "packs", "inputs", "nodes", "outputs"],
    planned: &["steps", "branches", "limits", "retry", "timeout", "run_if", "use"],
    example: "a workflow is a map with the keys `terrace` and `nodes`",
};

impl Draft {
    /// Reads a workflow file.
    ///
    /// What is wrong with single entries, a key that is there twice included, is in [`Draft::problems`]; hand the draft to
    /// [`Draft::validate`] in any case, which reports it together with all else.
    ///
    /// # Errors
    /// When there is nothing to read: the text breaks the grammar of its language or passes one of
    /// the [`Limits`](crate::Limits), it is no map, or it has a version that is not known here.
    pub fn read(source: &Source) -> Result<Self, Problems> {
        let Parsed { tree, problems } = parsed(source)?;
        let mut reader = Reader { source, problems };
        let draft = reader.workflow(&tree);
        let problems = reader.finish();
        match draft {
            Some(draft) => Ok(Self { problems, ..draft }),
            None => Problems::check(problems).map(|()| Self::default()),
        }
    }
}

/// Reads the values of a file of inputs, in the order of the file: a map of plain data in YAML,
/// TOML or JSON, where `${` is text and the `$` forms of [`crate::value_from_json`] are read.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn read_inputs(source: &Source) -> Result<Vec<(String, crate::Value)>, Problems> {
    let Parsed { tree, problems } = parsed(source)?;
    let mut reader = Reader { source, problems };
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

/// Reads one file; begins with the problems that its text has.
struct Reader<'t> {
    source: &'t Source,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    fn report(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        if !self.is_full() {
            let mut problem = Problem::new(message).with_span(self.source, span);
            problem.help = help;
            self.problems.push(problem);
        }
    }

    /// Reports what must not be shown in its line.
    fn report_unseen(&mut self, span: Span, message: &str, help: &str) {
        let (line, column) = self.source.line_column(span.start);
        let name = self.source.name();
        let message = format!("{name}:{line}:{column}: {message}");
        self.problems.push(Problem::new(message).with_help(help));
    }

    /// The problems in the order of the text, each once: an alias repeats those of its anchor.
    fn finish(self) -> Vec<Problem> {
        let mut problems = self.problems;
        problems.sort_by_key(|problem| place(problem).start);
        problems.dedup_by(|a, b| place(a) == place(b) && a.message == b.message);
        problems
    }

    fn workflow(&mut self, tree: &'t Tree) -> Option<Draft> {
        if !self.fields_of_a_known_version(tree) {
            return None;
        }
        let mut draft = Draft { source: Some(self.source.clone()), ..Draft::default() };
        if let Some(name) = tree.get("name") {
            draft.name = self.text(name, "`name`").map(str::to_owned);
        }
        if let Some(description) = tree.get("description") {
            draft.description = self.text(description, "`description`").map(str::to_owned);
        }
        if let Some(packs) = tree.get("packs") {
            draft.packs = self.packs(packs);
        }
        let inputs = tree.get("inputs").map_or(&[][..], |tree| self.entries(tree, "`inputs`"));
        let nodes = tree.get("nodes").map_or(&[][..], |tree| self.entries(tree, "`nodes`"));
        let names = Names::of(inputs, nodes);
        draft.inputs = inputs.iter().map(|(key, tree)| self.input(key, tree)).collect();
        draft.nodes = nodes.iter().map(|(key, tree)| self.node(key, tree, &names)).collect();
        if let Some(outputs) = tree.get("outputs") {
            for (key, tree) in self.entries(outputs, "`outputs`") {
                draft.outputs.push(OutputDraft {
                    name: key.name.clone(),
                    value: self.expr(tree, Texts::Linked(&names, &[])),
                    span: Some(key.span),
                });
            }
        }
        Some(draft)
    }

    /// Checks the keys of the file; `false` where its version forbids to understand them.
    fn fields_of_a_known_version(&mut self, tree: &'t Tree) -> bool {
        if let Kind::Null = tree.kind {
            let help = format!("a workflow begins with {}", self.version());
            self.report(tree.span, "the file is empty", Some(help));
            return false;
        }
        match tree.get("terrace") {
            Some(Tree { kind: Kind::I64(VERSION), .. }) => {}
            Some(Tree { kind: Kind::I64(other), span }) => {
                let message = format!("version {other} of the workflow format is not known here");
                let help = format!("this version of Terrace reads {}", self.version());
                self.report(*span, message, Some(help));
                return false;
            }
            Some(other) => {
                let help = format!("write {}", self.version());
                self.expected(other, "`terrace`", "the version of the format, a number", &help);
            }
            None if matches!(tree.kind, Kind::Map(_)) => {
                let help = format!("write {} at its top", self.version());
                let start = Span::new(tree.span.start, tree.span.start);
                self.report(start, "the file does not say its version", Some(help));
            }
            None => {}
        }
        self.fields(tree, "the workflow", &TOP)
    }

    /// How the version is written in the language of the file.
    fn version(&self) -> String {
        match self.source.format() {
            Format::Yaml => format!("`terrace: {VERSION}`"),
            Format::Toml => format!("`terrace = {VERSION}`"),
            Format::Json => format!("`\"terrace\": {VERSION}`"),
        }
    }
}

/// The range of the text that a problem of a reader points at.
fn place(problem: &Problem) -> Span {
    match problem.place {
        Place::Text { span, .. } => span,
        _ => Span::default(),
    }
}

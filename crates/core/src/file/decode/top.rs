//! The workflow of a file or value as a whole.

use super::flows::Parts;
use super::keys::Keys;
use super::scope::Level;
use super::{Reader, VERSION};
use crate::draft::Draft;
use crate::file::{Kind, Tree};
use crate::source::Span;

const ON_A_NODE: &str = "on a node, under `nodes`";

const TOP: Keys = Keys {
    known: &[
        "terrace",
        "name",
        "description",
        "packs",
        "inputs",
        "nodes",
        "steps",
        "outputs",
        "output",
        "limits",
        "max_concurrent",
        "on_failure",
        "deadline",
        "budget",
        "checkpoints",
        "patience",
    ],
    planned: &[],
    elsewhere: &[
        ("task", ON_A_NODE),
        ("with", ON_A_NODE),
        ("use", ON_A_NODE),
        ("branches", ON_A_NODE),
        ("map", ON_A_NODE),
        ("loop", ON_A_NODE),
        ("when", ON_A_NODE),
        ("run_if", ON_A_NODE),
        ("retry", ON_A_NODE),
        ("timeout", "on a node, under `nodes`; for the whole it is `deadline`"),
        ("needs", ON_A_NODE),
        ("concurrency", "on a node, under `nodes`; for the whole it is `max_concurrent`"),
        ("cpus", ON_A_NODE),
        ("priority", ON_A_NODE),
        ("optional", ON_A_NODE),
        ("fallback", ON_A_NODE),
        ("cost", "on a node, under `nodes`; what all of it may cost is `budget`"),
        ("expected", ON_A_NODE),
        ("checkpoint", "on a node, under `nodes`; for the whole there is `checkpoints: levels`"),
    ],
    example: "a workflow is a map with the keys `terrace` and `nodes`",
};

impl<'t> Reader<'t> {
    pub(super) fn workflow(&mut self, tree: &'t Tree) -> Option<Draft> {
        if !self.fields_of_a_known_version(tree) {
            return None;
        }
        self.tree = Some(tree);
        let mut draft = Draft { source: self.source().cloned(), ..Draft::default() };
        if let Some(name) = tree.get("name") {
            draft.name = self.text(name, "`name`").map(str::to_owned);
        }
        if let Some(description) = tree.get("description") {
            draft.description = self.text(description, "`description`").map(str::to_owned);
        }
        if let Some(packs) = tree.get("packs") {
            draft.packs = self.packs(packs);
        }
        self.rules(tree, &mut draft);
        let inputs = tree.get("inputs").map_or(&[][..], |tree| self.entries(tree, "`inputs`"));
        let mut parts = Parts::default();
        if let Some(nodes) = tree.get("nodes") {
            self.named_nodes(nodes, "`nodes`", &mut parts);
        }
        if let Some(steps) = tree.get("steps") {
            self.steps(steps, "`steps`", &mut parts);
        }
        self.levels.push(Level::of_file(inputs, &parts.names));
        draft.inputs = inputs.iter().map(|(key, tree)| self.input(key, tree)).collect();
        draft.nodes = self.nodes(&parts);
        if let Some(checkpoints) = tree.get("checkpoints") {
            self.checkpoints(checkpoints, &mut draft);
        }
        self.results(tree, "the workflow", &mut draft);
        if let Some(result) = &draft.result {
            draft.outputs.push(crate::draft::OutputDraft {
                name: "output".to_owned(),
                value: result.clone(),
                span: draft.result_span,
            });
        }
        self.leave();
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
            // A value is of the version of the program that made it.
            None if matches!(tree.kind, Kind::Map(_)) && self.source().is_some() => {
                let help = format!("write {} at its top", self.version());
                let start = Span::new(tree.span.start, tree.span.start);
                self.report(start, "the file does not say its version", Some(help));
            }
            None => {}
        }
        self.fields(tree, "the workflow", &TOP)
    }
}

//! Files that use each other: one draft out of several.
//!
//! Core reads no disk, so whoever links a draft brings the function that opens files. What is read
//! becomes a workflow inside the node that uses it ([`FlowStyle::File`]); it sees nothing of what
//! is around it. How the packs of all the files become those of one workflow is the business of
//! [`packs`].
//!
//! # Limits
//! Files use each other at most [`MAX_DEPTH`] deep, and together have no more text than one file
//! may have ([`Limits::MAX_TEXT`]), each counted as often as it is used.

mod packs;

pub(crate) use packs::written as written_task;

use std::collections::HashMap;
use std::sync::Arc;

use super::parse::{Limits, MAX_PROBLEMS, quoted};
use crate::draft::{Draft, FlowDraft, FlowStyle, NodeDraft, TaskChoice};
use crate::problem::Problem;
use crate::source::{Source, Span};

/// How deep files may use each other; the first counts.
const MAX_DEPTH: usize = 16;

/// What a file counts beside its text: however small it is, it takes some memory.
const OVERHEAD: usize = 1 << 10;

/// What an input counts, of which a short text makes many where bodies see many names.
const INPUT: usize = 1 << 6;

/// Opens a file that another uses: its path as written there, and the text where it is written.
type Open<'o> = &'o mut dyn FnMut(&str, &Source) -> Result<Source, String>;

impl Draft {
    /// Reads the files that it uses, those that they use, and so on. Each becomes a workflow inside
    /// the node that uses it. A draft that uses no file stays as it is.
    ///
    /// `open` gets a path as it is written and the text where it is, whose name tells what the path
    /// is relative to. The name of the text that it gives should be a path again: it is shown in
    /// problems, the files that this one uses are found by it, and its folder is what
    /// `${workflow.dir}` gives inside. An error should say why, without the path as written.
    ///
    /// Afterwards [`Draft::packs`] holds the packs of all the files, since one catalog serves them:
    /// the same pack under the same alias is there once. Where an alias means one pack in one file
    /// and another in another, the later file's tasks are called by an alias of their own,
    /// `math~2`. Where some files have `packs` and others do not, those that do not get any version
    /// of each pack that their tasks name. A file still finds only the packs that it declares.
    ///
    /// Everything that goes wrong is added to [`Draft::problems`]: files that cannot be opened,
    /// what is wrong in them, files that use themselves.
    ///
    /// # Examples
    /// ```
    /// use terrace_core::{Draft, Format, NoTasks, Source};
    ///
    /// let main = "terrace: 1\nnodes: { a: { use: part.yaml, with: { x: 3 } } }\noutput: \"${a}\"";
    /// let part = "terrace: 1\ninputs: { x: i64 }\noutput: \"${inputs.x}\"";
    ///
    /// let mut draft = Draft::read(&Source::new("main.yaml", main, Format::Yaml))?;
    /// draft.link(&mut |path, _| match path {
    ///     "part.yaml" => Ok(Source::new(path, part, Format::Yaml)),
    ///     _ => Err("there is no such file".to_owned()),
    /// });
    /// let workflow = draft.validate(&NoTasks)?;
    /// assert!(workflow.nodes()[0].flow().is_some());
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn link(&mut self, open: &mut dyn FnMut(&str, &Source) -> Result<Source, String>) {
        if !uses_files(self) {
            return;
        }
        let mut linker = Linker {
            open,
            loaded: HashMap::new(),
            chain: Vec::new(),
            bytes: 0,
            problems: Vec::new(),
        };
        match self.source.clone() {
            Some(source) => {
                linker.chain.push(source.name().to_owned());
                linker.visit(self, &source);
            }
            None => linker.refuse_all(self),
        }
        let mut problems = linker.problems;
        packs::unite(self, &mut problems);
        problems.truncate(MAX_PROBLEMS);
        self.problems.append(&mut problems);
    }
}

/// Whether a draft names a file that has not been read.
fn uses_files(draft: &Draft) -> bool {
    draft.nodes.iter().any(|node| match &node.task {
        TaskChoice::File(_) => true,
        TaskChoice::Flow(flow) => uses_files(&flow.draft),
        _ => false,
    })
}

/// A file that has been read with all that it uses.
#[derive(Clone)]
struct Loaded {
    draft: Draft,
    /// How deep files use each other from here on, itself included.
    height: usize,
    /// How much it counts with all that it uses.
    bytes: usize,
}

struct Linker<'o> {
    open: Open<'o>,
    /// What each path means in each file; an error is told wherever the path stands.
    loaded: HashMap<(String, String), Result<Loaded, Option<String>>>,
    /// The names of the files that are being read, from the first on.
    chain: Vec<String>,
    bytes: usize,
    problems: Vec<Problem>,
}

impl Linker<'_> {
    /// Reads what the nodes of a file use, and tells how deep that goes. Recurses: into what is
    /// written inside each other, which is limited by the depth of a text, and into files.
    fn visit(&mut self, draft: &mut Draft, source: &Source) -> usize {
        let mut height = 0;
        for node in &mut draft.nodes {
            match &mut node.task {
                TaskChoice::Flow(flow) if !matches!(flow.style, FlowStyle::File(_)) => {
                    height = height.max(self.visit(&mut flow.draft, source));
                }
                TaskChoice::File(path) => {
                    let path = std::mem::take(path);
                    let loaded = self.load(&path, source, span(node));
                    node.task = match loaded {
                        Some(loaded) => {
                            height = height.max(loaded.height);
                            TaskChoice::Flow(Box::new(FlowDraft {
                                draft: loaded.draft,
                                style: FlowStyle::File(path),
                                captures: Vec::new(),
                            }))
                        }
                        // Known to validation as something that was reported already.
                        None => TaskChoice::Named { name: Arc::from(""), expect: None },
                    };
                }
                _ => {}
            }
        }
        height
    }

    fn load(&mut self, path: &str, from: &Source, span: Span) -> Option<Loaded> {
        let place = (from.name().to_owned(), path.to_owned());
        if let Some(known) = self.loaded.get(&place).cloned() {
            return match known {
                Ok(loaded) => self.fits(loaded.height, loaded.bytes, from, span).then_some(loaded),
                Err(message) => {
                    if let Some(message) = message {
                        self.report(from, span, message, "");
                    }
                    None
                }
            };
        }
        let source = match (self.open)(path, from) {
            Ok(source) => source,
            Err(error) => {
                let message = format!("cannot use {}: {error}", quoted(path));
                let help = "a path is relative to the file that names it";
                self.report(from, span, message.clone(), help);
                self.loaded.insert(place, Err(Some(message)));
                return None;
            }
        };
        let name = plain(source.name());
        if let Some(first) = self.chain.iter().position(|open| plain(open) == name) {
            let names = self.chain[first..].iter().map(String::as_str).chain([source.name()]);
            let names: Vec<String> = names.map(quoted).collect();
            let message = format!("these files use each other: {}", names.join(" → "));
            let help = "a workflow cannot contain itself; a `loop` runs one again and again";
            self.report(from, span, message, help);
            return None;
        }
        let before = self.bytes;
        if !self.fits(1, source.text().len() + OVERHEAD, from, span) {
            return None;
        }
        let loaded = self.read(&source).and_then(|(draft, height)| {
            let fits = self.fits(1, inputs(&draft) * INPUT, from, span);
            fits.then(|| Loaded { draft, height: height + 1, bytes: self.bytes - before })
        });
        self.loaded.insert(place, loaded.clone().ok_or(None));
        loaded
    }

    fn read(&mut self, source: &Source) -> Option<(Draft, usize)> {
        let mut draft = match Draft::read(source) {
            Ok(draft) => draft,
            Err(problems) => {
                self.keep(problems.iter().cloned());
                return None;
            }
        };
        self.keep(std::mem::take(&mut draft.problems));
        set_dir(&mut draft, &Arc::from(folder(source.name())));
        self.chain.push(source.name().to_owned());
        let height = self.visit(&mut draft, source);
        self.chain.pop();
        Some((draft, height))
    }

    /// Counts what is used; `false` after a problem.
    fn fits(&mut self, height: usize, bytes: usize, from: &Source, span: Span) -> bool {
        let before = self.bytes;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.chain.len() + height > MAX_DEPTH {
            let message = format!("files use each other more than {MAX_DEPTH} deep");
            self.report(from, span, message, "");
            return false;
        }
        if self.bytes > Limits::MAX_TEXT {
            // Once is enough: whatever comes now is too much.
            if before <= Limits::MAX_TEXT {
                let message = format!(
                    "with this file, more than {} bytes of files that use each other",
                    Limits::MAX_TEXT
                );
                let help = "each counts as often as it is used";
                self.report(from, span, message, help);
            }
            return false;
        }
        true
    }

    /// Refuses every file of a draft that is in none itself.
    fn refuse_all(&mut self, draft: &mut Draft) {
        for node in &mut draft.nodes {
            match &mut node.task {
                TaskChoice::Flow(flow) => self.refuse_all(&mut flow.draft),
                TaskChoice::File(path) => {
                    let message = format!("cannot use {} from here", quoted(path));
                    let mut problem = Problem::new(message)
                        .with_help("a path is relative to a file, and this workflow is in none");
                    if let Some(name) = &node.name {
                        problem = problem.with_node(&**name);
                    }
                    self.keep([problem]);
                    node.task = TaskChoice::Named { name: Arc::from(""), expect: None };
                }
                _ => {}
            }
        }
    }

    fn report(&mut self, source: &Source, span: Span, message: String, help: &str) {
        let mut problem = Problem::new(message).with_span(source, span);
        problem.help = (!help.is_empty()).then(|| help.to_owned());
        self.keep([problem]);
    }

    fn keep(&mut self, problems: impl IntoIterator<Item = Problem>) {
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
    }
}

/// How many inputs there are in what one file says.
fn inputs(draft: &Draft) -> usize {
    let inside = draft.nodes.iter().map(|node| match &node.task {
        TaskChoice::Flow(flow) if !matches!(flow.style, FlowStyle::File(_)) => inputs(&flow.draft),
        _ => 0,
    });
    draft.inputs.len() + inside.sum::<usize>()
}

/// Where a node names its file.
fn span(node: &NodeDraft) -> Span {
    node.spans.as_ref().map(|spans| spans.task).unwrap_or_default()
}

/// Sets the folder of everything that is written in one file.
fn set_dir(draft: &mut Draft, dir: &Arc<str>) {
    draft.dir = Some(dir.clone());
    for node in &mut draft.nodes {
        if let TaskChoice::Flow(flow) = &mut node.task {
            set_dir(&mut flow.draft, dir);
        }
    }
}

/// The folder of a file.
fn folder(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => ".",
    }
}

/// A path without the detours that can be told by looking at it.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{folder, plain};

    #[test]
    fn paths_are_compared_without_detours() {
        for (path, expected) in [
            ("a.yaml", "a.yaml"),
            ("./a.yaml", "a.yaml"),
            ("x/../a.yaml", "a.yaml"),
            ("../a.yaml", "../a.yaml"),
            ("../../x/./y/../a.yaml", "../../x/a.yaml"),
            ("/x//a.yaml", "/x/a.yaml"),
            ("", ""),
        ] {
            assert_eq!(plain(path), expected);
        }
        assert_eq!(["a.yaml", "x/a.yaml", "/a.yaml"].map(folder), [".", "x", "/"]);
    }
}

//! The packs of several files as those of one workflow.
//!
//! Every file declares its packs for itself, and one catalog serves the whole. So an alias that is
//! taken for something else is replaced by a fresh one, `math~2`, which no file can contain: `~` is
//! no part of a name. [`crate::validate`] shows such tasks under the name that is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::draft::{Draft, FlowStyle, NodeDraft, PackRequirement, RepeatDraft, TaskChoice};
use crate::problem::Problem;
use crate::source::{Source, Span};

/// Makes the packs of a file those of all the files it uses.
pub(super) fn unite(root: &mut Draft, problems: &mut Vec<Problem>) {
    if !declares(root) {
        return;
    }
    let mut united = United { packs: Vec::new(), by_alias: HashMap::new(), missing: Vec::new() };
    united.file(root, None);
    for (task, source, span) in united.missing {
        let alias = task.split('/').next().unwrap_or_default();
        if united.by_alias.contains_key(alias) {
            let help = format!("add `{alias}` to `packs:` of this file, as in `{alias}: \"^0.1\"`");
            let problem = Problem::new(format!("unknown task `{task}`")).with_help(help);
            problems.push(match (&source, span) {
                (Some(source), Some(span)) => problem.with_span(source, span),
                _ => problem,
            });
        }
    }
    root.packs = united.packs;
}

/// Whether any of the files has `packs`.
fn declares(draft: &Draft) -> bool {
    !draft.packs.is_empty() || flows(draft).any(|(_, _, inner)| declares(inner))
}

/// The workflows inside, with how they are written.
fn flows(draft: &Draft) -> impl Iterator<Item = (&NodeDraft, &FlowStyle, &Draft)> {
    draft.nodes.iter().filter_map(|node| match &node.task {
        TaskChoice::Flow(flow) => Some((node, &flow.style, &flow.draft)),
        _ => None,
    })
}

struct United {
    packs: Vec<PackRequirement>,
    by_alias: HashMap<String, usize>,
    /// Tasks of packs that their own file does not declare.
    missing: Vec<(Arc<str>, Option<Source>, Option<Span>)>,
}

impl United {
    /// Adds the packs of a file and of those it uses. `used` is where the first file uses it.
    fn file(&mut self, draft: &mut Draft, used: Option<Span>) {
        let mut wanted = draft.packs.clone();
        if wanted.is_empty() {
            let mut seen = HashSet::new();
            each_task(draft, &mut |name, _, _| {
                let Some((alias, _)) = name.split_once('/') else { return };
                if seen.insert(alias.to_owned()) {
                    wanted.push(PackRequirement {
                        alias: alias.to_owned(),
                        name: alias.to_owned(),
                        version: "*".to_owned(),
                        span: None,
                    });
                }
            });
        }
        let mut aliases: HashMap<String, String> = HashMap::new();
        for pack in wanted {
            let span = if used.is_some() { used } else { pack.span };
            let alias = pack.alias.clone();
            // One that is there twice was reported.
            aliases.entry(alias).or_insert_with(|| self.add(PackRequirement { span, ..pack }));
        }
        let missing = &mut self.missing;
        each_task(draft, &mut |name, source, span| {
            let Some((alias, task)) = name.split_once('/') else { return };
            match aliases.get(alias) {
                Some(united) if united != alias => *name = format!("{united}/{task}").into(),
                Some(_) => {}
                None => missing.push((name.clone(), source.cloned(), span)),
            }
        });
        self.used_files(draft, used);
    }

    fn used_files(&mut self, draft: &mut Draft, used: Option<Span>) {
        for node in &mut draft.nodes {
            let span = used.or_else(|| node.spans.as_ref().map(|spans| spans.task));
            match &mut node.task {
                TaskChoice::Flow(flow) if matches!(flow.style, FlowStyle::File(_)) => {
                    self.file(&mut flow.draft, span);
                }
                TaskChoice::Flow(flow) => self.used_files(&mut flow.draft, used),
                _ => {}
            }
        }
    }

    /// Adds a pack and gives the alias that it has for all.
    fn add(&mut self, pack: PackRequirement) -> String {
        let mut alias = pack.alias.clone();
        for count in 2_u32.. {
            match self.by_alias.get(&alias).map(|&at| &self.packs[at]) {
                None => break,
                Some(known) if (&known.name, &known.version) == (&pack.name, &pack.version) => {
                    return alias;
                }
                Some(_) => alias = format!("{}~{count}", pack.alias),
            }
        }
        self.by_alias.insert(alias.clone(), self.packs.len());
        self.packs.push(PackRequirement { alias: alias.clone(), ..pack });
        alias
    }
}

/// Gets a task's name, the text and where it stands there.
type Visit<'v> = dyn FnMut(&mut Arc<str>, Option<&Source>, Option<Span>) + 'v;

/// Visits the tasks that one file names.
fn each_task(draft: &mut Draft, visit: &mut Visit<'_>) {
    let source = draft.source.clone();
    for node in &mut draft.nodes {
        let span = node.spans.as_ref().map(|spans| spans.task);
        match &mut node.task {
            TaskChoice::Named { name, .. } => visit(name, source.as_ref(), span),
            TaskChoice::Flow(flow) if !matches!(flow.style, FlowStyle::File(_)) => {
                each_task(&mut flow.draft, visit);
            }
            _ => {}
        }
        if let Some(RepeatDraft::Map(map)) = &mut node.repeat
            && let Some(reduce) = &mut map.reduce
            && let TaskChoice::Named { name, .. } = &mut reduce.task
        {
            visit(name, source.as_ref(), reduce.span);
        }
    }
}

/// The name of a task as its file writes it.
pub(crate) fn written(task: &str) -> Option<String> {
    let (alias, name) = task.split_once('/')?;
    let (alias, _) = alias.split_once('~')?;
    Some(format!("{alias}/{name}"))
}

//! Workflows inside nodes, maps and loops as they stand in a file.
//!
//! A body is written in its own style where that says all there is to say, else as `nodes:`.

use super::{Entries, Scope, Writer, node, nodes};
use crate::draft::{
    Args, Draft, FlowDraft, FlowStyle, InputRole, NodeDraft, ReduceDraft, RepeatDraft, RunIf,
    TaskChoice,
};
use crate::expr::{Expr, InputId, NodeId, Ref, Root};
use crate::file::Kind;
use crate::file::parse::{Limits, quoted};
use crate::repeat::{Chunk, Collect, Loop, Map, Over};
use crate::validate::is_name;

impl<'d> Writer<'d> {
    /// The body of a node with what repeats it.
    pub(super) fn flow(
        &mut self,
        name: &'d str,
        around: &'d NodeDraft,
        flow: &'d FlowDraft,
        entries: &mut Entries,
    ) {
        let draft = &flow.draft;
        // A file cannot hold as many, and printing will say so.
        if self.scopes.len() > Limits::MAX_DEPTH {
            return self.refuse(name, "it is nested too deep for a file".to_owned(), "");
        }
        let given = match &around.args {
            Args::Positional(args) => !args.is_empty(),
            Args::Named(args) => !args.is_empty(),
        };
        if given || draft.inputs.iter().any(|input| input.role == InputRole::Declared) {
            let help = "write that workflow into a file, and `use` it";
            let message = "the workflow inside has inputs of its own".to_owned();
            self.refuse(name, message, help);
        }
        if !draft.rules.is_empty() {
            let message = "the workflow inside has rules of its own".to_owned();
            self.refuse(name, message, "write that workflow into a file, and `use` it");
        }
        // What is around the body stands outside of its scope, and comes first.
        let mut head = Entries::default();
        match &around.repeat {
            Some(RepeatDraft::Map(map)) => {
                self.map(name, map, draft, &mut head);
                self.whole(name, around, map, &mut head);
            }
            Some(RepeatDraft::Loop(_)) | None => {}
        }
        let starts: Vec<_> = match &around.repeat {
            Some(RepeatDraft::Loop(repeat)) => {
                let place = format!("`loop` of node {}", quoted(name));
                repeat.carry.iter().map(|carry| self.expr(&carry.start, &place, 0)).collect()
            }
            _ => Vec::new(),
        };
        let only = only_node(flow).filter(|_| around.repeat.is_some());
        let scope = self.scope(name, around, flow, only.map(|_| name));
        self.scopes.push(scope);
        match &around.repeat {
            Some(RepeatDraft::Map(map)) => {
                if let Some(key) = &map.key_by {
                    let key = self.expr(key, &format!("`key` of node {}", quoted(name)), 0);
                    head.add("key", key);
                }
                entries.add("map", head.tree());
            }
            Some(RepeatDraft::Loop(repeat)) => self.repeat(name, repeat, starts, draft, entries),
            None => {}
        }
        match only {
            Some(inside) => {
                self.call(name, inside, entries);
                nodes::lane(inside, entries);
            }
            None => self.body(name, flow, entries),
        }
        self.scopes.pop();
    }

    /// What references inside a body can name.
    fn scope(
        &self,
        name: &str,
        around: &NodeDraft,
        flow: &'d FlowDraft,
        only: Option<&'d str>,
    ) -> Scope<'d> {
        // What is lent to maps inside nobody writes.
        let (index, key) = match &around.repeat {
            Some(RepeatDraft::Map(map)) => (map.index, map.key),
            Some(RepeatDraft::Loop(repeat)) => (repeat.index, None),
            None => (None, None),
        };
        let mut captures = flow.captures.iter();
        let written = flow.draft.inputs.iter().zip(0..).map(|(input, at)| match input.role {
            InputRole::Declared => None,
            InputRole::Captured => {
                let capture = captures.next()?;
                let root = self.root(capture.root)?;
                Some(capture.show(&|_| root.clone()))
            }
            InputRole::Local if index == Some(InputId(at)) => Some("index".to_owned()),
            InputRole::Local if key == Some(InputId(at)) => Some("key".to_owned()),
            InputRole::Local => is_name(&input.name).then(|| input.name.clone()),
        });
        let prefix = self.scopes.last().map_or("", |scope| &scope.prefix);
        Scope {
            draft: &flow.draft,
            inputs: written.collect(),
            only,
            prefix: format!("{prefix}{name}."),
        }
    }

    /// `nodes`, `steps` or `branches`, and what they give.
    fn body(&mut self, name: &str, flow: &'d FlowDraft, entries: &mut Entries) {
        let draft = &flow.draft;
        match &flow.style {
            FlowStyle::Branches if are_branches(draft) => {
                let nodes = self.nodes(draft, &draft.nodes);
                entries.add("branches", nodes.tree());
                return;
            }
            FlowStyle::Steps if !draft.nodes.is_empty() && nodes::is_chain(&draft.nodes, 0) => {
                let steps = self.steps(&draft.nodes);
                entries.add("steps", steps);
                let last = draft.nodes.len() - 1;
                match &draft.result {
                    // Without a word, steps give what the last one gives.
                    result if *result == reference(last) && draft.outputs.is_empty() => return,
                    None if draft.outputs.is_empty() => {
                        entries.add("outputs", Entries::default().tree());
                        return;
                    }
                    _ => {}
                }
            }
            _ => {
                let nodes = self.nodes(draft, &draft.nodes);
                entries.add("nodes", nodes.tree());
            }
        }
        match &draft.result {
            None => self.outputs(draft, entries),
            Some(result) if draft.outputs.is_empty() => {
                let result = self.expr(result, &format!("`output` of node {}", quoted(name)), 0);
                entries.add("output", result);
            }
            Some(_) => {
                let message = "the workflow inside has outputs and gives something else";
                self.refuse(name, message.to_owned(), "");
            }
        }
    }

    /// What of a map is of the workflow around it.
    fn map(&mut self, name: &str, map: &Map<ReduceDraft>, body: &Draft, entries: &mut Entries) {
        let place = format!("`map` of node {}", quoted(name));
        let mut items = map.items.iter().map(|&item| input_name(body, item));
        match &map.over {
            Over::Each(list) => {
                let list = self.expr(list, &place, 0);
                entries.add("over", list);
                entries.text("as", items.next().flatten().filter(|name| *name != "item"));
            }
            Over::Zip(lists) | Over::Cross(lists) => {
                let mut named = Entries::default();
                for list in lists {
                    match items.next().flatten() {
                        Some(item) => named.add(item, self.expr(list, &place, 0)),
                        None => self.refuse(name, "an item of its map has no name".into(), ""),
                    }
                }
                let zip = matches!(map.over, Over::Zip(_));
                entries.add(if zip { "zip" } else { "cross" }, named.tree());
            }
        }
        if let Chunk::Of(count) = map.chunk {
            entries.add("chunk", node(Kind::I64(count.into())));
        }
        if let Some(window) = map.window {
            entries.add("window", node(Kind::I64(window.into())));
        }
        if map.collect == Collect::Outcomes {
            entries.text("collect", Some("outcomes"));
        }
        let Some(reduce) = &map.reduce else { return };
        let TaskChoice::Named { name: task, .. } = &reduce.task else {
            let message = "what reduces its results is a function of the program".to_owned();
            return self.refuse(name, message, "put the function into a pack");
        };
        match &reduce.start {
            None => entries.text("reduce", Some(task)),
            Some(start) => {
                let mut reduce = Entries::default();
                reduce.text("task", Some(task));
                reduce.add("start", self.expr(start, &place, 0));
                entries.add("reduce", reduce.tree());
            }
        }
    }

    /// `loop`, inside the scope of its body.
    fn repeat(
        &mut self,
        name: &str,
        repeat: &Loop,
        starts: Vec<crate::file::Tree>,
        body: &Draft,
        entries: &mut Entries,
    ) {
        let place = format!("`loop` of node {}", quoted(name));
        let mut head = Entries::default();
        let mut carried = Entries::default();
        for (carry, start) in repeat.carry.iter().zip(starts) {
            let mut one = Entries::default();
            one.add("start", start);
            one.add("next", self.expr(&carry.next, &place, 0));
            match input_name(body, carry.input) {
                Some(name) => carried.add(name, one.tree()),
                None => self.refuse(name, "a value that its loop carries has no name".into(), ""),
            }
        }
        head.section("carry", carried);
        if let Some(until) = &repeat.until {
            let until = self.expr(until, &place, 0);
            head.add("until", until);
        }
        let max = i64::try_from(repeat.max).map_or(Kind::U64(repeat.max), Kind::I64);
        head.add("max", node(max));
        entries.add("loop", head.tree());
    }
}

fn input_name(body: &Draft, input: InputId) -> Option<&str> {
    body.inputs.get(input.index()).map(|input| input.name.as_str())
}

fn reference(node: usize) -> Option<Expr> {
    NodeId::at(node).map(|id| Expr::Ref(Ref::new(Root::Node(id))))
}

/// The one node of a body that stands for the node around it.
fn only_node(flow: &FlowDraft) -> Option<&NodeDraft> {
    let [only] = &flow.draft.nodes[..] else { return None };
    let calls = match &only.task {
        TaskChoice::Named { .. } | TaskChoice::File(_) | TaskChoice::Inline(_) => true,
        TaskChoice::Flow(inner) => matches!(inner.style, FlowStyle::File(_)),
        _ => false,
    };
    let plain = only.after.is_empty()
        && only.when.is_none()
        && only.run_if == RunIf::Success
        && only.repeat.is_none()
        && only.label.is_none()
        && only.policy.is_none()
        && !only.keep;
    let gives = flow.draft.outputs.is_empty() && flow.draft.result == reference(0);
    (flow.style == FlowStyle::Single && calls && plain && gives).then_some(only)
}

/// Whether a body gives exactly what each of its nodes gives, by name.
fn are_branches(draft: &Draft) -> bool {
    let Some(Expr::Map(entries)) = &draft.result else { return false };
    draft.outputs.is_empty()
        && entries.len() == draft.nodes.len()
        && draft.nodes.iter().zip(entries).enumerate().all(|(at, (node, (name, value)))| {
            node.name.as_deref() == Some(name) && Some(value) == reference(at).as_ref()
        })
}

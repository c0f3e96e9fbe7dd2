//! What is said about a node whatever it runs: after what, under which condition, and for people.

use super::{Reader, Texts};
use crate::draft::{NodeDraft, NodeSpans, RunIf};
use crate::expr::Expr;
use crate::file::parse::quoted;
use crate::file::{Kind, Tree};

impl<'t> Reader<'t> {
    /// What is said about a node that does not depend on what it runs.
    pub(super) fn about(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        if let Some(after) = tree.get("after") {
            self.after(after, subject, node, spans);
        }
        if let Some(when) = tree.get("when") {
            spans.when = when.span;
            node.when = self.condition(when, &format!("`when` of {subject}"));
        }
        if let Some(run_if) = tree.get("run_if") {
            let words = [
                ("success", RunIf::Success),
                ("failure", RunIf::Failure),
                ("always", RunIf::Always),
            ];
            let help = "it says after which ends of what it depends on the node runs: `always` is \
                        however that ended; under which condition is said by `when`";
            let run_if = self.word_or(run_if, &format!("`run_if` of {subject}"), &words, help);
            node.run_if = run_if.unwrap_or_default();
        }
        if let Some(label) = tree.get("label") {
            node.label = self.text(label, &format!("`label` of {subject}")).map(str::to_owned);
        }
        if let Some(keep) = tree.get("keep") {
            node.keep = self.truth(keep, &format!("`keep` of {subject}"));
        }
    }

    /// One reference to a bool.
    pub(super) fn condition(&mut self, tree: &'t Tree, subject: &str) -> Option<Expr> {
        let found = match &tree.kind {
            Kind::Str(_) => self.expr(tree, Texts::Linked),
            _ => Expr::Const(terrace_plugin_api::Value::Null),
        };
        if let Expr::Ref(_) = found {
            return Some(found);
        }
        let help = match &tree.kind {
            Kind::Str(name) if self.sibling(name).is_some() => format!("write `${{{name}}}`"),
            Kind::Str(_) => "there are no expressions: tasks such as `util/compare`, `and`, `or` \
                             and `not` make a bool"
                .to_owned(),
            _ => "as in `\"${check}\"`".to_owned(),
        };
        self.expected(tree, subject, "one reference to a bool", &help);
        None
    }

    /// `after: a` or `after: [a, b]`.
    fn after(
        &mut self,
        tree: &'t Tree,
        subject: &str,
        node: &mut NodeDraft,
        spans: &mut NodeSpans,
    ) {
        let subject = format!("`after` of {subject}");
        let entries = match &tree.kind {
            Kind::Seq(entries) => entries,
            Kind::Str(_) => std::slice::from_ref(tree),
            _ => {
                let help = "as in `after: a` or `after: [a, b]`";
                return self.expected(
                    tree,
                    &subject,
                    "the name of a node, or a list of them",
                    help,
                );
            }
        };
        for entry in entries {
            let Some(name) = self.text(entry, &subject) else { continue };
            if let Some(id) = self.sibling(name) {
                node.after.push(id);
                spans.after.push(entry.span);
            } else if !self.is_full() {
                let bare = name.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
                let help = match bare {
                    Some(bare) if self.sibling(bare).is_some() => {
                        Some(format!("write the name alone: `{bare}`"))
                    }
                    _ => self.help_for_sibling(name),
                };
                let span = self.part(entry, name, 0..name.len(), 0..name.len());
                self.report(span, format!("{subject}: unknown node {}", quoted(name)), help);
            }
        }
    }
}

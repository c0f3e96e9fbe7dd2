//! A [`Diff`] for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use terrace_core::OutcomeStatus;

use crate::shown::show_time;

use super::{Changed, Diff, EdgeName, RunSide, TimeChange};

/// So many entries of a kind are shown to people.
const SHOWN: usize = 20;

impl Diff {
    /// What changed, most important first: how the runs ended, the graph, outcomes, times.
    pub fn to_text(&self) -> String {
        let [a, b] = &self.runs;
        let mut text = format!("{} → {}\n", about(a), about(b));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "time: {}", change(a.duration, b.duration));
        for (side, run) in [("first", a), ("second", b)] {
            if let Some(cut) = &run.cut {
                let _ = writeln!(text, "the {side}: {cut}");
            }
        }
        let lines = |names: &[String], sign: &str| -> Vec<String> {
            names.iter().map(|name| format!("{sign} {name}")).collect()
        };
        let edge = |sign: &str, edge: &EdgeName| {
            format!("{sign} {}.{} ← {}", edge.to, edge.port, edge.from)
        };
        let mut nodes = lines(&self.removed, "-");
        nodes.extend(lines(&self.added, "+"));
        nodes.extend(
            self.retasked
                .iter()
                .map(|Changed { name, sides: [a, b] }| format!("~ {name}: {a} → {b}")),
        );
        let mut edges: Vec<String> = self.edges_removed.iter().map(|e| edge("-", e)).collect();
        edges.extend(self.edges_added.iter().map(|e| edge("+", e)));
        let outcomes = self.outcomes.iter().map(|Changed { name, sides: [a, b] }| {
            format!("{name}: {} → {}", status(*a), status(*b))
        });
        let times = self.times.iter().map(|time| {
            let count = match time.times {
                [1, 1] => String::new(),
                [a, b] if a == b => format!(" (×{a})"),
                [a, b] => format!(" (×{a} → ×{b})"),
            };
            format!("{}{count}: {}", time.name, change(time.ran[0], time.ran[1]))
        });
        section(&mut text, "nodes", &nodes);
        section(&mut text, "edges", &edges);
        section(&mut text, "outcomes", &outcomes.collect::<Vec<_>>());
        section(&mut text, "times, all that a node did together", &times.collect::<Vec<_>>());
        if self.is_empty() {
            text.push_str("nothing else changed\n");
        }
        if self.alike > 0 {
            let _ = writeln!(
                text,
                "{} within the noise (less than {} or {} %)",
                if self.alike == 1 {
                    "1 node took as long,".to_owned()
                } else {
                    format!("{} nodes took as long,", self.alike)
                },
                near(self.noise.least),
                self.noise.part * 100.0,
            );
        }
        text
    }

    /// The same as JSON, `format` 1; times in seconds.
    pub fn to_json(&self) -> Value {
        let edges = |edges: &[EdgeName]| -> Vec<Value> {
            edges
                .iter()
                .map(|edge| json!({ "from": edge.from, "to": edge.to, "port": edge.port }))
                .collect()
        };
        let outcomes = self.outcomes.iter().map(|Changed { name, sides }| {
            json!({
                "name": name,
                "first": sides[0].map(OutcomeStatus::name),
                "second": sides[1].map(OutcomeStatus::name),
            })
        });
        let retasked = self.retasked.iter().map(|Changed { name, sides: [first, second] }| {
            json!({ "name": name, "first": first, "second": second })
        });
        json!({
            "format": 1,
            "status": if self.is_empty() { "same" } else { "different" },
            "first": side(&self.runs[0]),
            "second": side(&self.runs[1]),
            "nodes_added": self.added,
            "nodes_removed": self.removed,
            "tasks_changed": retasked.collect::<Vec<_>>(),
            "edges_added": edges(&self.edges_added),
            "edges_removed": edges(&self.edges_removed),
            "outcomes": outcomes.collect::<Vec<_>>(),
            "times": self.times.iter().map(time_json).collect::<Vec<_>>(),
            "alike": self.alike,
            "noise": { "least": seconds(self.noise.least), "part": self.noise.part },
        })
    }
}

fn time_json(change: &TimeChange) -> Value {
    let [first, second] = change.ran.map(seconds);
    json!({
        "name": change.name,
        "first": first,
        "second": second,
        "times": change.times,
        "difference": second - first,
    })
}

fn side(run: &RunSide) -> Value {
    json!({
        "run": run.run,
        "workflow": run.workflow,
        "status": run.status,
        "duration": seconds(run.duration),
        "workers": run.workers,
        "order": run.order,
        "cut": run.cut,
    })
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{title}");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "  {line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "  … and {} more", lines.len() - SHOWN);
    }
}

fn about(run: &RunSide) -> String {
    let status = run.status.as_deref().unwrap_or("not ended");
    let workers = run.workers.map(|workers| format!(", {workers} workers")).unwrap_or_default();
    format!("{} ({}, {status}, {} order{workers})", run.workflow, run.run, run.order)
}

fn status(status: Option<OutcomeStatus>) -> &'static str {
    status.map_or("not there", OutcomeStatus::name)
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// `1.2s → 900ms, -300ms (-25 %)`.
fn change(a: u64, b: u64) -> String {
    if a == b {
        return format!("{} in both", near(a));
    }
    let sign = if b > a { "+" } else { "-" };
    let part = match a {
        0 => String::new(),
        a => format!(" ({sign}{:.0} %)", a.abs_diff(b) as f64 / a as f64 * 100.0),
    };
    format!("{} → {}, {sign}{}{part}", near(a), near(b), near(a.abs_diff(b)))
}

fn near(nanos: u64) -> String {
    show_time(Duration::from_nanos(nanos))
}

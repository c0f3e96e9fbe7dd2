//! An [`Explanation`] for people, a paragraph for each question, and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Explanation, NodeTime};
use crate::bound::HeldBy;
use crate::forecast::Row;
use crate::shown::{columns, count, percent, time, times};

/// So many nodes of a path are shown.
const SHOWN: usize = 12;
/// So many levels.
const LEVELS: usize = 30;
/// The least part of a run that it is worth to be told of, as it is shown.
const LEAST_GAIN: f64 = 0.000_5;
/// By so much a run may take longer than what holds it back makes it, for that to decide.
const NEAR: f64 = 0.1;

impl Explanation {
    fn time(&self, duration: Duration) -> String {
        if !self.in_units {
            return time(duration);
        }
        let units = duration.as_secs_f64();
        match units {
            1.0 => "1 unit".to_owned(),
            units => format!("{units} units"),
        }
    }

    /// A few paragraphs: how long it takes, levels, critical path, what strict levels cost, what to
    /// make faster, what more workers give, findings.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {} in {}",
            self.workflow,
            count(self.tasks, "task"),
            count(self.levels.len() as u64, "level")
        );
        if self.in_units {
            text.push_str("; nothing says how long they take, so each counts as one unit");
        }
        text.push('\n');
        let [dataflow, levels] = &self.runs;
        let workers = count(self.workers.into(), "worker");
        let on = format!("on {workers}");
        let mut lines = vec![
            ("one after the other", self.time(self.sequential)),
            (
                &on[..],
                format!(
                    "{} ({} as fast{})",
                    self.time(dataflow.makespan),
                    times(dataflow.speed_up),
                    used(dataflow)
                ),
            ),
            ("critical path", format!("{}{}", self.time(self.path_length), self.path_means())),
        ];
        // Of the critical path that is said already.
        if let (Some(at_least), Some(by)) = (dataflow.at_least, &dataflow.held_by)
            && *by != HeldBy::CriticalPath
        {
            let by = by.shown();
            let text =
                format!("{}: no order is faster on {workers}, for {by}", self.time(at_least));
            lines.push(("at least", text));
        }
        let cells: Vec<Vec<String>> =
            lines.iter().map(|(what, value)| vec![format!("  {what}"), value.clone()]).collect();
        text.push_str(&columns(&cells, &[0, 1]));
        self.levels_text(&mut text);
        self.path_text(&mut text);
        // Writing to a string cannot fail.
        let barrier = levels.makespan.saturating_sub(dataflow.makespan);
        let cost = match barrier.is_zero() {
            true => "cost nothing".to_owned(),
            false => format!(
                "cost {} ({})",
                self.time(barrier),
                percent(
                    barrier.as_secs_f64() / dataflow.makespan.as_secs_f64().max(f64::MIN_POSITIVE)
                )
            ),
        };
        let _ = writeln!(
            text,
            "\nStrict levels {cost}: {} on {workers} level by level, {} as soon as inputs exist",
            self.time(levels.makespan),
            self.time(dataflow.makespan),
        );
        self.faster_text(&mut text);
        self.workers_text(&mut text);
        if !self.findings.is_empty() {
            text.push_str("\nFindings\n");
            for finding in &self.findings {
                let severity = finding.code.severity().name();
                let _ = writeln!(text, "  {severity}: {} [{}]", finding.problem, finding.code);
            }
        }
        for (at, assumed) in self.assumed.iter().enumerate() {
            let before = if at == 0 { "\n" } else { "" };
            let _ = writeln!(text, "{before}assumed: {assumed}");
        }
        text
    }

    /// What the critical path says of runs. Inside nodes limits count, and these another order may use
    /// better.
    fn path_means(&self) -> &'static str {
        match self.runs[0].at_least {
            Some(at_least) if at_least < self.path_length && self.is_limited => {
                ", with the limits inside nodes"
            }
            Some(at_least) if at_least < self.path_length => "",
            _ => ": no run is faster",
        }
    }

    fn levels_text(&self, text: &mut String) {
        text.push_str("\nLevels\n");
        let cells: Vec<Vec<String>> = self
            .levels
            .iter()
            .take(LEVELS)
            .map(|level| {
                let longest = match level.nodes {
                    1 => self.time(level.time),
                    _ => format!("{}, the longest `{}`", self.time(level.time), level.longest),
                };
                vec![format!("  {}", level.line), longest]
            })
            .collect();
        text.push_str(&columns(&cells, &[0, 1]));
        if self.levels.len() > LEVELS {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  … and {} more", self.levels.len() - LEVELS);
        }
    }

    fn path_text(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\nCritical path, {}", self.time(self.path_length));
        let row = |node: &NodeTime| {
            let share =
                node.time.as_secs_f64() / self.path_length.as_secs_f64().max(f64::MIN_POSITIVE);
            vec![format!("  {}", node.shown()), self.time(node.time), percent(share)]
        };
        let path = &self.critical_path;
        let cells: Vec<Vec<String>> = match path.len() > SHOWN {
            false => path.iter().map(row).collect(),
            true => {
                let (head, tail) = (&path[..SHOWN / 2], &path[path.len() - SHOWN / 2..]);
                let more = vec![format!("  … {} more", path.len() - SHOWN)];
                head.iter().map(row).chain([more]).chain(tail.iter().map(row)).collect()
            }
        };
        text.push_str(&columns(&cells, &[0]));
        let others = self.nodes.iter().filter(|node| !node.slack.is_zero() && !node.time.is_zero());
        if let Some(near) = others.min_by_key(|node| (node.slack, node.node)) {
            let _ = writeln!(
                text,
                "Next comes `{}`: it could take {} longer before it delays the end",
                near.shown(),
                self.time(near.slack)
            );
        }
    }

    fn faster_text(&self, text: &mut String) {
        let whole = self.runs[0].makespan.as_secs_f64().max(f64::MIN_POSITIVE);
        // Writing to a string cannot fail.
        if let Some(scarce) = self.scarce() {
            let _ = writeln!(text, "\n{scarce}");
        }
        let Some(best) = self.faster.first() else { return };
        if best.gain.as_secs_f64() / whole < LEAST_GAIN {
            let _ = writeln!(
                text,
                "\nNo single node of the critical path makes it faster on {}",
                count(self.workers.into(), "worker")
            );
            return;
        }
        let _ = writeln!(text, "\nSpeed up `{}` first: twice as fast", best.name);
        let cells: Vec<Vec<String>> = self
            .faster
            .iter()
            .map(|what| {
                vec![
                    format!("  {}", what.name),
                    format!("{} instead of {}", self.time(what.time / 2), self.time(what.time)),
                    format!("gives {}", self.time(what.makespan)),
                    format!("{} less", percent(what.gain.as_secs_f64() / whole)),
                ]
            })
            .collect();
        text.push_str(&columns(&cells, &[0, 1, 2]));
    }

    /// What there is too little of, beside workers, where that decides how long it takes.
    fn scarce(&self) -> Option<String> {
        let run = &self.runs[0];
        if run.above()? > NEAR {
            return None;
        }
        let (what, more) = match run.held_by.as_ref()? {
            HeldBy::Limit(name) => (
                format!("Limit `{name}` decides"),
                format!("`--limits {name}=N` tells what more of it gives"),
            ),
            HeldBy::Blocking => (
                "The threads for tasks that wait decide".to_owned(),
                "`--max-blocking N` tells what more of them give".to_owned(),
            ),
            HeldBy::MaxConcurrent => {
                ("`max_concurrent` decides".to_owned(), "the file says how much that is".to_owned())
            }
            HeldBy::CriticalPath | HeldBy::Workers => return None,
        };
        Some(format!("{what} how long it takes: {more}"))
    }

    fn workers_text(&self, text: &mut String) {
        text.push_str("\nMore workers\n");
        let cells: Vec<Vec<String>> = [&self.runs[0]]
            .into_iter()
            .chain(&self.more_workers)
            .map(|row| {
                vec![
                    format!("  {}", row.workers),
                    self.time(row.makespan),
                    times(row.speed_up),
                    row.utilisation.map_or_else(|| "–".to_owned(), percent),
                ]
            })
            .collect();
        text.push_str(&columns(&cells, &[]));
    }

    /// The same as JSON, `format` 1; times in seconds, in units where `in_units` says so.
    pub fn to_json(&self) -> Value {
        let node = |node: &NodeTime| {
            json!({
                "name": node.name,
                "label": node.label,
                "task": node.task,
                "level": node.level,
                "time": node.time.as_secs_f64(),
                "earliest": node.earliest.as_secs_f64(),
                "slack": node.slack.as_secs_f64(),
            })
        };
        let levels = self.levels.iter().map(|level| {
            json!({
                "nodes": level.nodes,
                "longest": level.longest,
                "time": level.time.as_secs_f64(),
                "work": level.work.as_secs_f64(),
            })
        });
        let faster = self.faster.iter().map(|what| {
            json!({
                "node": what.name,
                "time": what.time.as_secs_f64(),
                "makespan": what.makespan.as_secs_f64(),
                "gain": what.gain.as_secs_f64(),
            })
        });
        let findings = self.findings.iter().map(|finding| {
            json!({
                "code": finding.code.to_string(),
                "severity": finding.code.severity().name(),
                "message": finding.problem.message,
            })
        });
        let [dataflow, strict] = &self.runs;
        json!({
            "format": 1,
            "status": "explained",
            "workflow": self.workflow,
            "in_units": self.in_units,
            "tasks": self.tasks,
            "workers": self.workers,
            "sequential": self.sequential.as_secs_f64(),
            "critical_path": {
                "time": self.path_length.as_secs_f64(),
                "nodes": self.critical_path.iter().map(NodeTime::shown).collect::<Vec<_>>(),
            },
            "levels": levels.collect::<Vec<_>>(),
            "dataflow": dataflow.to_json(),
            "strict_levels": strict.to_json(),
            "strict_levels_at_best": self.levels_length.as_secs_f64(),
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>(),
            "faster": faster.collect::<Vec<_>>(),
            "more_workers": self.more_workers.iter().map(Row::to_json).collect::<Vec<_>>(),
            "at_once": self.spread.most,
            "findings": findings.collect::<Vec<_>>(),
            "assumed": self.assumed,
        })
    }
}

fn used(row: &Row) -> String {
    row.utilisation.map(|part| format!(", workers {} busy", percent(part))).unwrap_or_default()
}

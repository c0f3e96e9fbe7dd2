//! A [`Forecast`] as a table for people and as a document for programs.

use serde_json::{Value, json};
use terrace_scheduler::Order;

use crate::bound::HeldBy;
use crate::forecast::{Forecast, Row};
use crate::shown::{columns, count, percent, time, times};

impl Forecast {
    /// A line about the whole, then a line for each run.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {}, {} one after the other, critical path {}\n",
            self.workflow,
            count(self.tasks, "task"),
            time(self.work),
            time(self.critical_path),
        );
        for order in [Order::Dataflow, Order::Levels] {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.order == order).collect();
            if rows.is_empty() {
                continue;
            }
            // Only where they differ it tells something.
            let tells = self.rows.iter().any(|row| row.priority != self.rows[0].priority);
            let names = rows.first().map(|row| row.cost.iter().map(|cost| cost.of.to_string()));
            let mut head: Vec<String> = [
                "workers",
                "makespan",
                "at least",
                "within",
                "utilisation",
                "speed-up",
                "worker time",
            ]
            .map(str::to_owned)
            .into();
            head.extend(names.into_iter().flatten());
            let mut cells = vec![head];
            cells.extend(rows.iter().map(|row| row.cells()));
            if tells {
                cells[0].push("first goes by".to_owned());
                for (cells, row) in cells[1..].iter_mut().zip(&rows) {
                    cells.push(row.priority.name().to_owned());
                }
            }
            text.push_str(&format!("\n{} order\n{}", name(order), columns(&cells, &[])));
        }
        text
    }

    /// The same as JSON, `format` 1; times in seconds, amounts as text.
    pub fn to_json(&self) -> Value {
        json!({
            "format": 1,
            "status": "simulated",
            "workflow": self.workflow,
            "tasks": self.tasks,
            "work": self.work.as_secs_f64(),
            "critical_path": self.critical_path.as_secs_f64(),
            "rows": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "assumed": self.assumed,
        })
    }
}

/// How far above the least something is: never less than it is.
fn within(part: f64) -> String {
    match part {
        0.0 => "0 %".to_owned(),
        ..0.001 => "<0.1 %".to_owned(),
        part => format!("{:.1} %", (part * 1_000.0).ceil() / 10.0),
    }
}

/// What an order is called.
pub(crate) fn name(order: Order) -> &'static str {
    match order {
        Order::Dataflow => "dataflow",
        Order::Levels => "levels",
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let late = if self.limit_reached { " (limit reached)" } else { "" };
        let mut cells = vec![
            self.workers.to_string(),
            format!("{}{late}", time(self.makespan)),
            self.at_least.map_or_else(|| "–".to_owned(), time),
            self.above().map_or_else(|| "–".to_owned(), within),
            self.utilisation.map_or_else(|| "–".to_owned(), percent),
            times(self.speed_up),
            time(self.worker_time),
        ];
        cells.extend(self.cost.iter().map(terrace_core::Amount::shown));
        cells
    }

    /// As JSON; times in seconds, amounts as text.
    pub fn to_json(&self) -> Value {
        let cost = self.cost.iter().map(|cost| (cost.of.to_string(), cost.shown().into()));
        json!({
            "order": name(self.order),
            "priority": self.priority.name(),
            "workers": self.workers,
            "makespan": self.makespan.as_secs_f64(),
            "at_least": self.at_least.map(|time| time.as_secs_f64()),
            "within": self.above(),
            "held_by": self.held_by.as_ref().map(HeldBy::name),
            "utilisation": self.utilisation,
            "speed_up": self.speed_up,
            "worker_time": self.worker_time.as_secs_f64(),
            "cost": Value::Object(cost.collect()),
            "limit_reached": self.limit_reached,
        })
    }
}

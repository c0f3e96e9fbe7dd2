//! A [`Preview`] for people, a few lines, and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Bound, Count, Preview, TimePreview};
use crate::policy::{Amount, show_duration, show_size};

impl Preview {
    /// A few lines, each what is known of one thing: calls, costs, memory, time.
    pub fn to_text(&self) -> String {
        let mut text = format!("calls: {}", self.calls);
        // Writing to a string cannot fail.
        if self.most_calls != self.calls {
            let _ = write!(text, ", at most {}", self.most_calls);
        }
        text.push('\n');
        for cost in &self.cost {
            let _ = write!(text, "cost: {} {}", cost.of, amount(cost.expected));
            if cost.most != cost.expected {
                let _ = write!(text, ", at most {}", amount(cost.most));
            }
            if let Some(budget) = &cost.budget {
                let _ = write!(text, ", budget {}", budget.shown());
            }
            text.push('\n');
        }
        for memory in &self.memory {
            let _ = write!(text, "memory: at most {}", show_size(memory.peak));
            if let (Some(limit), Some(most)) = (&memory.limit, memory.most) {
                let _ = write!(text, " of {} of `{limit}`", show_size(most));
            }
            text.push_str(" at once\n");
        }
        if let Some(time) = &self.time {
            text.push_str(&time.to_text());
        }
        text
    }

    /// The same as JSON. Times are in seconds, amounts as text; `most` is null where only the run
    /// knows.
    pub fn to_json(&self) -> Value {
        let cost = self.cost.iter().map(|cost| {
            json!({
                "of": &*cost.of,
                "expected": shown(cost.expected.least),
                "complete": !cost.expected.open,
                "most": cost.most.known().map(shown),
                "budget": cost.budget.as_ref().map(Amount::shown),
            })
        });
        let memory = self.memory.iter().map(|memory| {
            json!({ "limit": memory.limit.as_deref(), "peak": memory.peak, "most": memory.most })
        });
        json!({
            "calls": {
                "expected": self.calls.least,
                "complete": !self.calls.open,
                "most": self.most_calls.known(),
            },
            "cost": cost.collect::<Vec<_>>(),
            "memory": memory.collect::<Vec<_>>(),
            "time": self.time.as_ref().map(TimePreview::to_json),
        })
    }
}

impl TimePreview {
    fn to_text(&self) -> String {
        let least = if self.complete { "" } else { "at least " };
        let mut text = format!(
            "time: {least}{} one after the other, {least}{} {}: {}",
            near(self.sequential),
            near(self.at_best),
            match self.workers {
                0 => "without workers".to_owned(),
                1 => "on 1 worker".to_owned(),
                workers => format!("on {workers} workers"),
            },
            self.bound,
        );
        if self.bound != Bound::Path {
            // Writing to a string cannot fail.
            let _ = write!(text, " (critical path {least}{})", near(self.path));
        }
        text.push('\n');
        text
    }

    fn to_json(&self) -> Value {
        let (kind, name) = match &self.bound {
            Bound::Path => ("path", None),
            Bound::AtOnce => ("at_once", None),
            Bound::Workers => ("workers", None),
            Bound::Blocking => ("blocking", None),
            Bound::Limit(name) => ("limit", Some(&**name)),
            Bound::Rate(name) => ("rate", Some(&**name)),
        };
        json!({
            "complete": self.complete,
            "sequential": self.sequential.as_secs_f64(),
            "critical_path": self.path.as_secs_f64(),
            "at_best": self.at_best.as_secs_f64(),
            "bound": { "by": kind, "limit": name },
            "workers": self.workers,
        })
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path => f.write_str("the critical path decides"),
            Self::AtOnce => f.write_str("how many may run at once decides"),
            Self::Workers => f.write_str("the number of workers decides"),
            Self::Blocking => f.write_str("the number of blocking threads decides"),
            Self::Limit(name) => write!(f, "limit `{name}` decides"),
            Self::Rate(name) => write!(f, "the rate of `{name}` decides"),
        }
    }
}

fn amount(count: Count) -> String {
    match (count.least, count.open) {
        (least, false) => shown(least),
        (0, true) => "?".to_owned(),
        (least, true) => format!("{} + ?", shown(least)),
    }
}

/// Millionths as people write them.
fn shown(millionths: u64) -> String {
    Amount { of: "".into(), millionths }.shown()
}

/// A time with no more digits than anybody reads: of minutes whole seconds, of seconds
/// milliseconds, of milliseconds microseconds.
pub(crate) fn near(time: Duration) -> String {
    let nanos = time.as_nanos();
    let unit = match nanos {
        60_000_000_000.. => 1_000_000_000,
        1_000_000_000.. => 1_000_000,
        1_000_000.. => 1_000,
        _ => 1,
    };
    let rounded = (nanos + unit / 2) / unit * unit;
    show_duration(super::duration(rounded))
}

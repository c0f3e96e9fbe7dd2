//! [`View`]: what is to be seen of a run at one moment, and the lines that show it.
//!
//! Lines are never wider than they may be, on 20 columns as on 200: what matters less goes first.

use std::time::Duration;

use super::paint::{Ink, Paint, cut, fit, number, width};

/// How many levels, running nodes and pauses have a line each.
const LEVELS: usize = 3;
const RUNNING: usize = 5;
const PAUSES: usize = 2;
const HELD: usize = 3;

/// What is to be seen of a run at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) elapsed: Duration,
    /// Nodes of the run's own workflow and items of maps.
    pub(super) done: u64,
    pub(super) total: u64,
    /// How long it may still take.
    pub(super) left: Option<Duration>,
    /// Levels that have begun and not ended.
    pub(super) levels: Vec<Level>,
    pub(super) all_levels: usize,
    /// What runs, longest first.
    pub(super) running: Vec<Running>,
    /// Pauses between attempts, the next to end first.
    pub(super) pauses: Vec<Pause>,
    /// Limits that something waits for.
    pub(super) held: Vec<Held>,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    pub(super) retried: u64,
    pub(super) abandoned: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) level: usize,
    pub(super) done: u64,
    pub(super) total: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    pub(super) name: String,
    pub(super) elapsed: Duration,
    /// What it says of itself.
    pub(super) says: Option<(f64, String)>,
    /// Of a map: how many items have ended, and how many it has.
    pub(super) items: Option<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pause {
    pub(super) name: String,
    /// The attempt that is next.
    pub(super) attempt: u32,
    pub(super) left: Duration,
    pub(super) error: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) limit: String,
    pub(super) units: usize,
    pub(super) next: Option<Duration>,
}

impl View {
    /// Lines of at most `columns` columns, at most `rows` of them.
    pub(super) fn lines(&self, columns: usize, rows: usize, paint: Paint) -> Vec<String> {
        let mut lines = vec![self.head(columns, paint)];
        if self.all_levels > 1 {
            lines.extend(self.levels.iter().take(LEVELS).map(|level| {
                let counts = format!("{} of {}", number(level.done), number(level.total));
                let name = format!("Level {}", level.level);
                barred(&name, level.done, level.total, &counts, "", columns, paint)
            }));
        }
        lines.extend(self.running.iter().take(RUNNING).map(|node| node.line(columns, paint)));
        let more = self.running.len().saturating_sub(RUNNING);
        if more > 0 {
            let text = cut(&format!("  … and {} more running", number(more as u64)), columns);
            lines.push(paint.ink(Ink::Quiet, &text));
        }
        lines.extend(self.pauses.iter().take(PAUSES).map(|pause| {
            let Pause { name, attempt, left, error } = pause;
            let left = seconds(*left);
            let text = format!("  {name}: attempt {attempt} in {left}, since {error}");
            paint.ink(Ink::Warning, &cut(&text, columns))
        }));
        let more = self.pauses.len().saturating_sub(PAUSES);
        if more > 0 {
            let text = format!("  … and {} more to be tried again", number(more as u64));
            lines.push(paint.ink(Ink::Warning, &cut(&text, columns)));
        }
        lines.extend(self.held.iter().take(HELD).map(|held| {
            let next = held.next.map(|next| format!(", next in {}", seconds(next)));
            let (units, next) = (number(held.units as u64), next.unwrap_or_default());
            let text = format!("  {units} waiting for {}{next}", held.limit);
            paint.ink(Ink::Warning, &cut(&text, columns))
        }));
        if let Some(wrong) = self.wrong() {
            let ink = if self.failed > 0 { Ink::Failure } else { Ink::Warning };
            lines.push(paint.ink(ink, &cut(&format!("  {wrong}"), columns)));
        }
        lines.truncate(rows.max(1));
        lines
    }

    /// The whole on one line, for what is no terminal.
    pub(super) fn sentence(&self) -> String {
        let (done, total) = (number(self.done), number(self.total));
        let mut text = format!("{done} of {total} done after {}", about(self.elapsed));
        if let Some(left) = self.left {
            text.push_str(&format!(", about {} left", about(left)));
        }
        if let Some(wrong) = self.wrong() {
            text.push_str(&format!(", {wrong}"));
        }
        let mut names: Vec<String> = self.running.iter().take(3).map(Running::short).collect();
        if self.running.len() > 3 {
            names.push(format!("{} more", number(self.running.len() as u64 - 3)));
        }
        if !names.is_empty() {
            text.push_str(&format!("; running {}", names.join(", ")));
        }
        for held in self.held.iter().take(HELD) {
            text.push_str(&format!("; {} waiting for {}", number(held.units as u64), held.limit));
        }
        text
    }

    fn head(&self, columns: usize, paint: Paint) -> String {
        let time = clock(self.elapsed);
        let counts = format!("{} of {}", number(self.done), number(self.total));
        let left = self.left.map(|left| format!("about {} left", about(left)));
        let short = self.left.map(|left| format!("~{}", about(left)));
        // What is not there takes no place either.
        let percent = format!("{:.0} %", self.part() * 100.0);
        let ways = [
            (true, &counts, &left, 16),
            (false, &counts, &left, 12),
            (false, &counts, &short, 8),
            (false, &percent, &short, 4),
        ];
        for (name, counts, left, least) in ways {
            let mut taken = width(&time) + 2 + width(counts) + 2;
            taken += if name && !self.name.is_empty() { width(&self.name) + 2 } else { 0 };
            taken += left.as_ref().map_or(0, |left| width(left) + 2);
            if taken + least <= columns {
                let name = if name && !self.name.is_empty() {
                    format!("{}  ", self.name)
                } else {
                    String::new()
                };
                let bar = paint.bar(self.done, self.total, (columns - taken).min(32));
                let left = left.as_ref().map(|left| format!("  {left}")).unwrap_or_default();
                return format!("{name}{time}  {bar}  {counts}{}", paint.ink(Ink::Quiet, &left));
            }
        }
        cut(&format!("{time}  {counts}"), columns)
    }

    /// How much is done; all of it only when it is.
    fn part(&self) -> f64 {
        let part = self.done as f64 / self.total.max(1) as f64;
        if self.done < self.total { part.min(0.99) } else { part.min(1.0) }
    }

    fn wrong(&self) -> Option<String> {
        let counts = [
            (self.failed, "failed"),
            (self.skipped, "skipped"),
            (self.retried, "tried again"),
            (self.abandoned, "given up in time"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", number(*count)))
            .collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }
}

impl Running {
    fn line(&self, columns: usize, paint: Paint) -> String {
        let time = seconds(self.elapsed);
        if let Some((done, total)) = self.items {
            let counts = format!("{} of {}", number(done), number(total));
            return barred(&self.name, done, total, &counts, &time, columns, paint);
        }
        let says = match &self.says {
            Some((part, note)) if note.is_empty() => format!("{:.0} %", part * 100.0),
            Some((part, note)) => format!("{:.0} %  {note}", part * 100.0),
            None => String::new(),
        };
        // The time stands where it is looked for, whatever the node says.
        let name = fit(&self.name, name_columns(columns));
        let room = columns.saturating_sub(2 + width(&name) + 2 + 8);
        let says = if room < 8 || says.is_empty() {
            String::new()
        } else {
            format!("  {}", cut(&says, room.saturating_sub(2)))
        };
        let line = format!("  {name}  {}{says}", paint.ink(Ink::Quiet, &format!("{time:>7}")));
        if width(&line) <= columns { line } else { cut(&format!("  {}", self.name), columns) }
    }

    fn short(&self) -> String {
        match (self.items, &self.says) {
            (Some((done, total)), _) => {
                format!("{} ({} of {})", cut(&self.name, 40), number(done), number(total))
            }
            (None, Some((part, _))) => format!("{} ({:.0} %)", cut(&self.name, 40), part * 100.0),
            (None, None) => cut(&self.name, 40),
        }
    }
}

/// How many columns a name has.
fn name_columns(columns: usize) -> usize {
    (columns / 3).clamp(12, 32)
}

/// A name, a bar and what it counts.
fn barred(
    name: &str,
    done: u64,
    total: u64,
    counts: &str,
    time: &str,
    columns: usize,
    paint: Paint,
) -> String {
    let name = fit(name, name_columns(columns));
    // Bars of levels, which have no time, stand below those of maps.
    let time = if time.is_empty() && columns < 60 { String::new() } else { format!("{time:>7}  ") };
    let taken = 2 + width(&name) + 2 + width(&time) + 2 + width(counts);
    let room = columns.saturating_sub(taken).min(20);
    if room < 4 {
        return cut(&format!("  {}  {counts}", name.trim_end()), columns);
    }
    let bar = paint.bar(done, total, room);
    format!("  {name}  {}{bar}  {counts}", paint.ink(Ink::Quiet, &time))
}

/// `0:03`, `12:05`, `1:02:05`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `2.1 s`, `42 s`, `12:05`.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=99 => format!("{} s", time.as_secs()),
        _ => clock(time),
    }
}

/// As exact as a guess is: `8 s`, `35 s`, `4 min`, `2 h 10 min`.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let to = |step: f64| ((seconds / step).round() * step) as u64;
    match seconds {
        ..10.0 => format!("{} s", to(1.0).max(1)),
        10.0..57.5 => format!("{} s", to(5.0)),
        57.5..570.0 if to(30.0) % 60 == 30 => format!("{} min 30 s", to(30.0) / 60),
        57.5..570.0 => format!("{} min", to(30.0) / 60),
        570.0..5400.0 => format!("{} min", to(60.0) / 60),
        _ => format!("{} h {} min", to(600.0) / 3600, to(600.0) % 3600 / 60),
    }
}

#[cfg(test)]
mod tests;

//! [`Times`]: how long tasks take, from wherever that is known.
//!
//! What is given counts more than what was recorded, and that more than what the workflow declares;
//! of what is given, one item counts more than its node, and a node more than its task. What nothing
//! is known of takes the default, where there is one.

use std::collections::HashMap;
use std::time::Duration;

use terrace_core::{Draft, Problem, Problems, Source, Value, read_duration, read_inputs};
use terrace_report::{Record, bare_path};

/// How long tasks take.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// By the path of one attempt: `measure["XX"]`, `pages[3].fetch`.
    exact: HashMap<String, Duration>,
    /// By path without items, or by task.
    given: HashMap<String, Duration>,
    /// By path without items.
    recorded: HashMap<String, Duration>,
    default: Option<Duration>,
}

/// Tasks of which it is not known how long they take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingTimes {
    /// Their paths, as many as anybody reads.
    pub nodes: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// Of how many the time is known.
    pub known: usize,
    /// What those take together.
    pub together: Duration,
}

impl MissingTimes {
    /// How long those take on average of which the time is known; a second where there are none.
    pub fn average(&self) -> Duration {
        match u32::try_from(self.known).unwrap_or(u32::MAX) {
            0 => Duration::from_secs(1),
            known => self.together / known,
        }
    }
}

/// So many are named.
const NAMED: usize = 10;

impl Times {
    /// What a workflow declares, and nothing else.
    pub fn declared() -> Self {
        Self::default()
    }

    /// Sets how long takes what nothing is known of.
    #[must_use]
    pub fn with_default(mut self, time: Option<Duration>) -> Self {
        self.default = time;
        self
    }

    /// Gives the time of an item (`measure["XX"]`), of a node (`left.merge`) or of a task
    /// (`util/sleep`).
    pub fn give(&mut self, name: impl Into<String>, time: Duration) {
        let name = name.into();
        let by = if name.contains('[') { &mut self.exact } else { &mut self.given };
        by.insert(name, time);
    }

    /// Adds the time that an attempt took in a recorded run, by its path. Of the items of a map
    /// each has its own; the longest is what urgency goes by.
    pub fn record(&mut self, path: &str, time: Duration) {
        let node = bare_path(path);
        let longest = self.recorded.entry(node.clone().into_owned()).or_default();
        *longest = time.max(*longest);
        if node != path {
            self.exact.entry(path.to_owned()).or_insert(time);
        }
    }

    /// Adds what a record tells of: how long the attempts of each node and item took together.
    pub(crate) fn record_all(&mut self, record: &Record) {
        let mut all: HashMap<&str, u64> = HashMap::new();
        for attempt in &record.attempts {
            let took = attempt.end.unwrap_or(record.last).saturating_sub(attempt.start);
            *all.entry(attempt.place.name(&record.header)).or_default() += took;
        }
        for (path, took) in all {
            self.record(path, Duration::from_nanos(took));
        }
    }

    /// Reads a file of times in YAML, TOML or JSON: a map from nodes, items or tasks to durations, as
    /// text (`1m 30s`) or as numbers of seconds.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&mut self, source: &Source) -> Result<(), Problems> {
        let mut found = Vec::new();
        for (name, value) in read_inputs(source)? {
            match duration(&value) {
                Ok(time) => self.give(name, time),
                Err(why) => found.push(
                    Problem::new(format!("{}: the time of `{name}`: {why}", source.name()))
                        .with_help("write a duration as in `1.5s`, or a number of seconds"),
                ),
            }
        }
        Problems::check(found)
    }

    /// Puts what is known into a draft, as if that had declared it. Gives what nothing is known of.
    ///
    /// # Errors
    /// Names that were given and that nothing in the draft has; a record of which that is all.
    pub fn tell(&self, draft: &mut Draft) -> Result<MissingTimes, Problems> {
        let mut missing = MissingTimes::default();
        let mut used: HashMap<&str, bool> =
            self.given.keys().map(|name| (name.as_str(), false)).collect();
        for item in self.exact.keys() {
            used.insert(item.as_str(), false);
        }
        let mut nodes = std::collections::HashSet::new();
        let (mut timed_at_all, mut ran) = (false, false);
        draft.tell_times(&mut |timed| {
            for name in [timed.path, timed.task] {
                if let Some(used) = used.get_mut(name) {
                    *used = true;
                }
            }
            if !self.exact.is_empty() {
                nodes.insert(timed.path.to_owned());
            }
            timed_at_all = true;
            let recorded = self.recorded_of(timed.path);
            ran |= recorded.is_some();
            let known = self.given.get(timed.path).or_else(|| self.given.get(timed.task));
            let known = known.or(recorded).copied();
            let known = known.or(timed.declared).or(self.default);
            match known {
                Some(time) => {
                    missing.known += 1;
                    missing.together = missing.together.saturating_add(time);
                }
                None => {
                    missing.count += 1;
                    if missing.nodes.len() < NAMED {
                        missing.nodes.push(timed.path.to_owned());
                    }
                }
            }
            known
        });
        let unknown = |name: &&str| match name.contains('[') {
            true => {
                !nodes.contains(&*bare_path(name)) && !self.recorded.contains_key(&*bare_path(name))
            }
            false => !used[*name],
        };
        let mut unknown: Vec<&str> = used.keys().copied().filter(unknown).collect();
        unknown.sort_unstable();
        let problem = |name: &str| {
            Problem::new(format!("a time is given for `{name}`, and nothing is called that"))
                .with_help("name a node by its path as in `left.merge`, an item as in `left[3]`, or a task")
        };
        let mut found: Vec<Problem> = unknown.into_iter().map(problem).collect();
        if timed_at_all && !ran && !self.recorded.is_empty() {
            let others: Option<&String> = self.recorded.keys().min();
            let other = others.map(String::as_str).unwrap_or_default();
            found.push(
                Problem::new("nothing of the workflow is in the record that tells the times")
                    .with_help(format!("it is of another workflow, in which `{other}` ran")),
            );
        }
        Problems::check(found)?;
        Ok(missing)
    }

    /// How long a node was recorded to take. The one task of a loop is called by its own name in each
    /// pass: `again[0].again`.
    fn recorded_of(&self, path: &str) -> Option<&Duration> {
        let in_pass = || {
            let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
            self.recorded.get(&format!("{path}.{name}"))
        };
        if self.recorded.is_empty() { None } else { self.recorded.get(path).or_else(in_pass) }
    }

    /// The time of one attempt, where it has one of its own.
    pub(crate) fn of_item(&self, path: &str) -> Option<Duration> {
        if self.exact.is_empty() { None } else { self.exact.get(path).copied() }
    }

    pub(crate) fn fallback(&self) -> Option<Duration> {
        self.default
    }
}

impl std::fmt::Display for MissingTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.nodes.iter().map(|name| format!("`{name}`")).collect();
        f.write_str(&names.join(", "))?;
        match self.count - self.nodes.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// The longest that a workflow can say: ten years.
const LONGEST: f64 = 315_576_000.0;

fn duration(value: &Value) -> Result<Duration, String> {
    let seconds = match value {
        Value::Str(text) => return read_duration(text),
        Value::I64(seconds) => *seconds as f64,
        Value::F64(seconds) => *seconds,
        other => return Err(format!("{} is no duration", other.kind())),
    };
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|_| seconds <= LONGEST);
    time.ok_or_else(|| format!("{seconds} s is not from 0 to ten years"))
}

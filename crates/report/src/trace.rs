//! A record as a trace: JSON that Chrome's `about:tracing` and Perfetto (`ui.perfetto.dev`) show.
//!
//! Each thread of the run is a track, each attempt a span on it. What is around others, a map or an
//! inner workflow, takes no thread for as long as it lasts and stands on tracks of a second process.
//! No two spans of a track overlap: where the record says that they did on one thread, as when a task
//! waits for a run of its own, the later one has a track beside it.
//!
//! The format is Chrome's ("Trace Event Format", Google, 2016): times are microseconds.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;
use terrace_core::{Lane, OutcomeStatus};

use crate::record::{Around, Attempt, Place, Record};

/// Changes of what runs at once that are shown: of more in a short time the highest.
const COUNTS: u64 = 20_000;

/// Processes of the trace: threads of the run, what is around others, and the run itself.
const THREADS: u32 = 1;
const AROUND: u32 = 2;
const RUN: u32 = 3;

/// A track: a thread, and one beside it where spans overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Track {
    process: u32,
    blocking: bool,
    worker: u32,
    beside: u32,
}

impl Record {
    /// Writes the run as a trace for Chrome and Perfetto. Costs a sort of the attempts, and about
    /// 200 bytes for each.
    ///
    /// # Errors
    /// Those of what is written to.
    pub fn to_trace(&self, to: impl Write) -> io::Result<()> {
        let mut trace = Writer { to, first: true };
        trace.to.write_all(b"{\"displayTimeUnit\":\"ms\",\"otherData\":")?;
        let header = &self.header;
        let about = json!({
            "workflow": header.workflow, "run": header.run, "started": header.started,
            "terrace": header.terrace, "status": self.status.as_ref().map(|(status, _)| status),
        });
        serde_json::to_writer(&mut trace.to, &about)?;
        trace.to.write_all(b",\"traceEvents\":[")?;
        let tracks = self.tracks();
        self.name_tracks(&tracks, &mut trace)?;
        self.write_run(&mut trace)?;
        let mut numbers: BTreeMap<Track, u32> = BTreeMap::new();
        for track in &tracks {
            numbers.entry(*track).or_insert(0);
        }
        numbers.values_mut().zip(1..).for_each(|(number, next)| *number = next);
        for (attempt, track) in self.attempts.iter().zip(&tracks) {
            self.write_attempt(attempt, track.process, numbers[track], &mut trace)?;
        }
        for reserved in &self.reserved {
            let name = format!("waited too long: {}", reserved.place.name(header));
            trace.instant(&name, "limit", RUN, 1, reserved.at)?;
        }
        self.write_counts(&mut trace)?;
        trace.to.write_all(b"]}\n")?;
        trace.to.flush()
    }

    /// When an attempt ended, or the record.
    fn end_of(&self, attempt: &Attempt) -> u64 {
        attempt.end.unwrap_or(self.last).max(attempt.start)
    }

    /// The track of each attempt.
    fn tracks(&self) -> Vec<Track> {
        let around = Around::of(self);
        let mut order: Vec<usize> = (0..self.attempts.len()).collect();
        // Of those that begin at once the longer stands on the thread's own track.
        order.sort_by_key(|&at| {
            let attempt = &self.attempts[at];
            (attempt.start, std::cmp::Reverse(self.end_of(attempt)), at)
        });
        let mut tracks =
            vec![Track { process: 0, blocking: false, worker: 0, beside: 0 }; order.len()];
        // When the last span of each track ends, those beside a thread one after the other.
        let mut ends: BTreeMap<(u32, bool, u32), Vec<u64>> = BTreeMap::new();
        for at in order {
            let attempt = &self.attempts[at];
            let (process, blocking, worker) = match around.since(self, attempt).is_some() {
                true => (AROUND, false, 0),
                false => (THREADS, attempt.lane == Lane::Blocking, attempt.worker),
            };
            let ends = ends.entry((process, blocking, worker)).or_default();
            let free = ends.iter().position(|&end| end <= attempt.start);
            let beside = free.unwrap_or_else(|| {
                ends.push(0);
                ends.len() - 1
            });
            ends[beside] = self.end_of(attempt);
            tracks[at] = Track { process, blocking, worker, beside: beside as u32 };
        }
        tracks
    }

    fn name_tracks(&self, tracks: &[Track], trace: &mut Writer<impl Write>) -> io::Result<()> {
        let name = if self.header.workflow.is_empty() { "workflow" } else { &self.header.workflow };
        for (process, name) in [
            (THREADS, format!("{name}: threads")),
            (AROUND, format!("{name}: maps and inner workflows")),
            (RUN, format!("{name}: run")),
        ] {
            trace.value(&json!({
                "ph": "M", "pid": process, "tid": 0, "name": "process_name", "args": {"name": name},
            }))?;
            trace.value(&json!({
                "ph": "M", "pid": process, "tid": 0, "name": "process_sort_index",
                "args": {"sort_index": process},
            }))?;
        }
        let mut all: Vec<&Track> = tracks.iter().collect();
        all.sort_unstable();
        all.dedup();
        for (track, number) in all.into_iter().zip(1_u32..) {
            let Track { process, blocking, worker, beside } = *track;
            let mut name = match (process, blocking) {
                (AROUND, _) => format!("around {}", beside + 1),
                (_, true) => format!("blocking {worker}"),
                (_, false) => format!("worker {worker}"),
            };
            if process == THREADS && beside > 0 {
                name = format!("{name}, beside {beside}");
            }
            trace.value(&json!({
                "ph": "M", "pid": process, "tid": number, "name": "thread_name",
                "args": {"name": name},
            }))?;
        }
        Ok(())
    }

    /// The run as a span, and its pauses.
    fn write_run(&self, trace: &mut Writer<impl Write>) -> io::Result<()> {
        let end = self.status.as_ref().map_or(self.last, |(_, duration)| *duration);
        let status = self.status.as_ref().map(|(status, _)| status);
        let args = json!({"run": self.header.run, "status": status, "error": self.error});
        trace.span("run", "run", RUN, 1, 0, end, &args)?;
        for pause in &self.checkpoints {
            let until = pause.passed.unwrap_or(end).max(pause.at);
            let args = json!({"level": pause.level, "refused": pause.refused});
            trace.span("checkpoint", "checkpoint", RUN, 2, pause.at, until, &args)?;
        }
        Ok(())
    }

    fn write_attempt(
        &self,
        attempt: &Attempt,
        process: u32,
        thread: u32,
        trace: &mut Writer<impl Write>,
    ) -> io::Result<()> {
        let (name, end) = (attempt.place.name(&self.header), self.end_of(attempt));
        let status = match (attempt.status, attempt.pause, attempt.end) {
            (Some(status), ..) => status.name(),
            (None, Some(_), _) => OutcomeStatus::Failed.name(),
            (None, None, _) => "open",
        };
        let mut args = json!({
            "task": task(self, attempt), "attempt": attempt.number, "status": status,
        });
        if let Some(error) = &attempt.error {
            args["error"] = json!(error.to_string());
        }
        if attempt.abandoned {
            args["abandoned"] = json!(true);
        }
        trace.span(
            name,
            &category(self, &attempt.place),
            process,
            thread,
            attempt.start,
            end,
            &args,
        )?;
        if let Some(pause) = attempt.pause {
            let name = format!("again in {:.3} s: {name}", pause as f64 / 1e9);
            trace.instant(&name, "retry", process, thread, end)?;
        }
        if attempt.abandoned {
            trace.instant(&format!("given up: {name}"), "abandoned", process, thread, end)?;
        }
        Ok(())
    }

    /// How many attempts run at once, by lane, what is around others left out.
    fn write_counts(&self, trace: &mut Writer<impl Write>) -> io::Result<()> {
        let around = Around::of(self);
        let mut changes: Vec<(u64, bool, Lane)> = Vec::new();
        for attempt in &self.attempts {
            let end = around.since(self, attempt).unwrap_or_else(|| self.end_of(attempt));
            if end > attempt.start || around.since(self, attempt).is_none() {
                changes.push((attempt.start, true, attempt.lane));
                changes.push((end, false, attempt.lane));
            }
        }
        // Ends before starts of one moment: an attempt often begins when another ends.
        changes.sort_by_key(|&(at, starts, _)| (at, starts));
        let step = (self.last / COUNTS).max(1);
        let (mut compute, mut blocking) = (0_u64, 0_u64);
        let mut changes = changes.into_iter().peekable();
        while let Some(&(begin, ..)) = changes.peek() {
            let (mut most, mut last) = ((0, 0), begin);
            // A span of this many nanoseconds is one count: its highest, unless it ends lower.
            while let Some((at, starts, lane)) = changes.next_if(|(at, ..)| *at < begin + step) {
                let count = if lane == Lane::Blocking { &mut blocking } else { &mut compute };
                *count = if starts { *count + 1 } else { count.saturating_sub(1) };
                most = (most.0.max(compute), most.1.max(blocking));
                last = at;
            }
            trace.count(begin, most.0, most.1)?;
            if (compute, blocking) != most {
                trace.count(last.max(begin + 1), compute, blocking)?;
            }
        }
        Ok(())
    }
}

fn task<'r>(record: &'r Record, attempt: &'r Attempt) -> &'r str {
    let known = attempt.place.node.and_then(|node| record.header.nodes.get(node as usize));
    attempt.task.as_deref().or(known.map(|node| &*node.task)).unwrap_or_default()
}

/// What a viewer filters by: the level of a node of the run's own workflow.
fn category(record: &Record, place: &Place) -> String {
    let node = place.node.and_then(|node| record.header.nodes.get(node as usize));
    match node.filter(|_| place.is_own()) {
        Some(node) => format!("level {}", node.level),
        None => "inside".to_owned(),
    }
}

/// Writes events one after the other.
struct Writer<W> {
    to: W,
    first: bool,
}

impl<W: Write> Writer<W> {
    fn begin(&mut self) -> io::Result<()> {
        self.to.write_all(if std::mem::take(&mut self.first) { b"\n" } else { b",\n" })
    }

    fn value(&mut self, event: &serde_json::Value) -> io::Result<()> {
        self.begin()?;
        Ok(serde_json::to_writer(&mut self.to, event)?)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of an event, each once")]
    fn span(
        &mut self,
        name: &str,
        category: &str,
        process: u32,
        thread: u32,
        start: u64,
        end: u64,
        args: &serde_json::Value,
    ) -> io::Result<()> {
        self.begin()?;
        let (at, length) = (Micros(start), Micros(end - start));
        write!(
            self.to,
            "{{\"ph\":\"X\",\"pid\":{process},\"tid\":{thread},\"ts\":{at},\"dur\":{length}"
        )?;
        self.to.write_all(b",\"name\":")?;
        serde_json::to_writer(&mut self.to, name)?;
        self.to.write_all(b",\"cat\":")?;
        serde_json::to_writer(&mut self.to, category)?;
        self.to.write_all(b",\"args\":")?;
        serde_json::to_writer(&mut self.to, args)?;
        self.to.write_all(b"}")
    }

    fn instant(
        &mut self,
        name: &str,
        category: &str,
        process: u32,
        thread: u32,
        at: u64,
    ) -> io::Result<()> {
        self.begin()?;
        let at = Micros(at);
        write!(
            self.to,
            "{{\"ph\":\"i\",\"s\":\"t\",\"pid\":{process},\"tid\":{thread},\"ts\":{at}"
        )?;
        write!(self.to, ",\"cat\":\"{category}\",\"name\":")?;
        serde_json::to_writer(&mut self.to, name)?;
        self.to.write_all(b"}")
    }

    fn count(&mut self, at: u64, compute: u64, blocking: u64) -> io::Result<()> {
        self.begin()?;
        let at = Micros(at);
        write!(
            self.to,
            "{{\"ph\":\"C\",\"pid\":{RUN},\"tid\":0,\"ts\":{at},\"name\":\"running\",\"args\":{{\"compute\":{compute},\
             \"blocking\":{blocking}}}}}"
        )
    }
}

/// Nanoseconds as microseconds, exactly.
struct Micros(u64);

impl std::fmt::Display for Micros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

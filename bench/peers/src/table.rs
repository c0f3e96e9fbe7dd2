//! [`Results`]: what was found, as JSON, as TSV, and as tables for people.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Write};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use terrace_bench_protocol::{Line, machine};

use crate::claim::Claim;

/// The note of a peer whose run left out a task, did one twice, or gave a wrong value.
pub(crate) const WRONG: &str = "wrong";
/// What everything is compared with.
const BASELINE: &str = "cb";
/// What nobody can be faster than on one thread.
pub(crate) const LOOP: &str = "loop";

/// All that was found in one run of the driver.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Of the file: changes when the meaning of a field does.
    pub(crate) format: u32,
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
}

impl Results {
    /// Peers that did something wrong, and where.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> + '_ {
        let rows = self.rows.iter().filter(|row| row.note.as_deref() == Some(WRONG));
        rows.map(|row| format!("{} on {}", row.peer, row.case))
    }
}

/// Where it was found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    rustc: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpus = file("/proc/cpuinfo");
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let rustc = Command::new("rustc").arg("--version").output().map(|output| output.stdout);
        Self {
            cpu: model.map_or("unknown", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: String::from_utf8_lossy(&rustc.unwrap_or_default()).trim().to_owned(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} cores, Linux {}, {}", self.cpu, self.cores, self.kernel, self.rustc)
    }
}

/// What was measured, apart from by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) shape: String,
    pub(crate) nodes: usize,
    pub(crate) body: String,
    pub(crate) threads: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, nodes, body, threads } = self;
        write!(f, "{shape}, {nodes} nodes, {body}, {}", self::threads(*threads))
    }
}

/// The least of all processes, and the median of their medians; nanoseconds per node.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Time {
    pub(crate) min: f64,
    pub(crate) median: f64,
}

impl Time {
    fn of(times: impl Iterator<Item = [f64; 2]>) -> Option<Self> {
        let (mut mins, mut medians): (Vec<f64>, Vec<f64>) =
            times.filter(|[min, _]| min.is_finite()).map(|[min, median]| (min, median)).unzip();
        mins.sort_by(f64::total_cmp);
        medians.sort_by(f64::total_cmp);
        Some(Self { min: *mins.first()?, median: medians[medians.len() / 2] })
    }
}

/// What one peer took in one case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) case: Case,
    pub(crate) peer: String,
    pub(crate) build: Option<Time>,
    pub(crate) first: Option<Time>,
    pub(crate) rerun: Option<Time>,
    /// Least CPU time of all threads per node.
    pub(crate) cpu: Option<f64>,
    /// Median over the baseline's median. Re-runs; the first run of who cannot run again.
    pub(crate) to_cb: Option<f64>,
    /// The same with the least times.
    pub(crate) to_cb_min: Option<f64>,
    /// Median over the median of the loop on one thread.
    pub(crate) to_loop: Option<f64>,
    /// Bytes per node resident after a build, and at most until the end of the first run.
    pub(crate) bytes: Option<[f64; 2]>,
    /// Which part of the nodes each thread ran in an ordinary run, the busiest first.
    #[serde(default)]
    pub(crate) shares: Option<Vec<f64>>,
    /// What re-runs take by the time of whole processes.
    #[serde(default)]
    pub(crate) claim: Option<Claim>,
    /// Why there are no numbers.
    pub(crate) note: Option<String>,
    /// How many processes there were.
    pub(crate) processes: usize,
    /// The machine's load afterwards, of the minute before: well above `threads` means that
    /// something else ran too.
    pub(crate) load: f64,
}

impl Row {
    pub(crate) fn of(
        case: &Case,
        peer: &str,
        nodes: usize,
        lines: &[Line],
        note: Option<String>,
    ) -> Self {
        let rerun = Time::of(lines.iter().map(|line| line.rerun));
        let cpu = lines.iter().map(|line| line.cpu[usize::from(rerun.is_some())]);
        let bytes = lines.first().map(|line| {
            let [before, built, peak] = line.memory.map(|kib| kib as f64 * 1024.0 / nodes as f64);
            [built - before, peak - before]
        });
        Self {
            case: case.clone(),
            peer: peer.to_owned(),
            build: Time::of(lines.iter().map(|line| line.build)),
            first: Time::of(lines.iter().map(|line| line.first)),
            rerun,
            cpu: cpu.min_by(f64::total_cmp),
            to_cb: None,
            to_cb_min: None,
            to_loop: None,
            bytes,
            shares: None,
            claim: None,
            note,
            processes: lines.len(),
            load: machine::load(),
        }
    }

    /// What a run takes: a re-run where there is one.
    pub(crate) fn time(&self) -> Option<Time> {
        // One bad process makes the others of no worth.
        if self.note.is_some() { None } else { self.rerun.or(self.first) }
    }
}

/// Fills in the ratios among the peers of one case.
pub(crate) fn compare(rows: &mut [Row]) {
    let time_of = |name: &str| rows.iter().find(|row| row.peer == name).and_then(Row::time);
    let (baseline, looped) = (time_of(BASELINE), time_of(LOOP));
    for row in rows {
        let Some(own) = row.time() else { continue };
        row.to_cb = baseline.map(|other| own.median / other.median);
        row.to_cb_min = baseline.map(|other| own.min / other.min);
        row.to_loop = looped.map(|other| own.median / other.median);
    }
}

/// The tables of one body and number of threads: a line per peer, a column per shape.
pub(crate) fn summary(rows: &[Row]) -> String {
    let Some(Case { nodes, body, threads, .. }) = rows.first().map(|row| &row.case) else {
        return String::new();
    };
    let load = rows.iter().map(|row| row.load).fold(0.0, f64::max);
    let threads = self::threads(*threads);
    let title = format!(
        "{body}, {nodes} nodes, {threads}, load up to {load:.1}: median ns per node (ratio to cb)"
    );
    let mut text = grid(&title, rows, |row| {
        let Some(time) = row.time() else { return row.note.clone() };
        let ratio = row.to_cb.map(|ratio| format!(" ({})", short(ratio, 2)));
        Some(short(time.median, 1) + &ratio.unwrap_or_default())
    });
    let shares = |row: &Row| {
        let shares: Vec<String> =
            row.shares.as_ref()?.iter().map(|share| format!("{:.0}", share * 100.0)).collect();
        Some(shares.join(" + "))
    };
    if rows.iter().any(|row| row.shares.is_some()) {
        text += &grid("which part of the nodes each thread runs, in %", rows, shares);
    }
    let claim = |row: &Row| {
        let claim = row.claim?;
        let mark = if claim.is_off() { " !" } else { "" };
        Some(format!("{} ({:.2}){mark}", short(claim.slope, 1), claim.ratio()))
    };
    if rows.iter().any(|row| row.claim.is_some()) {
        let title = "ns per node by the time of whole processes (ratio to what the peer says)";
        text += &grid(title, rows, claim);
    }
    text
}

/// Two threads against one, where both were measured: medians, a table per number of nodes and body.
pub(crate) fn two_to_one(rows: &[Row]) -> String {
    let same = |row: &Row, other: &Row, threads: usize| {
        let case = Case { threads, ..row.case.clone() };
        other.case == case && other.peer == row.peer
    };
    let cell = |row: &Row| {
        let one = rows.iter().find(|other| same(row, other, 1))?.time()?;
        Some(short(row.time()?.median / one.median, 2))
    };
    let mut text = String::new();
    let two: Vec<&Row> = rows.iter().filter(|row| row.case.threads == 2).collect();
    for rows in two.chunk_by(|a, b| (a.case.nodes, &a.case.body) == (b.case.nodes, &b.case.body)) {
        if rows.iter().any(|row| cell(row).is_some()) {
            let Case { nodes, body, .. } = &rows[0].case;
            let title = format!("{body}, {nodes} nodes: the time of 2 threads over that of 1");
            text += &grid(&title, rows.iter().copied(), cell);
        }
    }
    text
}

/// One table: a title, a line per peer, a column per shape.
fn grid<'a>(
    title: &str,
    rows: impl IntoIterator<Item = &'a Row>,
    cell: impl Fn(&Row) -> Option<String>,
) -> String {
    let rows: Vec<&Row> = rows.into_iter().collect();
    let mut text = format!("{title}\n");
    let shapes = unique(rows.iter().map(|row| row.case.shape.as_str()));
    let mut line = |name: &str, cells: Vec<String>| {
        let cells = cells.iter().fold(String::new(), |line, cell| line + &format!("{cell:>18}"));
        writeln!(text, "{name:<12}{cells}").expect("a string takes everything");
    };
    line("", shapes.iter().map(|&shape| shape.to_owned()).collect());
    for peer in unique(rows.iter().map(|row| row.peer.as_str())) {
        let cell = |shape: &&str| {
            let row = rows.iter().find(|row| row.peer == peer && row.case.shape == *shape)?;
            cell(row)
        };
        let cells: Vec<String> =
            shapes.iter().map(|shape| cell(shape).unwrap_or_default()).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            line(peer, cells);
        }
    }
    text
}

/// With so many decimals where it is small enough for them to matter.
fn short(number: f64, decimals: usize) -> String {
    let decimals = if number < 100.0 { decimals } else { 0 };
    format!("{number:.decimals$}")
}

/// `1 thread`, `2 threads`.
pub(crate) fn threads(count: usize) -> String {
    format!("{count} thread{}", if count == 1 { "" } else { "s" })
}

/// Each once, in the order they come.
pub(crate) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// Writes `results.json`, `results.tsv` and `summary.txt`.
pub(crate) fn write(results: &Results, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::write(folder.join("results.json"), serde_json::to_string_pretty(results)? + "\n")?;
    fs::write(folder.join("results.tsv"), tsv(results)?)?;
    let mut text = format!("{}\n", results.machine);
    let same = |a: &Row, b: &Row| {
        let of = |row: &Row| (row.case.nodes, row.case.body.clone(), row.case.threads);
        of(a) == of(b)
    };
    for rows in results.rows.chunk_by(same) {
        write!(text, "\n{}", summary(rows))?;
    }
    write!(text, "\n{}", two_to_one(&results.rows))?;
    fs::write(folder.join("summary.txt"), text)?;
    Ok(())
}

/// Reads what [`write`] wrote.
pub(crate) fn read(folder: &Path) -> Result<Results, Box<dyn Error>> {
    let file = folder.join("results.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn tsv(results: &Results) -> Result<String, fmt::Error> {
    let mut text = String::from(
        "shape\tnodes\tbody\tthreads\tpeer\tbuild_min\tbuild_median\tfirst_min\tfirst_median\t\
         rerun_min\trerun_median\tcpu_min\tto_cb\tto_cb_min\tto_loop\tbytes_built\tbytes_peak\tbusiest\tslope\tslope_to_said\tprocesses\tload\tnote\n",
    );
    for row in &results.rows {
        let Case { shape, nodes, body, threads } = &row.case;
        write!(text, "{shape}\t{nodes}\t{body}\t{threads}\t{}", row.peer)?;
        let times = [row.build, row.first, row.rerun];
        let times =
            times.iter().flat_map(|time| [time.map(|time| time.min), time.map(|time| time.median)]);
        let ratios = [row.cpu, row.to_cb, row.to_cb_min, row.to_loop];
        let bytes = [row.bytes.map(|bytes| bytes[0]), row.bytes.map(|bytes| bytes[1])];
        let busiest = row.shares.as_ref().and_then(|shares| shares.first().copied());
        let claim = [row.claim.map(|claim| claim.slope), row.claim.map(|claim| claim.ratio())];
        for number in times.chain(ratios).chain(bytes).chain([busiest]).chain(claim) {
            match number {
                Some(number) => write!(text, "\t{number:.3}")?,
                None => text.push('\t'),
            }
        }
        writeln!(
            text,
            "\t{}\t{:.1}\t{}",
            row.processes,
            row.load,
            row.note.as_deref().unwrap_or_default()
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(peer: &str, min: f64, median: f64, note: Option<&str>) -> Row {
        let case = Case { shape: "chain".into(), nodes: 10, body: "empty".into(), threads: 2 };
        let mut row = Row::of(&case, peer, 10, &[], note.map(str::to_owned));
        row.rerun = Some(Time { min, median });
        row
    }

    #[test]
    fn ratios_are_to_cb_and_to_the_loop_and_a_wrong_peer_has_none() {
        let mut rows = vec![
            row("loop", 1.0, 1.0, None),
            row("cb", 5.0, 10.0, None),
            row("fast", 2.0, 2.0, None),
            row("bad", 0.1, 0.1, Some(WRONG)),
        ];
        compare(&mut rows);
        assert_eq!(
            (rows[2].to_cb, rows[2].to_cb_min, rows[2].to_loop),
            (Some(0.2), Some(0.4), Some(2.0))
        );
        assert_eq!(rows[3].to_cb, None);
        let text = summary(&rows);
        assert!(text.contains("2.0 (0.20)") && text.contains("wrong"), "{text}");
        assert!(!text.contains("each thread") && !text.contains("whole processes"), "{text}");
    }

    #[test]
    fn who_runs_what_and_who_says_too_little_is_shown() {
        let mut row = row("fast", 2.0, 2.0, None);
        row.shares = Some(vec![0.75, 0.25]);
        row.claim = Some(Claim { slope: 4.0, said: 2.0 });
        let text = summary(&[row]);
        assert!(text.contains("75 + 25") && text.contains("4.0 (2.00) !"), "{text}");
    }

    #[test]
    fn two_threads_are_held_against_one() {
        let mut alone = row("fast", 2.0, 4.0, None);
        alone.case.threads = 1;
        assert!(two_to_one(&[row("fast", 1.0, 5.0, None)]).is_empty());
        let text = two_to_one(&[alone, row("fast", 1.0, 5.0, None)]);
        assert!(text.contains("1.25"), "{text}");
    }
}

//! [`run`]: starts one process per peer and round, in turns, and sums up.
//!
//! Peers take turns within a round, so that what else the machine does hits all of them alike; a
//! process of its own per peer, so that no engine's threads or memory are left for the next.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use terrace_bench_protocol::{Graph, Line};

use crate::chart;
use crate::claim::Claim;
use crate::matrix::{Matrix, NamedBody};
use crate::outside;
use crate::table::{self, Case, LOOP, Machine, Results, Row};

type Done<T> = Result<T, Box<dyn Error>>;

/// Above so many nodes a peer takes minutes.
const MOST_NODES: [(&str, usize); 2] = [("dagrs", 10_000), ("dagx", 100_000)];

/// How a peer is started.
struct Peer {
    name: String,
    command: Vec<String>,
}

/// Measures a matrix, prints tables, and leaves results and charts in the folder that it names.
pub(crate) fn run(matrix: &Matrix) -> Done<()> {
    fs::create_dir_all(&matrix.out)?;
    let bodies = matrix.bodies()?;
    let peers = peers(matrix)?;
    let mut results = Results { format: 1, machine: Machine::here(), rows: Vec::new() };
    println!("{}", results.machine);
    for &nodes in &matrix.sizes {
        for body in &bodies {
            for &threads in &matrix.threads {
                let mut rows = Vec::new();
                for shape in &matrix.shapes {
                    let file = matrix.out.join(format!("{shape}-{nodes}.graph"));
                    write_graph(shape, nodes, &file)?;
                    let case =
                        Case { shape: shape.clone(), nodes, body: body.name.clone(), threads };
                    eprintln!("{case} …");
                    rows.extend(measure(matrix, &peers, &case, body, &file)?);
                }
                println!("\n{}", table::summary(&rows));
                results.rows.extend(rows);
            }
        }
    }
    println!("\n{}", table::two_to_one(&results.rows));
    table::write(&results, &matrix.out)?;
    let files = chart::draw(&results, &matrix.out)?;
    println!("{}: results.tsv, results.json, summary.txt, {files}", matrix.out.display());
    let wrong: Vec<String> = results.wrong().collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("wrong results: {}", wrong.join("; ")).into())
    }
}

/// Writes the file of a graph that peers read.
pub(crate) fn write_graph(shape: &str, nodes: usize, file: &Path) -> Done<()> {
    let graph = Graph::make(shape, nodes).ok_or_else(|| format!("`{shape}` is no shape"))?;
    graph.save(file)?;
    Ok(())
}

fn peers(matrix: &Matrix) -> Done<Vec<Peer>> {
    let me = std::env::current_exe()?.display().to_string();
    let own = |name: &String| Peer {
        name: name.clone(),
        command: vec![me.clone(), "one".into(), "--peer".into(), name.clone()],
    };
    let mut peers: Vec<Peer> = matrix.peers.iter().map(own).collect();
    let mut add = |name: &str, program: PathBuf| {
        peers.push(Peer { name: name.to_owned(), command: vec![program.display().to_string()] });
    };
    if !matrix.without_terrace {
        add("terrace", outside::build_terrace()?);
    }
    if !matrix.without_tbb {
        match outside::build_tbb(&matrix.out) {
            Ok(program) => add("tbb-flow", program),
            Err(reason) => eprintln!("without oneTBB: {reason}"),
        }
    }
    for extra in &matrix.extra {
        let (name, command) = extra.split_once('=').ok_or("--extra NAME=PROGRAM")?;
        let command = command.split_whitespace().map(str::to_owned).collect();
        peers.push(Peer { name: name.to_owned(), command });
    }
    Ok(peers)
}

fn measure(
    matrix: &Matrix,
    peers: &[Peer],
    case: &Case,
    body: &NamedBody,
    file: &Path,
) -> Done<Vec<Row>> {
    let nodes = Graph::load(file)?.len();
    let mut lines: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    let mut notes: BTreeMap<&str, String> = BTreeMap::new();
    for _ in 0..matrix.rounds {
        for peer in peers {
            let name = peer.name.as_str();
            let most = MOST_NODES.iter().find(|(limited, _)| *limited == name);
            if most.is_some_and(|&(_, most)| case.nodes > most) {
                notes.insert(name, "too large".to_owned());
            }
            if notes.contains_key(name) {
                continue;
            }
            // The loop is the same on any number of threads, and everybody is compared with it.
            let threads = if name == LOOP { 1 } else { case.threads };
            let asked = Asked { matrix, peer, file, threads, body };
            match asked.once(&[]) {
                Ok((line, _)) => lines.entry(name).or_default().push(line),
                Err(note) => drop(notes.insert(name, note)),
            }
        }
    }
    let mut rows = Vec::new();
    for peer in peers {
        let name = peer.name.as_str();
        let lines = lines.remove(name).unwrap_or_default();
        let mut row = Row::of(case, name, nodes, &lines, notes.remove(name));
        if !matrix.only_times && row.note.is_none() && name != LOOP {
            let asked = Asked { matrix, peer, file, threads: case.threads, body };
            row.shares = asked.shares(nodes);
            row.claim = row.rerun.and_then(|rerun| asked.claim(nodes, rerun.median));
        }
        rows.push(row);
    }
    table::compare(&mut rows);
    Ok(rows)
}

/// What a peer is asked, again and again.
struct Asked<'a> {
    matrix: &'a Matrix,
    peer: &'a Peer,
    file: &'a Path,
    threads: usize,
    body: &'a NamedBody,
}

impl Asked<'_> {
    /// Asks once, with some more arguments; how long the process took.
    fn once(&self, more: &[&str]) -> Result<(Line, Duration), String> {
        let mut command = Command::new(&self.peer.command[0]);
        command.args(&self.peer.command[1..]).arg("--graph").arg(self.file);
        for (name, value) in [
            ("--threads", self.threads.to_string()),
            ("--body", self.body.body.to_string()),
            ("--budget-ms", self.matrix.budget_ms.to_string()),
            ("--gap-us", self.matrix.gap_us.to_string()),
        ] {
            command.args([name, &value]);
        }
        let begin = Instant::now();
        let line = ask(command.args(more), Duration::from_secs(self.matrix.limit_s))?;
        Ok((line, begin.elapsed()))
    }

    /// Which part of the nodes each thread runs, where there are several and the peer says.
    fn shares(&self, nodes: usize) -> Option<Vec<f64>> {
        let (line, _) = self.once(&["--tally", "on"]).ok().filter(|_| self.threads > 1)?;
        let shares: Vec<f64> = line.tally.iter().map(|&ran| ran as f64 / nodes as f64).collect();
        Some(shares).filter(|shares| !shares.is_empty())
    }

    /// What its re-runs take by the time of the whole process, where the peer says how many it did.
    fn claim(&self, nodes: usize, median: f64) -> Option<Claim> {
        let budget = Duration::from_millis(self.matrix.budget_ms);
        let reruns = Claim::reruns(median, nodes, budget);
        let ask = |reruns: u32| self.once(&["--reruns", &reruns.to_string()]).ok();
        let (few, many) = (ask(reruns)?, ask(2 * reruns)?);
        Claim::of(nodes, reruns, [(&few.0, few.1), (&many.0, many.1)])
    }
}

/// Runs a peer once. What it says else than a line of right numbers is the reason for having none.
fn ask(command: &mut Command, limit: Duration) -> Result<Line, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("not started: {error}"))?;
    let mut stdout = child.stdout.take().ok_or("no output")?;
    let (said, hear) = mpsc::channel();
    // Waits in the kernel, so that nothing of ours runs beside what is measured.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text);
        // Nobody listens any more where the limit was passed.
        let _ = said.send(read.map(|_| text));
    });
    let Ok(heard) = hear.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        let _ = reader.join();
        return Err("too slow".to_owned());
    };
    let status = child.wait().map_err(|error| error.to_string())?;
    let text = heard.map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("failed: {status}"));
    }
    if text.trim() == "n/a" {
        return Err("cannot do it".to_owned());
    }
    let line: Line = text.parse()?;
    if line.is_right { Ok(line) } else { Err(table::WRONG.to_owned()) }
}

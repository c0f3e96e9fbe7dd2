//! What a node costs, in time and memory, in graphs of a thousand to ten million nodes.
//!
//! `terrace-bench-sizes` prints five tables: whether the time of a node depends on how many there
//! are, what memory a task and an edge take, what a graph of ten million takes, and what one of a
//! thousand takes from the call of `run` to the report. Plans are built by number, and each
//! measurement is a process of its own. `--rounds`, `--budget-ms`, `--sizes A,B,C`, `--large` and
//! `--small` for other numbers.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it is a command, and prints its result")]

mod ask;

use std::process::ExitCode;

use ask::{Case, PEER, Peer};
use terrace_bench_protocol::lap::min_and_median;
use terrace_bench_protocol::{Graph, Line, machine};

/// Nodes of all re-runs of a process that says what a node costs.
const RERUN_NODES: usize = 20_000_000;

/// What is measured, from the command line.
struct Matrix {
    rounds: usize,
    budget_ms: u64,
    sizes: Vec<usize>,
    large: usize,
    small: usize,
}

fn main() -> ExitCode {
    if std::env::args().next_back().is_some_and(|last| last == PEER) {
        return terrace_peer::run();
    }
    let done = matrix().and_then(|matrix| {
        let mut peer = Peer::new(matrix.budget_ms)?;
        flatness(&matrix, &mut peer)?;
        memory(&matrix, &mut peer)?;
        large(&matrix, &mut peer)?;
        small(&matrix, &mut peer)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn matrix() -> Result<Matrix, String> {
    let mut matrix = Matrix {
        rounds: 3,
        budget_ms: 400,
        sizes: vec![10_000, 100_000, 1_000_000],
        large: 10_000_000,
        small: 1_000,
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let numbers = args.next().unwrap_or_default();
        let numbers: Result<Vec<usize>, _> = numbers.split(',').map(str::parse).collect();
        let numbers = numbers.ok().filter(|numbers| numbers.iter().all(|&number| number > 0));
        match (&*name, numbers.as_deref()) {
            ("--sizes", Some(sizes)) => matrix.sizes = sizes.to_vec(),
            ("--rounds", Some(&[rounds])) => matrix.rounds = rounds,
            ("--budget-ms", Some(&[budget])) => matrix.budget_ms = budget as u64,
            ("--large", Some(&[large])) => matrix.large = large,
            ("--small", Some(&[small])) => matrix.small = small,
            _ => return Err(format!("{name}: unknown, or not a number above 0")),
        }
    }
    Ok(matrix)
}

/// The median of what several processes say.
fn median(lines: &[Line], of: impl Fn(&Line) -> f64) -> f64 {
    min_and_median(lines.iter().map(of).collect()).1
}

/// Whether a node costs the same however many there are.
fn flatness(matrix: &Matrix, peer: &mut Peer) -> Result<(), String> {
    println!(
        "a re-run: ns per node, the least on 1 thread, the median on 2 (ratio to the smallest graph), load {:.1}",
        machine::load()
    );
    print!("{:28}", "nodes");
    matrix.sizes.iter().for_each(|nodes| print!("{nodes:>18}"));
    println!();
    for shape in ["chain", "layer64", "random4"] {
        for body in ["empty", "value"] {
            for threads in [1, 2] {
                let mut lines: Vec<Vec<Line>> = matrix.sizes.iter().map(|_| Vec::new()).collect();
                for _ in 0..matrix.rounds {
                    for (&nodes, lines) in matrix.sizes.iter().zip(&mut lines) {
                        // As many nodes in each, but not so few that one odd run counts, nor more
                        // than it takes to know.
                        let reruns = (RERUN_NODES / nodes).clamp(20, 300);
                        lines.push(peer.repeat(Case { shape, nodes, body, threads }, reruns)?);
                    }
                }
                let times: Vec<f64> = lines
                    .iter()
                    .map(|lines| median(lines, |line| line.rerun[threads - 1]))
                    .collect();
                let plural = if threads == 1 { "" } else { "s" };
                print!("{:28}", format!("{shape}, {body}, {threads} thread{plural}"));
                times.iter().for_each(|time| {
                    print!("{:>18}", format!("{time:.1} ({:.2})", time / times[0]));
                });
                println!();
            }
        }
    }
    Ok(())
}

/// What memory a task and an edge take. Of two graphs with as many nodes, the one with more edges
/// takes more by these.
fn memory(matrix: &Matrix, peer: &mut Peer) -> Result<(), String> {
    let nodes = matrix.sizes.iter().copied().max().unwrap_or(1);
    for body in ["empty", "value"] {
        memory_of(nodes, body, peer)?;
    }
    Ok(())
}

/// The same of bodies that only wait for each other and call one type of closures, or that pass values
/// to each other, of 24 bytes each, by several types.
fn memory_of(nodes: usize, body: &'static str, peer: &mut Peer) -> Result<(), String> {
    println!(
        "\n{nodes} nodes, {body}: bytes beside the graph that is given, and beside the cells of the tasks"
    );
    println!("{:10}{:>10}{:>22}{:>26}", "", "edges", "built, per node", "run, at most, per node");
    let mut found = Vec::new();
    for shape in ["chain", "layer64", "random4"] {
        let case = Case { shape, nodes, body, threads: 1 };
        let edges = Graph::make(shape, nodes).map_or(0, |graph| graph.edges()) as f64;
        let line = peer.ask(case)?;
        let [before, built, most] = line.memory.map(|kib| kib as f64 * 1024.0 / nodes as f64);
        let (built, most) = (built - before, most - before);
        println!("{shape:10}{edges:>10}{built:>22.1}{most:>26.1}");
        found.push((edges / nodes as f64, built, most));
    }
    let ((few, built_few, most_few), (many, built_many, most_many)) = (found[0], found[2]);
    for (name, few_bytes, many_bytes) in
        [("built", built_few, built_many), ("run", most_few, most_many)]
    {
        let edge = (many_bytes - few_bytes) / (many - few);
        println!("{name}: {:.1} B a task, {edge:.1} B an edge", few_bytes - edge * few);
    }
    Ok(())
}

/// Very many nodes.
fn large(matrix: &Matrix, peer: &mut Peer) -> Result<(), String> {
    let nodes = matrix.large;
    println!(
        "\n{nodes} nodes by number, in seconds; memory in MB, the graph that is given included"
    );
    println!(
        "{:28}{:>9}{:>11}{:>9}{:>9}{:>9}",
        "", "build", "first run", "re-run", "built", "at most"
    );
    for (shape, body) in [("chain", "empty"), ("layer64", "empty"), ("layer64", "value")] {
        let case = Case { shape, nodes, body, threads: 2 };
        let line = peer.ask(case)?;
        let seconds = |time: f64| time * nodes as f64 / 1e9;
        let megabytes = line.memory.map(|kib| kib as f64 * 1024.0 / 1e6);
        println!(
            "{:28}{:>9.3}{:>11.3}{:>9.3}{:>9.0}{:>9.0}",
            format!("{shape}, {body}, 2 threads"),
            seconds(line.build[1]),
            seconds(line.first[1]),
            seconds(line.rerun[1]),
            megabytes[1],
            megabytes[2],
        );
        peer.forget(case);
    }
    Ok(())
}

/// A graph that is over before another thread could wake up.
fn small(matrix: &Matrix, peer: &mut Peer) -> Result<(), String> {
    let nodes = matrix.small;
    println!("\n{nodes} nodes that do next to nothing: median µs, from the call to the report");
    println!("{:28}{:>9}{:>11}{:>20}", "", "re-run", "first run", "build, first run");
    for threads in [0, 1, 2] {
        for shape in ["chain", "layer64"] {
            let case = Case { shape, nodes, body: "empty", threads };
            let lines: Result<Vec<Line>, String> =
                (0..matrix.rounds).map(|_| peer.ask(case)).collect();
            let lines = lines?;
            let micros = |time: f64| time * nodes as f64 / 1e3;
            println!(
                "{:28}{:>9.2}{:>11.2}{:>20.2}",
                format!("{shape}, {threads} workers"),
                micros(median(&lines, |line| line.rerun[1])),
                micros(median(&lines, |line| line.first[1])),
                micros(median(&lines, |line| line.build[1] + line.first[1])),
            );
        }
    }
    println!("load {:.1}", machine::load());
    Ok(())
}

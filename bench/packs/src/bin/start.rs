//! How soon `terrace run` runs the first node of a workflow that needs two packs.
//!
//! `terrace-bench-start [TIMES] [--pack FILE]` lays the command and two packs out as an installation has them, and
//! starts it so many times. The first node's task says what time it is, so the figure is from
//! before the process is made to inside that task. `--version` is what a process that does nothing
//! takes.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it is a command, and prints its result")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use terrace_bench_packs::built;
use terrace_bench_protocol::lap::min_and_median;
use terrace_bench_protocol::machine;

type Done<T> = Result<T, Box<dyn Error>>;

const WORKFLOW: &str = r#"terrace: 1
name: start
packs: { bench: "*", math: "*" }
nodes:
  first: { task: bench/now }
  second: { task: math/add, with: { x: "${first}", y: 0 } }
outputs: { first: "${first}", second: "${second}" }
"#;

fn main() -> Done<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let pack = built::bench_pack(&mut args)?;
    let times = args.first().map_or(Ok(50), |times| times.parse::<usize>())?;
    let folder = tempfile::tempdir()?;
    let (command, file) = (folder.path().join("bin/terrace"), folder.path().join("start.yaml"));
    install(folder.path(), &command, &pack)?;
    fs::write(&file, WORKFLOW)?;

    let (mut firsts, mut runs, mut nothings) = (Vec::new(), Vec::new(), Vec::new());
    // The first is not counted: it reads files that later ones find in memory.
    for time in 0..=times {
        let (nothing, _) = run(Command::new(&command).arg("--version"))?;
        let before = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let (ran, said) = run(Command::new(&command).arg("run").arg(&file).arg("--json"))?;
        if time > 0 {
            firsts.push(millis(Duration::from_nanos(first(&said)?).saturating_sub(before)));
            runs.push(millis(ran));
            nothings.push(millis(nothing));
        }
    }
    println!("terrace run, two packs, two nodes, {times} times, load {:.1}", machine::load());
    println!("ms, least / median");
    for (name, times) in [
        ("to the first node", firsts),
        ("the whole process", runs),
        ("terrace --version", nothings),
    ] {
        let (min, median) = min_and_median(times);
        println!("{name:18} {min:6.2} / {median:.2}");
    }
    Ok(())
}

/// The command with its packs, and nothing else, beside it.
fn install(folder: &Path, command: &Path, pack: &Path) -> Done<()> {
    let packs = folder.join("bin/packs");
    fs::create_dir_all(&packs)?;
    fs::copy(built::shipped("terrace-cli", "terrace")?, command)?;
    fs::copy(pack, packs.join("libbench_pack.so"))?;
    let math = "libterrace_pack_math.so";
    fs::copy(built::shipped("terrace-pack-math", math)?, packs.join(math))?;
    Ok(())
}

/// Runs a process: how long it took, and what it said.
fn run(command: &mut Command) -> Done<(Duration, String)> {
    let command = command.env_remove("TERRACE_PACK_PATH").stdin(Stdio::null());
    let begin = Instant::now();
    let output = command.output()?;
    let took = begin.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into());
    }
    Ok((took, String::from_utf8(output.stdout)?))
}

/// What time the first node found it was, from the document that the command printed.
fn first(said: &str) -> Done<u64> {
    let read = terrace::core::value_from_json(said)?;
    let first = read.get("outputs").and_then(|outputs| outputs.get("first"));
    let time = first.and_then(terrace::api::Value::as_u64);
    Ok(time.ok_or_else(|| format!("no time in {said}"))?)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

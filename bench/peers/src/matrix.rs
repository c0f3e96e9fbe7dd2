//! [`Matrix`]: what is measured, from the command line.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use terrace_bench_protocol::{Body, SHAPES, work};

use crate::engines;

/// What is measured. Everything with everything.
#[derive(Args, Clone, Debug)]
pub(crate) struct Matrix {
    /// Engines of this program; `cb` is what the others are compared with.
    #[arg(long, value_delimiter = ',', default_values_t = engines::NAMES.map(String::from))]
    pub(crate) peers: Vec<String>,
    /// More peers that speak the protocol: NAME=PROGRAM, with arguments behind blanks.
    #[arg(long = "extra", value_name = "NAME=PROGRAM")]
    pub(crate) extra: Vec<String>,
    /// Leaves out `terrace`, which is built from this repository.
    #[arg(long)]
    pub(crate) without_terrace: bool,
    /// Leaves out oneTBB even where it is installed.
    #[arg(long)]
    pub(crate) without_tbb: bool,
    #[arg(long, value_delimiter = ',', default_values_t = SHAPES.map(String::from))]
    pub(crate) shapes: Vec<String>,
    /// How many nodes; above 10,000 dagrs is left out.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000])]
    pub(crate) sizes: Vec<usize>,
    /// empty, value, string, spin:TIME, uneven:TIME; a time is so many steps or, as 1us, calibrated here.
    #[arg(long, value_delimiter = ',', default_values_t = ["empty", "value", "spin:1us"].map(String::from))]
    pub(crate) bodies: Vec<String>,
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    pub(crate) threads: Vec<usize>,
    /// How many processes of each peer, in turns.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Leaves out how many nodes each thread runs, and the time of whole processes.
    #[arg(long)]
    pub(crate) only_times: bool,
    /// How long one process measures.
    #[arg(long, default_value_t = 150)]
    pub(crate) budget_ms: u64,
    /// Rest before each run, so that threads fall asleep.
    #[arg(long, default_value_t = 0)]
    pub(crate) gap_us: u64,
    /// After so long a process is ended and its peer left out of this measurement.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit_s: u64,
    /// Where the results go; made if missing.
    #[arg(long, default_value = "target/peers")]
    pub(crate) out: PathBuf,
}

/// A body by the name it was given, which is what tables show: `spin:1us`.
#[derive(Clone, Debug)]
pub(crate) struct NamedBody {
    pub(crate) name: String,
    pub(crate) body: Body,
}

impl Matrix {
    /// The bodies, with times turned into steps.
    pub(crate) fn bodies(&self) -> Result<Vec<NamedBody>, String> {
        let mut per_microsecond = None;
        let named = self.bodies.iter().map(|name| {
            let body = match name.split_once(':') {
                Some((kind, time)) if time.ends_with("us") || time.ends_with("ns") => {
                    let (number, unit) = time.split_at(time.len() - 2);
                    let number: f64 =
                        number.parse().map_err(|_| format!("`{name}`: not a time"))?;
                    let steps = *per_microsecond.get_or_insert_with(steps_per_microsecond) as f64;
                    let steps = if unit == "us" { steps } else { steps / 1_000.0 };
                    format!("{kind}:{:.0}", number * steps).parse()?
                }
                _ => name.parse()?,
            };
            Ok(NamedBody { name: name.clone(), body })
        });
        named.collect()
    }
}

/// Steps of the body `spin` in a microsecond: of many tries the fastest, which nothing disturbed.
pub(crate) fn steps_per_microsecond() -> u64 {
    const STEPS: u64 = 100_000;
    let tries = (0..200).map(|_| {
        let start = Instant::now();
        std::hint::black_box(work::spin(STEPS));
        start.elapsed()
    });
    let best = tries.min().unwrap_or(Duration::from_micros(STEPS));
    (STEPS * 1000 / best.as_nanos().max(1) as u64).max(1)
}

//! [`Request`]: what a peer is asked to measure, from its arguments.

use std::path::PathBuf;
use std::time::Duration;

use crate::work::Body;

/// What a peer is asked to measure.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which engine, where a program has several.
    pub peer: Option<String>,
    /// The file of the graph.
    pub graph: PathBuf,
    /// How many threads compute.
    pub threads: usize,
    /// What a task does.
    pub body: Body,
    /// How long measuring may go on: half of it first runs, half re-runs.
    pub budget: Duration,
    /// How long to rest before a run, so that threads fall asleep.
    pub gap: Duration,
    /// Exactly so many re-runs after one build and its first run, whatever the budget: for who times
    /// the whole process.
    pub reruns: Option<u32>,
    /// Whether to count what each thread does.
    pub tally: bool,
}

impl Request {
    /// Reads `--name value` pairs; ones it does not know are left to the program.
    ///
    /// # Errors
    /// When a value cannot be read or `--graph` is missing.
    pub fn read(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut request = Self {
            peer: None,
            graph: PathBuf::new(),
            threads: 1,
            body: Body::Empty,
            budget: Duration::from_millis(150),
            gap: Duration::ZERO,
            reruns: None,
            tally: false,
        };
        let number = |name: &str, value: &str| -> Result<u64, String> {
            value.parse().map_err(|_| format!("{name}: `{value}` is not a number"))
        };
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            if !name.starts_with("--") {
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{name}: a value is missing"))?;
            match name.as_str() {
                "--peer" => request.peer = Some(value),
                "--graph" => request.graph = value.into(),
                "--threads" => request.threads = number(&name, &value)? as usize,
                "--body" => request.body = value.parse()?,
                "--budget-ms" => request.budget = Duration::from_millis(number(&name, &value)?),
                "--gap-us" => request.gap = Duration::from_micros(number(&name, &value)?),
                "--reruns" => {
                    let reruns = u32::try_from(number(&name, &value)?).ok();
                    request.reruns = Some(reruns.ok_or("--reruns: too many")?);
                }
                "--tally" => request.tally = value == "on",
                _ => {}
            }
        }
        if request.graph.as_os_str().is_empty() {
            return Err("--graph FILE is missing".to_owned());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, String> {
        Request::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_come_in_any_order_beside_ones_of_the_program() {
        let request = read("one --body value --timing on --threads 2 --graph g.bin").unwrap();
        assert_eq!((request.threads, request.body), (2, Body::Value));
        assert_eq!(request.budget, Duration::from_millis(150));
        assert_eq!((request.reruns, request.tally), (None, false));
        let request = read("--graph g --reruns 20 --tally on").unwrap();
        assert_eq!((request.reruns, request.tally), (Some(20), true));
        assert!(read("--threads 2").is_err() && read("--graph g --threads two").is_err());
    }
}

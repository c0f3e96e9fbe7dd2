//! How single values of the command line are read, and what is said of those that cannot be.

use std::path::PathBuf;
use std::time::Duration;

use terrace::core::{read_duration, read_size};

use super::Workers;

pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("there is no such folder".to_owned()) }
}

pub(super) fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// A duration, which in a file could not be nothing either.
pub(super) fn some_time(text: &str) -> Result<Duration, String> {
    let time = read_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("it must be more than 0".to_owned()) } else { Ok(time) }
}

/// A duration, which may be nothing.
pub(super) fn any_time(text: &str) -> Result<Duration, String> {
    read_duration(text)
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("it must be from 0 to 100".to_owned()),
    }
}

pub(super) fn name_count(text: &str) -> Result<(String, u64), String> {
    let (name, count) = name_value(text).map_err(|_| "expected NODE=N".to_owned())?;
    let count = count.parse().map_err(|_| format!("`{count}` is no number; expected NODE=N"))?;
    Ok((name, count))
}

pub(super) fn name_number(text: &str) -> Result<(String, u64), String> {
    let (name, number) = name_value(text).map_err(|_| "expected NAME=N".to_owned())?;
    // A size is a number too.
    let number = number.parse().or_else(|_| read_size(&number));
    if number == Ok(0) {
        return Err("nothing could run with 0; expected NAME=N from 1 on".to_owned());
    }
    number.map(|number| (name, number)).map_err(|why| format!("{why}; expected NAME=N"))
}

/// The most workers that are simulated.
const MAX_WORKERS: u32 = 65_535;

pub(super) fn workers(text: &str) -> Result<Workers, String> {
    let number = |text: &str| match text.trim().parse::<u32>() {
        Ok(workers) if (1..=MAX_WORKERS).contains(&workers) => Ok(workers),
        _ => Err(format!("{text:?} is no number of workers from 1 to {MAX_WORKERS}")),
    };
    let mut all = Vec::new();
    for part in text.split(',') {
        let Some((first, last)) = part.split_once("..") else {
            all.push(number(part)?);
            continue;
        };
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("{part:?} goes down; write the smaller number first"));
        }
        let doubled = std::iter::successors(Some(first), |workers| workers.checked_mul(2));
        all.extend(doubled.take_while(|&workers| workers < last));
        all.push(last);
    }
    Ok(Workers(all))
}

/// A command for the shell. An empty one succeeds, and would approve whatever it is asked.
pub(super) fn command(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty and would approve everything; `--approve always` does".to_owned());
    }
    Ok(text.to_owned())
}

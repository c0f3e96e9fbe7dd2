//! [`per_unit`]: lets callgrind count a workload.

use std::process::Command;

use crate::error::Error;
use crate::workload::Workload;

/// How often a workload is done in the two runs. What the process does besides, the preparation
/// and the first time, is in both and falls out of the difference.
const TIMES: (u32, u32) = (1, 3);

/// valgrind's own version.
pub(crate) fn version() -> Result<String, Error> {
    let output = Command::new("valgrind")
        .arg("--version")
        .output()
        .map_err(|source| Error::NoValgrind { source })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Instructions per node, item or call.
pub(crate) fn per_unit(workload: &Workload) -> Result<f64, Error> {
    let (few, many) = (count(workload, TIMES.0)?, count(workload, TIMES.1)?);
    let times = f64::from(TIMES.1 - TIMES.0);
    Ok(many.saturating_sub(few) as f64 / times / workload.units as f64)
}

fn count(workload: &Workload, times: u32) -> Result<u64, Error> {
    let failed = |said: String| Error::NoCount { workload: workload.name, said };
    let me = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(me)
        .args(["repeat", workload.name, &times.to_string()])
        .output()
        .map_err(|source| Error::NoValgrind { source })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(failed(said.into_owned()));
    }
    collected(&said).ok_or_else(|| failed(said.into_owned()))
}

/// Reads `==12== Collected : 345`.
fn collected(said: &str) -> Option<u64> {
    let mut counts = said.lines().filter_map(|line| line.split_once("Collected :"));
    let (_, count) = counts.next()?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_among_what_valgrind_says() {
        let said =
            "==7== Events    : Ir\n==7== Collected : 123456\n==7== \n==7== I   refs:  123,456\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("==7== Command: ls\n"), None);
    }
}

//! [`Baseline`]: counts as they are on record.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Of the file: changes when the meaning of a field does.
const FORMAT: u32 = 1;

/// Counts, and what they were counted with.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) format: u32,
    pub(crate) rustc: String,
    pub(crate) architecture: String,
    pub(crate) valgrind: String,
    /// By how much a count may grow, in percent.
    pub(crate) tolerance: f64,
    /// Instructions per node, item or call.
    pub(crate) counts: BTreeMap<String, f64>,
}

impl Baseline {
    /// Without counts, for this program.
    pub(crate) fn here(valgrind: String) -> Self {
        Self {
            format: FORMAT,
            rustc: env!("COUNTED_WITH").to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            valgrind,
            tolerance: 3.0,
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let failed = |why: String| Error::Record { path: path.to_owned(), why };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let read: Self = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        match read.format {
            FORMAT => Ok(read),
            other => Err(failed(format!("it has format {other}, known is {FORMAT}"))),
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let failed = |why: String| Error::Record { path: path.to_owned(), why };
        let mut rounded = serde_json::to_value(self).map_err(|error| failed(error.to_string()))?;
        // A tenth of an instruction is enough, and makes for short differences in the history.
        for count in
            rounded["counts"].as_object_mut().into_iter().flat_map(|counts| counts.values_mut())
        {
            *count = count.as_f64().map(|count| (count * 10.0).round() / 10.0).into();
        }
        let text =
            serde_json::to_string_pretty(&rounded).map_err(|error| failed(error.to_string()))?;
        fs::write(path, text + "\n").map_err(|error| failed(error.to_string()))
    }
}

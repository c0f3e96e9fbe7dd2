//! Logs on standard error: nothing, unless `-v` or the variable `TERRACE_LOG` asks for them.
//!
//! Lines are written above what is drawn, each as a whole.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::Uptime;

use crate::output::say_drawn;

/// Says what is logged, as in `terrace::run=debug,terrace_plugin_host=info`; `-v` is not looked at then.
const VARIABLE: &str = "TERRACE_LOG";

/// Starts to log, where that is asked for: `-v` what happens to runs and packs, `-vv` to nodes too,
/// `-vvv` to single items of maps.
pub(crate) fn start(verbose: u8) -> Result<(), String> {
    let said = match std::env::var(VARIABLE) {
        Ok(said) if !said.is_empty() => Some(said),
        Ok(_) | Err(std::env::VarError::NotPresent) => None,
        Err(error) => return Err(format!("{VARIABLE}: {error}")),
    };
    let filter = match (said, verbose) {
        (Some(said), _) => said,
        (None, 0) => return Ok(()),
        (None, 1) => "terrace=info".to_owned(),
        (None, 2) => "terrace=debug".to_owned(),
        (None, _) => "terrace=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        format!("{VARIABLE}: `{filter}` says not what to log: {error}; as in terrace=debug")
    })?;
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(Uptime::default())
        .with_ansi(io::stderr().is_terminal() && !no_colour)
        .with_writer(Line::default)
        .try_init()
        .map_err(|error| error.to_string())
}

/// A line under way.
#[derive(Default)]
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        say_drawn(String::from_utf8_lossy(&self.0).trim_end());
    }
}

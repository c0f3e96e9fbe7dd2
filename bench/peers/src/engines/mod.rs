//! The engines that live in this program, each a [`Built`] of its own.

mod baseline;
mod dagrs;
mod dagx;
mod pool;
mod rayon;
mod sequential;
mod tokio;

use std::process::ExitCode;
use std::sync::Arc;

use terrace_bench_protocol::{Body, Built, Request, Work, serve};

/// The names of the engines here, as the driver's `--peers` takes them.
pub(crate) const NAMES: [&str; 8] =
    ["loop", "cb", "rayon", "rayon-slot", "tokio", "tokio-join", "dagx", "dagrs"];

type Build = Box<dyn FnMut(&Arc<Work>) -> Option<Box<dyn Built>>>;

/// Measures the engine that the arguments name.
pub(crate) fn serve_one() -> ExitCode {
    serve(start)
}

/// Starts the engine's threads; they are not part of what is measured.
fn start(request: &Request) -> Result<Build, String> {
    let name = request.peer.as_deref().ok_or("--peer NAME is missing")?;
    let threads = request.threads;
    if request.body == Body::Text {
        // They hand numbers on, or nothing.
        return Ok(Box::new(|_| None));
    }
    let tokio = || tokio::runtime(threads).map_err(|error| error.to_string());
    Ok(match name {
        "loop" => Box::new(|work| Some(Box::new(sequential::Loop::new(work)))),
        "cb" => {
            let pool = pool::Pool::start(threads);
            Box::new(move |work| Some(Box::new(baseline::Baseline::new(work, &pool))))
        }
        "rayon" | "rayon-slot" => {
            let pool = rayon::pool(threads)?;
            let next = if name == "rayon" { rayon::Next::Spawned } else { rayon::Next::AtOnce };
            Box::new(move |work| Some(Box::new(rayon::Counters::new(work, &pool, next))))
        }
        "tokio" => {
            let runtime = tokio()?;
            Box::new(move |work| Some(Box::new(tokio::SpawnReady::new(work, &runtime))))
        }
        "tokio-join" => {
            let runtime = tokio()?;
            Box::new(move |work| Some(Box::new(tokio::SpawnAll::new(work, &runtime))))
        }
        "dagx" => {
            let runtime = tokio()?;
            Box::new(move |work| {
                let built = dagx::Runner::new(work, &runtime)?;
                Some(Box::new(built) as Box<dyn Built>)
            })
        }
        "dagrs" => {
            let runtime = tokio()?;
            Box::new(move |work| {
                let built = dagrs::Nodes::new(work, &runtime)?;
                Some(Box::new(built) as Box<dyn Built>)
            })
        }
        _ => return Err(format!("`{name}` is no peer: {}", NAMES.join(", "))),
    })
}

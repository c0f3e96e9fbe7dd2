//! [`Peer`]: Terrace as `bench/peers` measures it, with plans by number. A process for each
//! measurement, which is this program again, so that the memory of one is none of another's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use terrace_bench_protocol::{Graph, Line};

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) shape: &'static str,
    pub(crate) nodes: usize,
    pub(crate) body: &'static str,
    pub(crate) threads: usize,
}

/// The last argument, behind those of the protocol, of a process that is a peer.
pub(crate) const PEER: &str = "peer";

/// How a process is asked.
pub(crate) struct Peer {
    program: PathBuf,
    budget_ms: u64,
    folder: TempDir,
    graphs: BTreeMap<(&'static str, usize), PathBuf>,
}

impl Peer {
    pub(crate) fn new(budget_ms: u64) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        Ok(Self { program, budget_ms, folder, graphs: BTreeMap::new() })
    }

    /// Measures as long as the budget says.
    pub(crate) fn ask(&mut self, case: Case) -> Result<Line, String> {
        self.ask_with(case, &[])
    }

    /// Measures exactly so many re-runs.
    pub(crate) fn repeat(&mut self, case: Case, reruns: usize) -> Result<Line, String> {
        self.ask_with(case, &["--reruns", &reruns.to_string()])
    }

    fn ask_with(&mut self, case: Case, more: &[&str]) -> Result<Line, String> {
        let graph = self.graph(case)?;
        let mut command = Command::new(&self.program);
        command.args(["--build", "plan", "--graph"]).arg(graph);
        command.args(["--body", case.body, "--threads", &case.threads.to_string()]).args(more);
        command.args(["--budget-ms", &self.budget_ms.to_string(), PEER]).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        let line: Line =
            said.parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
        if line.is_right { Ok(line) } else { Err(format!("wrong results: {case:?}")) }
    }

    /// The file of a graph.
    fn graph(&mut self, Case { shape, nodes, .. }: Case) -> Result<PathBuf, String> {
        if let Some(file) = self.graphs.get(&(shape, nodes)) {
            return Ok(file.clone());
        }
        let file = self.folder.path().join(format!("{shape}-{nodes}.graph"));
        let graph = Graph::make(shape, nodes).ok_or_else(|| format!("`{shape}` is no shape"))?;
        graph.save(&file).map_err(|error| error.to_string())?;
        self.graphs.insert((shape, nodes), file.clone());
        Ok(file)
    }

    /// Forgets the file of a graph that is not needed any more.
    pub(crate) fn forget(&mut self, Case { shape, nodes, .. }: Case) {
        if let Some(file) = self.graphs.remove(&(shape, nodes)) {
            // What is left goes with the folder.
            let _ = std::fs::remove_file(file);
        }
    }
}

//! The command line, as clap sees it. How single values are read is in [`mod@read`].

mod read;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use terrace::core::OnFailure;
use terrace::forecast::Priority;
use terrace::host::PackPath;
use terrace::scheduler::Order;

use read::{
    any_time, command, folder, name_count, name_number, name_value, percent, some_time, workers,
};

/// Runs task graphs whose tasks ship as native packs.
#[derive(Debug, Parser)]
#[command(name = "terrace", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log on standard error: runs and packs, `-vv` nodes too, `-vvv` single items; TERRACE_LOG says it
    /// in full, as in terrace=debug
    #[arg(long, short = 'v', global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a workflow and print its outputs
    Run(Box<RunArgs>),
    /// Check a workflow without running it
    Check(CheckArgs),
    /// Print a workflow's graph
    Graph(GraphArgs),
    /// Say what runs would take, with how many workers, without running anything
    Simulate(SimulateArgs),
    /// Say what makes a workflow take as long as it does, and what would help
    Explain(ExplainArgs),
    /// Say what changed from one recorded run to another
    Diff(DiffArgs),
    /// Make a workflow file of a recorded workflow of others
    Import(ImportArgs),
    /// Make a page to look at a run with, of its record
    Report(ReportArgs),
    /// Make a trace for Perfetto or Chrome of a run, of its record
    Trace(TraceArgs),
    /// List packs or look into one, without executing anything of theirs
    Packs(PacksArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Where packs are looked for.
#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// A folder to look for packs in; may be given several times. After these come the folders of
    /// TERRACE_PACK_PATH (separated by colons), then the folder of this program.
    #[arg(long = "packs", value_name = "DIR", value_parser = folder)]
    pub(crate) folders: Vec<PathBuf>,
}

impl PackArgs {
    pub(crate) fn path(&self) -> PackPath {
        PackPath::standard(&self.folders)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    terrace run examples/vqe-h2.yaml\n  \
    terrace run examples/vqe-h2.yaml --input theta=0 --order levels --json\n  \
    terrace run flow.yaml --inputs inputs.json --input text=@notes.txt --target report\n  \
    terrace run flow.yaml --dry-run\n\n\
    Exit codes: 0 succeeded, 1 a node failed, 2 bad usage or invalid workflow,\n\
    3 a pack is missing, unmet or refused, 4 stopped at a checkpoint, 5 a limit was reached (deadline, budget), 130 interrupted.")]
pub(crate) struct RunArgs {
    /// The workflow: YAML, TOML or JSON, by its extension
    pub(crate) file: PathBuf,
    /// An input, read by its declared type; `NAME=@FILE` reads the file, `NAME=@@x` is the text `@x`
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE", value_parser = name_value)]
    pub(crate) inputs: Vec<(String, String)>,
    /// A YAML, TOML or JSON file with inputs by name; `--input` wins over it
    #[arg(long = "inputs", value_name = "FILE")]
    pub(crate) inputs_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
    /// Threads that compute; 0 runs everything in sequence [default: number of cores]
    #[arg(long, short = 'w', value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(crate) workers: Option<u16>,
    /// When a node starts: as soon as its inputs exist, or level by level
    #[arg(long, value_enum, default_value_t = OrderArg::Dataflow)]
    pub(crate) order: OrderArg,
    /// Run only what this node needs, and print its output; may be given several times
    #[arg(long = "target", short = 't', value_name = "NODE")]
    pub(crate) targets: Vec<String>,
    /// How many nodes there may be in all workflows together that tasks give while it runs; more
    /// end it with code `nodes`
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub(crate) max_grown: u64,
    /// How long the run may take, as in `1m 30s`; what still runs then is given up
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) deadline: Option<Duration>,
    /// How many tasks may run at once, beside what the file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_concurrent: Option<u32>,
    /// What a failure does to the rest, whatever the file says
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_failure: Option<OnFailureArg>,
    /// A program that decides at checkpoints whether the run goes on: the checkpoint as JSON on its
    /// standard input, exit code 0 for yes; it may print `{"drop": {"node": [0, 3]}}` to go on
    /// without these items
    #[arg(long, value_name = "CMD", conflicts_with = "approve", value_parser = command)]
    pub(crate) approve_with: Option<String>,
    /// How long that program may take
    #[arg(long, value_name = "TIME", value_parser = some_time, default_value = "1h")]
    pub(crate) approve_timeout: Duration,
    /// What is decided at checkpoints without asking anybody; in a terminal you are asked otherwise
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) approve: Option<ApproveArg>,
    /// What tasks draw random numbers from
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    /// Check everything that a run checks before it starts, inputs and packs included, and print
    /// the levels and what the run would ask for; nothing runs
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What is shown on standard error while it runs: bars where that is a terminal and a line now and
    /// then elsewhere, only such lines, or nothing
    #[arg(long, value_enum, value_name = "HOW", default_value_t = ProgressArg::Auto)]
    pub(crate) progress: ProgressArg,
    /// Write down all that happens, a JSON object a line (docs/RECORD.md), while it happens
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// When the run is over, write a page to look at it with: graph, threads, counts over time, every
    /// node
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// When the run is over, write a trace for Perfetto or Chrome (docs/TRACES.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Send the run, while it goes on, to an OpenTelemetry collector (OTLP over HTTP), as in
    /// http://localhost:4318 (docs/TRACES.md)
    #[cfg(feature = "otel")]
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,
    /// Print one JSON document instead of text; maps over 1,000 items as counts and failures. Of all
    /// that ran inside nodes the first 10,000 are told, of failures there the first 1,000, and
    /// `nodes_not_shown` and `failures_not_shown` count the rest; with `--json=full` all
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true,
          default_missing_value = "brief")]
    pub(crate) json: Option<JsonArg>,
}

/// What is decided at checkpoints without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApproveArg {
    /// The run goes on
    Always,
}

/// What a failure does to the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailureArg {
    /// Nothing new starts, but what cleans up
    Stop,
    /// All that does not depend on it runs
    Continue,
}

impl OnFailureArg {
    pub(crate) fn policy(self) -> OnFailure {
        match self {
            Self::Stop => OnFailure::Stop,
            Self::Continue => OnFailure::Continue,
        }
    }
}

/// What is shown while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    /// Bars in a terminal, else lines
    Auto,
    /// A line now and then
    Lines,
    /// Nothing
    None,
}

/// How much the document tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JsonArg {
    /// Large maps as counts and failures, and not more than 10,000 entries inside nodes
    Brief,
    /// Everything
    Full,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OrderArg {
    /// As soon as its inputs exist
    Dataflow,
    /// When the whole level before is done
    Levels,
}

impl OrderArg {
    pub(crate) fn order(self) -> Order {
        match self {
            Self::Dataflow => Order::Dataflow,
            Self::Levels => Order::Levels,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dataflow => "dataflow",
            Self::Levels => "levels",
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  terrace check examples/vqe-h2.yaml\n  \
    terrace check flow.yaml --workers 8 --json\n\n\
    Prints what is wrong; findings, each with its code (docs/CHECKS.md has them all); and, where the\n\
    file says something of it, how many calls a run makes, what it costs, the memory and time it\n\
    takes.\n\n\
    Exit codes: 0 valid, 2 invalid, 3 a pack is missing, unmet or refused.")]
pub(crate) struct CheckArgs {
    /// The workflow: YAML, TOML or JSON, by its extension
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
    /// Threads that compute, for times; deadlines are held against them only where they are given
    /// [default: number of cores]
    #[arg(long, short = 'w', value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(crate) workers: Option<u16>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  terrace graph examples/vqe-h2.yaml\n  \
    terrace graph examples/vqe-h2.yaml --format svg > graph.svg")]
pub(crate) struct GraphArgs {
    /// The workflow: YAML, TOML or JSON, by its extension
    pub(crate) file: PathBuf,
    /// What to print
    #[arg(long, short = 'f', value_enum, default_value_t = GraphFormat::Levels)]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GraphFormat {
    /// What can run in parallel, level by level
    Levels,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// A picture, without Graphviz
    Svg,
    /// JSON
    Json,
}

/// What a forecast goes by.
#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// The workflow: YAML, TOML or JSON, by its extension; a WfFormat instance (.json); or the record
    /// of a run
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
    /// A YAML, TOML or JSON file with times by node, item or task: `left.merge: 1.5s`; or the record of
    /// a run. They win over what the workflow declares
    #[arg(long, value_name = "FILE")]
    pub(crate) durations: Option<PathBuf>,
    /// How long takes what nothing is known of
    #[arg(long, value_name = "TIME", value_parser = any_time)]
    pub(crate) default_duration: Option<Duration>,
    /// How many items a map has, by the map or the node that gives them, where only a run knows; may
    /// be given several times
    #[arg(long, value_name = "NODE=N", value_parser = name_count)]
    pub(crate) items: Vec<(String, u64)>,
    /// What of a limit holds instead: places, or bytes; may be given several times
    #[arg(long, value_name = "NAME=N", value_parser = name_number)]
    pub(crate) limits: Vec<(String, u64)>,
    /// An input, as `terrace run` takes it; those that are missing are made up
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE", value_parser = name_value)]
    pub(crate) inputs: Vec<(String, String)>,
    /// A YAML, TOML or JSON file with inputs by name; `--input` wins over it
    #[arg(long = "inputs", value_name = "FILE")]
    pub(crate) inputs_file: Option<PathBuf>,
    /// How many blocking tasks wait at once
    #[arg(long, value_name = "N", default_value_t = 512,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_blocking: u16,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    terrace simulate flow.yaml --workers 1..64\n  \
    terrace simulate flow.yaml --workers 4,8 --order both --durations times.yaml\n  \
    terrace simulate instance.json --workers 1..64 --plot makespan.svg\n\n\
    The run's own decisions on a virtual clock; no task is called, and of packs no more is needed\n\
    than their manifests. docs/SIMULATE.md says what is assumed.\n\n\
    Exit codes: 0 simulated, 2 invalid or a time is not known, 3 a pack is missing or refused.")]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    pub(crate) forecast: ForecastArgs,
    /// How many workers: `8`, `1,2,6`, or `1..64` for 1, 2, 4 and so on up to 64
    #[arg(long, short = 'w', value_name = "WORKERS", value_parser = workers, default_value = "1..64")]
    pub(crate) workers: Workers,
    /// When a node starts: as soon as its inputs exist, or level by level
    #[arg(long, value_enum, default_value_t = SimulatedOrder::Dataflow)]
    pub(crate) order: SimulatedOrder,
    /// Which of the nodes that are ready goes first
    #[arg(long, value_enum, default_value_t = PriorityArg::CriticalPath)]
    pub(crate) priority: PriorityArg,
    /// Draw makespan and utilisation over workers into an SVG file
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

/// Numbers of workers.
#[derive(Clone, Debug)]
pub(crate) struct Workers(pub(crate) Vec<u32>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulatedOrder {
    /// As soon as its inputs exist
    Dataflow,
    /// When the whole level before is done
    Levels,
    /// One after the other
    Both,
}

impl SimulatedOrder {
    pub(crate) fn orders(self) -> &'static [Order] {
        match self {
            Self::Dataflow => &[Order::Dataflow],
            Self::Levels => &[Order::Levels],
            Self::Both => &[Order::Dataflow, Order::Levels],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PriorityArg {
    /// That with the longest way to an end, as in a run
    CriticalPath,
    /// That which stands first in the file, to compare with
    File,
    /// Both are tried, and the shorter run is told, with which it was
    Best,
}

impl PriorityArg {
    pub(crate) fn priority(self) -> Priority {
        match self {
            Self::CriticalPath => Priority::CriticalPath,
            Self::File => Priority::File,
            Self::Best => Priority::Best,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  terrace explain flow.yaml --workers 8\n  \
    terrace explain flow.yaml --durations times.yaml --json\n\n\
    Where nothing says how long tasks take, each counts as one unit.\n\n\
    Exit codes: 0 explained, 2 invalid, 3 a pack is missing or refused.")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) forecast: ForecastArgs,
    /// Threads that compute [default: those that a record tells of, else the number of cores]
    #[arg(long, short = 'w', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) workers: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  terrace diff before.jsonl after.jsonl\n  \
    terrace diff before.jsonl after.jsonl --noise 20 --json\n\n\
    Records are written by `terrace run --record FILE`.\n\n\
    Exit codes: 0 compared, whatever changed; 2 a record cannot be read.")]
pub(crate) struct DiffArgs {
    /// The record of the first run
    pub(crate) first: PathBuf,
    /// The record of the second run
    pub(crate) second: PathBuf,
    /// So many percent of a time are noise
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = percent)]
    pub(crate) noise: f64,
    /// Less than this is noise
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = any_time)]
    pub(crate) noise_time: Duration,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub(crate) command: ImportCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// A WfFormat instance, as the WfCommons project collects them
    #[command(after_help = "Examples:\n  terrace import wfformat montage.json -o montage.yaml\n  \
        terrace import wfformat montage.json -o quick.yaml --scale 0.001 --body spin\n\n\
        Each task becomes a node that takes as long as the task was recorded to. `terrace simulate`\n\
        and `terrace explain` read instances themselves.\n\n\
        Exit codes: 0 imported, 2 the instance is wrong or cannot be read or written.")]
    Wfformat(WfformatArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WfformatArgs {
    /// The instance, JSON
    pub(crate) instance: PathBuf,
    /// The workflow file to write: .yaml, .yml, .toml or .json
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What the nodes do
    #[arg(long, value_enum, default_value_t = BodyArg::Sleep)]
    pub(crate) body: BodyArg,
    /// How many times as long as recorded they take
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    pub(crate) scale: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BodyArg {
    /// They sleep, as many at once as there are workers: util/sleep
    Sleep,
    /// They keep a core busy: util/spin
    Spin,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  terrace run examples/vqe-h2.yaml --record run.jsonl\n  \
    terrace report run.jsonl -o run.html\n\n\
    The page is one file that loads nothing. A record that breaks off is shown as far as it goes.\n\n\
    Exit codes: 0 made, 2 the record cannot be read or the page not written.")]
pub(crate) struct ReportArgs {
    /// The record, as `run --record` writes it
    pub(crate) record: PathBuf,
    /// The page; printed where it is left out
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  terrace run flow.yaml --record run.jsonl\n  \
    terrace trace run.jsonl -o trace.json\n\n\
    Open it at https://ui.perfetto.dev or in about:tracing; docs/TRACES.md says what it shows.")]
pub(crate) struct TraceArgs {
    /// The record, as `run --record` writes it
    pub(crate) record: PathBuf,
    /// The trace; printed where it is left out
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PacksArgs {
    #[command(subcommand)]
    pub(crate) command: PacksCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PacksCommand {
    /// List the packs that can be found
    #[command(after_help = "Example:\n  terrace packs list --packs target/release")]
    List {
        #[command(flatten)]
        packs: PackArgs,
        /// Print one JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Show a pack's tasks, ports and docs, from its manifest alone
    #[command(after_help = "Examples:\n  terrace packs inspect math\n  \
        terrace packs inspect target/release/libterrace_pack_math.so")]
    Inspect {
        /// A pack's file, or its name
        pack: String,
        #[command(flatten)]
        packs: PackArgs,
        /// Print one JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  terrace completions bash > ~/.local/share/bash-completion/completions/terrace"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}

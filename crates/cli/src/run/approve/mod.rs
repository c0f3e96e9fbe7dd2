//! Checkpoints on the command line: a program decides ([`command`]), somebody at the terminal
//! ([`prompt`]), or what was said beforehand.

mod command;
mod prompt;

use std::io::IsTerminal as _;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use terrace::core::{Redactor, Value};
use terrace::scheduler::{Approve, CancelToken, Checkpoint, Decision};

use crate::args::{ApproveArg, RunArgs};
use command::Program;
use prompt::Prompt;

/// Who decides, by what the command line says.
pub(super) fn approver(
    args: &RunArgs,
    redactor: &Redactor,
    cancel: &CancelToken,
) -> Option<Arc<dyn Approve>> {
    if let Some(command) = &args.approve_with {
        return Some(Arc::new(Program {
            command: command.clone(),
            timeout: args.approve_timeout,
            cancel: cancel.clone(),
        }));
    }
    match args.approve {
        Some(ApproveArg::Always) => Some(Arc::new(|_: &Checkpoint| Decision::GoOn)),
        None if terminal() => Some(Arc::new(Prompt { redactor: redactor.clone() })),
        None => None,
    }
}

fn terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// How to approve, for whoever was stopped because nobody could be asked.
pub(super) fn how(args: &RunArgs) -> &'static str {
    if args.approve_with.is_some() || args.approve.is_some() || terminal() {
        return "";
    }
    "; run it in a terminal to be asked, with `--approve-with 'CMD'` to let a program decide, or \
     with `--approve always`"
}

/// Where a run has paused, in words: `after level 0`.
pub(super) fn place(level: Option<usize>, nodes: &[&str]) -> String {
    match (level, nodes) {
        (Some(level), _) => format!("after level {level}"),
        (None, [node]) => format!("after node `{node}`"),
        (None, nodes) => {
            let nodes: Vec<String> = nodes.iter().map(|node| format!("`{node}`")).collect();
            format!("after nodes {}", nodes.join(", "))
        }
    }
}

/// A checkpoint as a document. Values are as they are: whoever decides has to see them.
fn document(checkpoint: &Checkpoint) -> Json {
    let produced = checkpoint.produced.iter().map(|produced| {
        let mut entry = json!({ "name": produced.name, "status": produced.status.name() });
        if let Some(value) = &produced.value {
            entry["value"] = plain(value);
        }
        if let Some(error) = &produced.error {
            entry["error"] = json!(error.to_string());
        }
        entry
    });
    json!({
        "format": 1,
        "run": checkpoint.run_id,
        "workflow": checkpoint.workflow,
        "seconds": checkpoint.at.as_secs_f64(),
        "level": checkpoint.level,
        "produced": produced.collect::<Vec<_>>(),
        "next": checkpoint.next,
    })
}

fn plain(value: &Value) -> Json {
    let text = terrace::core::value_to_json(value);
    text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null)
}

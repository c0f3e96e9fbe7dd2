//! [`Raw`]: a line of a record as it stands there, of whatever kind.

use serde::Deserialize;
use serde_json::Value as Json;

use super::model::Error;

/// A line, with every field that any kind has.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw {
    pub(super) k: String,
    pub(super) at: Option<u64>,
    pub(super) node: Option<u32>,
    pub(super) path: Option<String>,
    pub(super) task: Option<String>,
    pub(super) r#try: Option<u32>,
    pub(super) tries: Option<u32>,
    pub(super) lane: Option<String>,
    pub(super) worker: Option<u32>,
    pub(super) ran: Option<u64>,
    pub(super) pause: Option<u64>,
    pub(super) cause: Option<u32>,
    pub(super) cause_path: Option<String>,
    /// An object of an attempt, text of anything else.
    pub(super) error: Option<Json>,
    pub(super) items: Option<u64>,
    pub(super) failed: Option<u64>,
    pub(super) cancelled: Option<u64>,
    pub(super) succeeded: Option<u64>,
    pub(super) skipped: Option<u64>,
    /// A number of a level, text of a log line.
    pub(super) level: Option<Json>,
    pub(super) nodes: Option<Json>,
    pub(super) refused: Option<String>,
    pub(super) millionths: Option<u64>,
    pub(super) note: Option<String>,
    pub(super) message: Option<String>,
    pub(super) name: Option<String>,
    pub(super) of: Option<String>,
    pub(super) most: Option<u64>,
    pub(super) used: Option<u64>,
    pub(super) starts: Option<u64>,
    pub(super) spent: Option<u64>,
    pub(super) count: Option<u32>,
    pub(super) value: Option<String>,
    pub(super) status: Option<String>,
    pub(super) duration: Option<u64>,
    pub(super) inputs: Vec<(String, String)>,
}

impl Raw {
    /// When it happened.
    pub(super) fn time(&self) -> Result<u64, String> {
        self.at.ok_or_else(|| "it has no `at`".to_owned())
    }

    /// The error of an attempt or node.
    pub(super) fn take_error(&mut self) -> Result<Option<Error>, String> {
        let error = self.error.take().map(serde_json::from_value).transpose();
        error.map_err(|error| error.to_string())
    }

    /// The error of what has one as text alone.
    pub(super) fn error_text(&self) -> Option<&str> {
        self.error.as_ref().and_then(Json::as_str)
    }
}

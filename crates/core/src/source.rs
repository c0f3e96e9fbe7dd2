//! Text of a workflow and places in it.
//!
//! Core reads no disk: whoever has the text hands it in as a [`Source`], with the name
//! that people should see in errors. Turning a byte range into a line with a caret is the
//! business of whoever draws it; [`Source::line_column`] is here for plain messages.

use std::ops::Range;
use std::sync::Arc;

/// The languages a workflow file may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// YAML 1.2, core schema.
    Yaml,
    /// TOML 1.0.
    Toml,
    /// JSON (RFC 8259).
    Json,
}

impl Format {
    /// Finds the format by a file name's extension (`yaml`, `yml`, `toml`, `json`).
    pub fn of_name(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1;
        match extension.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A named text in one of the [`Format`]s. Cloning shares the text.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    format: Format,
}

impl Source {
    /// Names a text, so that errors can point into it.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>, format: Format) -> Self {
        Self { name: name.into(), text: text.into(), format }
    }

    /// The name shown in errors, usually the path as the user typed it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The language of the text.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    /// Costs one pass over the text before `offset`.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span over `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The span as a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

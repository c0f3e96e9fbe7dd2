//! Standard output: the real one, put aside before any pack is loaded, so that what a pack prints
//! goes to standard error and can break nobody's pipe.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

/// Where results go. Errors are kept until the end, so that a reader that went away stops nothing.
pub(crate) struct Output {
    file: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Output {
    /// Takes standard output for results alone.
    pub(crate) fn open() -> io::Result<Self> {
        let file = terrace::host::reserve_stdout()?;
        Ok(Self { file: BufWriter::new(file), failed: None })
    }

    /// Whether somebody reads it as it comes.
    pub(crate) fn is_terminal(&self) -> bool {
        self.file.get_ref().is_terminal()
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(text.as_bytes()).err();
        }
    }

    /// Lets somebody write.
    pub(crate) fn write_with(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) {
        if self.failed.is_none() {
            self.failed = write(&mut self.file).err();
        }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: &str) {
        self.text(text);
        self.text("\n");
    }

    /// Writes a JSON document, indented, while it is made.
    pub(crate) fn json(&mut self, document: &impl serde::Serialize) {
        if self.failed.is_none() {
            let written = serde_json::to_writer_pretty(&mut self.file, document);
            self.failed = written.map_err(io::Error::from).err();
        }
        self.text("\n");
    }

    /// Writes what is buffered, so that it is there before what comes on standard error.
    pub(crate) fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.file.flush().err();
        }
    }

    /// Writes what is buffered and tells whether all went well.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        }
    }
}

/// Writes a line to standard error, tamed.
pub(crate) fn say(line: &str) {
    say_drawn(&tame(line));
}

/// Writes a line to standard error as it is, colours included. Whoever does not read it loses it;
/// the exit code still tells. While something is drawn, lines wait for [`write_waiting`].
pub(crate) fn say_drawn(line: &str) {
    let mut above = ABOVE.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *above {
        None => write(&format!("{line}\n")),
        Some(above) => {
            above.waiting.push_str(line);
            above.waiting.push('\n');
            if above.waiting.len() > MOST_WAITING {
                above.write();
            }
        }
    }
}

/// What is drawn on standard error, and the lines that are to stand above it. Each would have it
/// drawn anew: so they wait for the next time.
struct Above {
    bar: ProgressBar,
    waiting: String,
}

static ABOVE: Mutex<Option<Above>> = Mutex::new(None);

/// Bytes of lines that do not wait for more.
const MOST_WAITING: usize = 64 << 10;

impl Above {
    fn write(&mut self) {
        if !self.waiting.is_empty() {
            self.bar.suspend(|| write(&self.waiting));
            self.waiting.clear();
        }
    }
}

/// Lines are to stand above what is drawn, from now on; `None`: nothing is drawn any more.
pub(crate) fn write_above(bar: Option<ProgressBar>) {
    write_waiting();
    let above = bar.map(|bar| Above { bar, waiting: String::new() });
    *ABOVE.lock().unwrap_or_else(PoisonError::into_inner) = above;
}

/// Writes the lines that wait.
pub(crate) fn write_waiting() {
    if let Some(above) = &mut *ABOVE.lock().unwrap_or_else(PoisonError::into_inner) {
        above.write();
    }
}

fn write(text: &str) {
    // A closed or full standard error is no reason to end differently.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Text from a task or a file without what a terminal would obey: control characters, line ends
/// and tabs aside, and what turns the direction of the text around it are written as `\u{1b}`.
pub(crate) fn tame(text: &str) -> std::borrow::Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let wild = |c: char| (c.is_control() && c != '\n' && c != '\t') || turns(c);
    if !text.contains(wild) {
        return text.into();
    }
    let mut tame = String::with_capacity(text.len());
    for c in text.chars() {
        if wild(c) {
            tame.extend(c.escape_unicode());
        } else {
            tame.push(c);
        }
    }
    tame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(tame("a\tb\nc שלום"), "a\tb\nc שלום");
        assert_eq!(tame("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(tame("\u{202e}exe.png"), "\\u{202e}exe.png");
    }
}

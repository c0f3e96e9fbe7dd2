//! [`NodeHost`]: answers what a running task asks.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use terrace_core::{EventKind, PlanIndex};
use terrace_plugin_api::{Host, LogLevel};

use super::temp;
use crate::run::Run;

/// The run's side of one attempt.
pub(super) struct NodeHost<'a> {
    run: &'a Run,
    at: PlanIndex,
    folder: Mutex<Option<PathBuf>>,
}

impl<'a> NodeHost<'a> {
    pub(super) fn new(run: &'a Run, at: PlanIndex) -> Self {
        Self { run, at, folder: Mutex::new(None) }
    }
}

impl Host for NodeHost<'_> {
    fn node(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.run.plan().node(self.at).name())
    }

    fn cancelled(&self) -> bool {
        self.run.cancelled()
    }

    fn seed(&self) -> u64 {
        mix(self.run.constants().seed, self.run.plan().node(self.at).name())
    }

    fn temp_dir(&self) -> io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*folder {
            return Ok(path.clone());
        }
        let node = self.run.plan().node(self.at).name();
        let path = self.run.folder().attempt(&self.run.constants().id, node)?;
        Ok(folder.insert(path).clone())
    }

    fn progress(&self, fraction: f64, note: &str) {
        let node = self.run.plan().id(self.at);
        self.run.emit(|| EventKind::NodeProgress { node, fraction, note: note.to_owned() });
    }

    fn log(&self, level: LogLevel, message: &str) {
        let node = self.run.plan().id(self.at);
        self.run.emit(|| EventKind::NodeLog { node, level, message: message.to_owned() });
    }
}

impl Drop for NodeHost<'_> {
    fn drop(&mut self) {
        let folder = self.folder.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = folder.take() {
            temp::remove(&path);
        }
    }
}

/// A node's seed: FNV-1a of its path, mixed with the run's by SplitMix64's finaliser. Written down
/// here for ever: results depend on it.
fn mix(seed: u64, path: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in path.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut z = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::mix;

    #[test]
    fn seeds_never_change() {
        assert_eq!(mix(0, "a"), mix(0, "a"));
        assert_ne!(mix(0, "a"), mix(1, "a"));
        assert_ne!(mix(0, "a"), mix(0, "b"));
        assert_eq!(mix(7, "measure"), 1_803_011_693_249_901_564);
    }
}

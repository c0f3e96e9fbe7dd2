//! [`NodeHost`]: answers what a running task asks.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use terrace_core::{EventKind, EventKinds, NodeId, PlanIndex, Signature, Value};
use terrace_plugin_api::{Host, Item, LogLevel};

use super::temp;
use crate::fan::{Fan, item_of, path};
use crate::frame::Frame;
use crate::run::{Run, told_as};
use crate::sync::AtomicU32;

/// The run's side of one attempt.
pub(crate) struct NodeHost<'a> {
    run: &'a Run,
    known: Known<'a>,
    attempt: u32,
    cpus: u32,
    folder: Mutex<Option<PathBuf>>,
    /// Whether there is one: looked at after every node of a sequence.
    has_folder: AtomicBool,
}

/// Who is attempted.
#[derive(Clone, Copy)]
enum Who<'a> {
    Node(&'a Frame, PlanIndex),
    Item(&'a Fan, u64),
}

/// How that is known.
#[derive(Clone, Copy)]
enum Known<'a> {
    Who(Who<'a>),
    /// Whichever node somebody is at who runs one after the other.
    Place(&'a Frame, &'a AtomicU32),
}

impl<'a> NodeHost<'a> {
    pub(crate) fn of_node(run: &'a Run, frame: &'a Frame, at: PlanIndex) -> Self {
        Self::of(run, Known::Who(Who::Node(frame, at)))
    }

    /// For nodes that are run one after the other: which one it is, `place` says.
    pub(crate) fn of_place(run: &'a Run, frame: &'a Frame, place: &'a AtomicU32) -> Self {
        Self::of(run, Known::Place(frame, place))
    }

    pub(crate) fn of_item(run: &'a Run, fan: &'a Fan, item: u64) -> Self {
        Self::of(run, Known::Who(Who::Item(fan, item)))
    }

    fn of(run: &'a Run, known: Known<'a>) -> Self {
        let (folder, has_folder) = (Mutex::new(None), AtomicBool::new(false));
        Self { run, known, attempt: 1, cpus: 1, folder, has_folder }
    }

    /// Who it is at this moment.
    fn who(&self) -> Who<'a> {
        match self.known {
            Known::Who(who) => who,
            Known::Place(frame, place) => {
                Who::Node(frame, PlanIndex::new(place.load(Ordering::Relaxed)))
            }
        }
    }

    /// Ends an attempt of a sequence: its folder goes.
    #[inline]
    pub(crate) fn end_attempt(&self) {
        if self.has_folder.load(Ordering::Relaxed) {
            self.remove_folder();
        }
    }

    /// Says whether there is a folder.
    #[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
    pub(crate) fn has_folder(&self) -> &AtomicBool {
        &self.has_folder
    }

    #[cold]
    fn remove_folder(&self) {
        self.has_folder.store(false, Ordering::Relaxed);
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(path) = folder {
            temp::remove(&path);
        }
    }

    /// Says which try it is, and how many workers it has.
    pub(crate) fn with(mut self, attempt: u32, cpus: u32) -> Self {
        (self.attempt, self.cpus) = (attempt, cpus);
        self
    }

    /// Tells what the task is given that is about to be called.
    pub(crate) fn tell_given(&self, signature: &Arc<Signature>, args: &[Value]) {
        let told = || match self.who() {
            Who::Node(frame, _) => told_as(frame),
            Who::Item(..) => EventKinds::ITEMS,
        };
        if self.run.wants(EventKinds::VALUES) && self.run.wants(told()) {
            self.run.emit(EventKinds::VALUES, || {
                let (node, path) = self.named();
                let signature = Arc::clone(signature);
                EventKind::NodeGiven { node, path, signature, values: args.to_vec() }
            });
        }
    }

    /// The node as events name it.
    fn named(&self) -> (NodeId, Option<Arc<str>>) {
        match self.who() {
            Who::Node(frame, at) => {
                (frame.plan().id(at), frame.parent().map(|_| path(frame, at).text))
            }
            Who::Item(fan, item) => (fan.home_plan().id(fan.at), Some(fan.path(item).text)),
        }
    }
}

impl Host for NodeHost<'_> {
    fn node(&self) -> Cow<'_, str> {
        match self.who() {
            Who::Node(frame, at) if frame.parent().is_none() => frame.plan().name(at),
            Who::Node(frame, at) => Cow::Owned(path(frame, at).text.to_string()),
            Who::Item(fan, item) => Cow::Owned(fan.path(item).text.to_string()),
        }
    }

    fn item(&self) -> Option<Item> {
        match self.who() {
            Who::Node(frame, _) => item_of(frame),
            Who::Item(fan, item) => fan.item(item),
        }
    }

    fn cancelled(&self) -> bool {
        self.run.ends()
    }

    fn seed(&self) -> u64 {
        let name = match self.who() {
            Who::Node(frame, at) => path(frame, at),
            Who::Item(fan, item) => fan.path(item),
        };
        seed(self.run, &name)
    }

    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn threads(&self) -> u32 {
        self.cpus
    }

    fn temp_dir(&self) -> io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*folder {
            return Ok(path.clone());
        }
        let path = self.run.folder().attempt(&self.run.constants().id, &self.node())?;
        self.has_folder.store(true, Ordering::Relaxed);
        Ok(folder.insert(path).clone())
    }

    fn progress(&self, fraction: f64, note: &str) {
        self.run.emit(EventKinds::PROGRESS, || {
            let (node, path) = self.named();
            EventKind::NodeProgress { node, path, fraction, note: note.to_owned() }
        });
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.run.emit(EventKinds::LOGS, || {
            let (node, path) = self.named();
            EventKind::NodeLog { node, path, level, message: message.to_owned() }
        });
    }
}

impl Drop for NodeHost<'_> {
    fn drop(&mut self) {
        self.end_attempt();
    }
}

/// The seed of a node or item of a name.
pub(crate) fn seed(run: &Run, name: &crate::fan::Name) -> u64 {
    mix(run.constants().seed, name.hash)
}

/// A node's seed: FNV-1a of its path, mixed with the run's by SplitMix64's finaliser. Written down
/// here for ever: results depend on it.
fn mix(seed: u64, hash: u64) -> u64 {
    let mut z = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use crate::fan::Name;

    fn mix(seed: u64, path: &str) -> u64 {
        super::mix(seed, Name::new(path).hash)
    }

    #[test]
    fn seeds_never_change() {
        assert_eq!(mix(0, "a"), mix(0, "a"));
        assert_ne!(mix(0, "a"), mix(1, "a"));
        assert_ne!(mix(0, "a"), mix(0, "b"));
        assert_eq!(mix(7, "measure"), 1_803_011_693_249_901_564);
    }
}

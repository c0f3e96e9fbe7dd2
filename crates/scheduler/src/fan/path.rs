//! Names of what runs inside fans: `measure["XX"]`, `left.merge`, `search[3].step`.

use terrace_core::PlanIndex;
use terrace_plugin_api::Item;

use super::{Fan, Work};
use crate::frame::Frame;

/// The full path of a node.
pub(crate) fn path(frame: &Frame, at: PlanIndex) -> String {
    within(frame, frame.plan().node(at).name().to_owned())
}

/// The full path of something in a frame.
fn within(frame: &Frame, last: String) -> String {
    let mut parts = vec![last];
    let mut frame = frame;
    while let Some(parent) = frame.parent() {
        // SAFETY: the frame is open, so the fan that it is an item of has a token: the one that
        // follows it.
        let fan = unsafe { parent.fan.get() };
        parts.push(fan.label(parent.item));
        // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
        frame = unsafe { fan.home.get() };
    }
    parts.reverse();
    parts.join(".")
}

impl Fan {
    /// The full path of one of its items.
    pub(crate) fn path(&self, item: u64) -> String {
        // SAFETY: the fan is there, so its node has not ended and the frame of that is open.
        within(unsafe { self.home.get() }, self.label(item))
    }

    /// What an item is called in its frame.
    fn label(&self, item: u64) -> String {
        let name = self.home_plan().node(self.at).name();
        match &self.work {
            Work::Once(_) => name.to_owned(),
            Work::Loop(_) => label(name, item, None),
            Work::Map(map) => label(name, item, map.0.key(item)),
        }
    }

    /// One of its items, as its task sees it; `None` where it has none.
    pub(crate) fn item(&self, index: u64) -> Option<Item> {
        match &self.work {
            Work::Map(map) => Some(Item { index, key: map.0.key(index).map(str::to_owned) }),
            _ => None,
        }
    }
}

/// The item of the innermost map that a frame is in.
pub(crate) fn item_of(frame: &Frame) -> Option<Item> {
    let mut frame = frame;
    while let Some(parent) = frame.parent() {
        // SAFETY: as in `within`.
        let fan = unsafe { parent.fan.get() };
        if let Some(item) = fan.item(parent.item) {
            return Some(item);
        }
        // SAFETY: as in `within`.
        frame = unsafe { fan.home.get() };
    }
    None
}

/// `name["key"]` or `name[3]`.
pub(super) fn label(name: &str, item: u64, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{name}{}", terrace_core::Select::quoted(key)),
        None => format!("{name}[{item}]"),
    }
}

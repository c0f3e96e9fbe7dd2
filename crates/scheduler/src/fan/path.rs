//! Names of what runs inside fans: `measure["XX"]`, `left.merge`, `search[3].step`.
//!
//! A frame's name is made once, from the name of the frame around it, so that naming costs the
//! same however deep a node lies. A name that has become long is shown without its middle; what is
//! drawn from it (seeds) is drawn from the whole.

use std::borrow::Cow;
use std::sync::Arc;

use terrace_core::PlanIndex;
use terrace_plugin_api::Item;

use super::{Fan, Work};
use crate::frame::Frame;

/// From this length on a name is shown without its middle.
const LONG: usize = 240;

/// The name of a frame, or of something in it.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// As it is shown.
    pub(crate) text: Arc<str>,
    /// FNV-1a of the whole.
    pub(crate) hash: u64,
}

impl Name {
    /// The name of something outermost.
    pub(crate) fn new(label: &str) -> Self {
        Self { text: label.into(), hash: hash(FNV_OFFSET, label) }
    }

    /// The name of something in what this names.
    fn inside(&self, label: &str) -> Self {
        let hash = hash(hash(self.hash, "."), label);
        let long = self.text.len() + label.len() > LONG;
        let text = match self.text.find(".….").filter(|_| long) {
            // Shortened before: the last part makes room for this one.
            Some(at) => format!("{}.….{label}", &self.text[..at]),
            None if long => match self.text.match_indices('.').map(|(at, _)| at).nth(7) {
                Some(at) => format!("{}.….{label}", &self.text[..at]),
                None => format!("{}.{label}", self.text),
            },
            None => format!("{}.{label}", self.text),
        };
        Self { text: text.into(), hash }
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn hash(before: u64, text: &str) -> u64 {
    text.bytes().fold(before, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The full path of a node.
pub(crate) fn path(frame: &Frame, at: PlanIndex) -> Name {
    within(frame, label_of(frame, at).as_deref())
}

/// What a node is called in its frame; `None` where it is called as the item or pass that the frame
/// is: a map or loop that uses a file, or whose task gives a workflow, is one node to whoever wrote it.
pub(crate) fn label_of(frame: &Frame, at: PlanIndex) -> Option<Cow<'_, str>> {
    let name = frame.plan().name(at);
    let Some(parent) = frame.parent() else { return Some(name) };
    // SAFETY: the frame is open, so the fan that it is an item of has a token: the one that
    // follows it.
    let fan = unsafe { parent.fan.get() };
    let flow = fan.home_plan().node(fan.at).flow();
    let repeated = !matches!(fan.work, Work::Once(_));
    let seen_through = repeated && flow.is_some_and(|flow| flow.is_seen_through());
    (!seen_through).then_some(name)
}

/// The full path of something in a frame, or with no label of the frame itself.
fn within(frame: &Frame, label: Option<&str>) -> Name {
    // Frames around it that have no name yet, the innermost first.
    let mut unnamed = Vec::new();
    let mut at = frame;
    let mut name = loop {
        if let Some(name) = at.name().get() {
            break Some(name.clone());
        }
        let Some(parent) = at.parent() else { break None };
        unnamed.push(at);
        // SAFETY: the frame is open, so the fan that it is an item of has a token: the one that
        // follows it.
        let fan = unsafe { parent.fan.get() };
        // SAFETY: the fan has a token, so its node has not ended and the frame of that is open.
        at = unsafe { fan.home.get() };
    };
    for frame in unnamed.into_iter().rev() {
        let Some(parent) = frame.parent() else { continue };
        // SAFETY: as above.
        let label = unsafe { parent.fan.get() }.label(parent.item);
        let own = called(name, label.as_deref());
        name = Some(frame.name().get_or_init(|| own).clone());
    }
    called(name, label)
}

/// The name of something in what another name is of.
fn called(around: Option<Name>, label: Option<&str>) -> Name {
    match (around, label) {
        (Some(around), Some(label)) => around.inside(label),
        (Some(around), None) => around,
        (None, label) => Name::new(label.unwrap_or_default()),
    }
}

impl Fan {
    /// The full path of one of its items.
    pub(crate) fn path(&self, item: u64) -> Name {
        // SAFETY: the fan is there, so its node has not ended and the frame of that is open.
        within(unsafe { self.home.get() }, self.label(item).as_deref())
    }

    /// What an item is called in its frame; as [`label_of`].
    fn label(&self, item: u64) -> Option<String> {
        let name = self.home_plan().node(self.at).name();
        match &self.work {
            // SAFETY: as above.
            Work::Once(_) => label_of(unsafe { self.home.get() }, self.at).map(Cow::into_owned),
            Work::Loop(_) => Some(label(name, item, None)),
            Work::Map(map) => Some(label(name, item, map.0.key(item))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_loses_its_middle_and_keeps_its_hash() {
        let mut name = Name::new("first");
        let mut whole = "first".to_owned();
        for at in 0..1_000 {
            let label = format!("n[{at}]");
            name = name.inside(&label);
            whole = format!("{whole}.{label}");
            assert!(name.text.len() <= LONG + 8, "{}", name.text);
        }
        assert_eq!(name.hash, hash(FNV_OFFSET, &whole));
        assert!(name.text.starts_with("first.n[0].n[1].n[2].n[3].n[4].n[5].n[6].….n["));
        assert!(name.text.ends_with(".n[998].n[999]"), "{}", name.text);
    }
}

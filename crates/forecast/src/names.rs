//! [`Names`]: names of nodes made of ids that may be any text.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use terrace_core::is_name;

/// Names that are there already, and how far the numbers behind each are.
#[derive(Default)]
pub(crate) struct Names {
    taken: HashSet<Arc<str>>,
    numbers: HashMap<String, u32>,
}

impl Names {
    /// A name that no other node has.
    pub(crate) fn name(&mut self, id: &str) -> Arc<str> {
        let mut base: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
            .take(100)
            .collect();
        if !is_name(&base) || RESERVED.contains(&base.as_str()) {
            base.insert(0, '_');
        }
        if !self.taken.contains(base.as_str()) {
            return self.take(base);
        }
        let number = self.numbers.entry(base.clone()).or_insert(1);
        let mut name = base.clone();
        loop {
            *number += 1;
            name.truncate(base.len());
            // Writing to a string cannot fail.
            let _ = write!(name, "_{number}");
            if !self.taken.contains(name.as_str()) {
                break;
            }
        }
        self.take(name)
    }

    fn take(&mut self, name: String) -> Arc<str> {
        let name: Arc<str> = name.into();
        self.taken.insert(name.clone());
        name
    }
}

/// What references start with, which no node can be called.
const RESERVED: [&str; 6] = ["inputs", "run", "workflow", "item", "index", "key"];

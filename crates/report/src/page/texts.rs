//! Texts that are in the page once and named by number.

use std::collections::HashMap;

use crate::record::Error;

use super::data::MOST_TEXT;

/// Texts by number, each once.
#[derive(Default)]
pub(super) struct Table {
    numbers: HashMap<String, u32>,
    pub(super) all: Vec<String>,
}

impl Table {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.all.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.all.push(text.to_owned());
        number
    }
}

/// Errors by number, each once, as many as there is room for.
#[derive(Default)]
pub(super) struct Texts {
    numbers: HashMap<String, i32>,
    pub(super) all: Vec<String>,
    bytes: usize,
}

impl Texts {
    pub(super) fn number(&mut self, error: &Error) -> i32 {
        let mut text = match &error.code {
            Some(code) => format!("{} ({code}): {error}", error.class),
            None => format!("{}: {error}", error.class),
        };
        if let Some(location) = &error.location {
            text.push_str("\nat ");
            text.push_str(location);
        }
        if self.bytes >= MOST_TEXT {
            text = "(errors before it took all the room there is; the record has it)".to_owned();
        }
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        let number = self.all.len() as i32;
        self.bytes += text.len();
        self.numbers.insert(text.clone(), number);
        self.all.push(text);
        number
    }
}

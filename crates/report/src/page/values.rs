//! [`Values`]: what rows were given and gave, within bounds.

use std::collections::HashMap;

use crate::record::Record;

use super::data::MOST_TEXT;
use super::rows::{Rows, state};

/// Values, those of failures first and then in order, as many as there is room for.
pub(super) struct Values {
    pub(super) given: Vec<(u32, Vec<(String, String)>)>,
    pub(super) gave: Vec<(u32, String)>,
    pub(super) cut: bool,
}

impl Values {
    pub(super) fn of(
        record: &Record,
        rows: &Rows,
        shown_as: &dyn Fn(Option<u32>) -> Option<u32>,
    ) -> Self {
        // Of several attempts the last is shown.
        let mut given: HashMap<u32, usize> = HashMap::new();
        for (at, one) in record.given.iter().enumerate() {
            if let Some(row) = rows.number(&one.place) {
                given.insert(row, at);
            }
        }
        let mut gave: HashMap<u32, usize> = HashMap::new();
        for (at, one) in record.gave.iter().enumerate() {
            if let Some(row) = rows.number(&one.place) {
                gave.insert(row, at);
            }
        }
        let mut all = Self { given: Vec::new(), gave: Vec::new(), cut: false };
        let mut bytes = 0;
        let failed =
            |row: &u32| matches!(rows.rows[*row as usize].state, state::FAILED | state::TIMED_OUT);
        let order = 0..rows.rows.len() as u32;
        for row in order.clone().filter(failed).chain(order.filter(|row| !failed(row))) {
            let (given, gave) = (given.get(&row), gave.get(&row));
            let Some(shown) = shown_as(Some(row)) else { continue };
            if given.is_none() && gave.is_none() {
                continue;
            }
            if bytes >= MOST_TEXT {
                all.cut = true;
                break;
            }
            if let Some(&at) = given.filter(|&&at| !record.given[at].inputs.is_empty()) {
                let inputs = &record.given[at].inputs;
                bytes +=
                    inputs.iter().map(|(port, value)| port.len() + value.len() + 12).sum::<usize>();
                all.given.push((shown, inputs.clone()));
            }
            if let Some(&at) = gave {
                let value = &record.gave[at].value;
                bytes += value.len() + 12;
                all.gave.push((shown, value.clone()));
            }
        }
        all
    }
}

//! Where two layouts differ, in a line each. abi_stable's own report has a hundred lines and more:
//! both layouts in full, and the differences at its end.

use abi_stable::StableAbi as _;
use abi_stable::abi_stability::abi_checking::{AbiInstabilityError, check_layout_compatibility};
use abi_stable::type_layout::{TLFieldOrFunction, TypeLayout};
use terrace_plugin_api::PackModuleRef;

/// More differences than these say no more.
const MOST: usize = 5;

/// How the layout of a pack's module differs from ours; `None` where it does not, or in a way that
/// has no words here.
pub(super) fn differences(theirs: &'static TypeLayout) -> Option<String> {
    let all = check_layout_compatibility(PackModuleRef::LAYOUT, theirs).err()?;
    let lines: Vec<String> = all.errors.iter().flat_map(lines).collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = lines[..lines.len().min(MOST)].join("; ");
    if lines.len() > MOST {
        text += &format!("; and {} more differences", lines.len() - MOST);
    }
    Some(text)
}

/// `PackModule.tasks: incompatible type size, expected 16, found 8`.
fn lines(error: &AbiInstabilityError) -> Vec<String> {
    let place: Vec<String> = error
        .stack_trace
        .iter()
        .map(|step| match &step.found {
            // The pointer to the module has it as its only field.
            TLFieldOrFunction::Field(field) if field.name() == "0" => {
                field.layout().name().to_owned()
            }
            TLFieldOrFunction::Field(field) => field.name().to_owned(),
            TLFieldOrFunction::Function(function) => function.name.as_str().to_owned(),
        })
        .collect();
    let place = place.join(".");
    let text = error.to_string();
    let parts = text.split("\nError:").skip(1);
    parts
        .filter_map(|part| {
            let (what, rest) = part.split_once("\nExpected:\n")?;
            let (expected, found) = rest.split_once("\nFound:\n")?;
            let (expected, found) = (on_a_line(expected), on_a_line(found));
            Some(format!("{place}: {what}, expected {expected}, found {found}"))
        })
        .collect()
}

/// Text without line ends, at most 80 characters.
fn on_a_line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

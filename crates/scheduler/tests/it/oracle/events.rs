//! What the events of any run promise, whatever it runs.

use std::collections::HashMap;

use terrace_core::{Event, EventKind};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Started,
    Ended,
}

/// What is wrong with the events of a run: something started or ended twice, never ended, or ran
/// while what is around it did not. The nodes of the run itself are called `names`.
pub(crate) fn disorder(events: &[Event], names: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut states: HashMap<String, State> = HashMap::new();
    if !matches!(events.last().map(|event| &event.kind), Some(EventKind::RunFinished { .. })) {
        wrong.push("does not end with the run's end".to_owned());
    }
    for event in events {
        let (node, path, next) = match &event.kind {
            EventKind::NodeStarted { node, path, .. } => (node, path, State::Started),
            EventKind::NodeFinished { node, path, .. } => (node, path, State::Ended),
            _ => continue,
        };
        let path = path.as_ref().map_or_else(|| names[node.index()].clone(), ToString::to_string);
        if around(&path).is_some_and(|around| states.get(around) != Some(&State::Started)) {
            wrong.push(format!("{path} while what is around it does not run"));
        }
        let before = states.insert(path.clone(), next);
        if next == State::Started && before.is_some() || before == Some(State::Ended) {
            wrong.push(format!("{path} twice"));
        }
    }
    let open = states.iter().filter(|(_, state)| **state == State::Started);
    wrong.extend(open.map(|(path, _)| format!("{path} never ended")));
    wrong
}

/// The node that a path lies in: of `a.b[3].c` that is `a.b`, and of `a.b[3]` as well.
fn around(path: &str) -> Option<&str> {
    let outer = if path.ends_with(']') { path } else { path.rsplit_once('.')?.0 };
    Some(match outer.ends_with(']') {
        true => &outer[..outer.rfind('[')?],
        false => outer,
    })
}

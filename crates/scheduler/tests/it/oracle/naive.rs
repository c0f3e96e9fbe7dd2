//! What should come of a workflow: a plain recursive walk, one node after the other, written from
//! the documentation and not from the engine.

use super::spec::{
    Arg, Flow, Gift, Gives, If, KeyBy, Loop, Map, Node, Over, Port, Reduce, Step, Val, What, act,
    combine,
};

/// How a node, an item or a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Ok(Val),
    Failed,
    /// `blamed`: something failed, and it was skipped for that.
    Skipped {
        blamed: bool,
    },
}

/// What an expression gives: a value, nothing, or what cannot be.
enum Got {
    Value(Val),
    Absent,
    Wrong,
}

/// Walks workflows and counts the calls.
pub(crate) struct Naive {
    pub(crate) calls: usize,
    /// After so many it gives up; what it says then means nothing.
    pub(crate) most: usize,
}

impl Naive {
    /// How the nodes of a flow end.
    pub(crate) fn nodes(&mut self, flow: &Flow, inputs: &[Val]) -> Vec<End> {
        let mut ends = Vec::new();
        for node in &flow.nodes {
            let end = self.node(node, &ends, inputs);
            ends.push(end);
        }
        ends
    }

    fn node(&mut self, node: &Node, ends: &[End], inputs: &[Val]) -> End {
        let blame = blame(node, ends);
        let runs = match node.run_if {
            If::Success => blame == Blame::Nobody,
            If::Always => true,
            If::Failure => any_failure(node, ends),
        };
        let skipped = End::Skipped {
            blamed: blame == Blame::Failure
                || node.run_if == If::Failure && any_failure(node, ends),
        };
        if !runs {
            return skipped;
        }
        match node.when.map(|on| get(&Arg::Node(on), ends, inputs)) {
            None | Some(Got::Value(Val::Bool(true))) => {}
            Some(Got::Value(Val::Bool(false)) | Got::Absent) => return skipped,
            Some(_) => return End::Failed,
        }
        match self.body(node, ends, inputs) {
            End::Skipped { .. } => skipped,
            end => end,
        }
    }

    fn body(&mut self, node: &Node, ends: &[End], inputs: &[Val]) -> End {
        self.calls += 1;
        if self.calls > self.most {
            return End::Failed;
        }
        match &node.what {
            What::Task(task) => {
                let mut args = Vec::new();
                for port in &task.ports {
                    let got = match port {
                        Port::Plain(arg) => get(arg, ends, inputs),
                        Port::Optional(arg) => match get(arg, ends, inputs) {
                            Got::Absent => Got::Value(Val::Null),
                            got => got,
                        },
                        Port::Outcome(on) => Got::Value(outcome(&ends[*on])),
                    };
                    match got {
                        Got::Value(value) => args.push(value),
                        Got::Absent => return End::Skipped { blamed: false },
                        Got::Wrong => return End::Failed,
                    }
                }
                act(task.act, task.salt, &args).map_or(End::Failed, End::Ok)
            }
            What::Once(flow, _) | What::Given(flow, Gift::Workflow) => {
                match captures(flow, ends, inputs) {
                    Ok(values) => self.flow(flow, &values).0,
                    Err(end) => end,
                }
            }
            What::Given(flow, _) => {
                captures(flow, ends, inputs).map_or_else(|end| end, |_| End::Failed)
            }
            What::Map(map) => self.map(map, ends, inputs),
            What::Loop(repeat) => self.repeat(repeat, ends, inputs),
        }
    }

    /// How a flow ends, and its nodes.
    fn flow(&mut self, flow: &Flow, inputs: &[Val]) -> (End, Vec<End>) {
        let ends = self.nodes(flow, inputs);
        if ends.iter().any(|end| matches!(end, End::Failed | End::Skipped { blamed: true })) {
            return (End::Failed, ends);
        }
        let end = match &flow.gives {
            Gives::Nothing => End::Ok(Val::Null),
            Gives::Value(arg) => match get(arg, &ends, inputs) {
                Got::Value(value) => End::Ok(value),
                Got::Absent => End::Skipped { blamed: false },
                Got::Wrong => End::Failed,
            },
            // Inside a collection absence is null.
            Gives::List(items) => {
                let mut list = Vec::new();
                for arg in items {
                    match get(arg, &ends, inputs) {
                        Got::Value(value) => list.push(value),
                        Got::Absent => list.push(Val::Null),
                        Got::Wrong => return (End::Failed, ends),
                    }
                }
                End::Ok(Val::List(list))
            }
            Gives::Named(outputs, _) => {
                let mut entries = Vec::new();
                for (name, arg) in outputs {
                    match get(arg, &ends, inputs) {
                        Got::Value(value) => entries.push((name.clone(), value)),
                        Got::Absent => entries.push((name.clone(), Val::Null)),
                        Got::Wrong => return (End::Failed, ends),
                    }
                }
                End::Ok(Val::Map(entries))
            }
        };
        (end, ends)
    }

    fn map(&mut self, map: &Map, ends: &[End], inputs: &[Val]) -> End {
        let mut around = match captures(&map.body, ends, inputs) {
            Ok(values) => values,
            Err(end) => return end,
        };
        let mut lists = Vec::new();
        let start = map.reduce.as_ref().and_then(|reduce| reduce.start.as_ref());
        let mut first = None;
        for (at, arg) in map.over.lists().iter().chain(start).enumerate() {
            match get(arg, ends, inputs) {
                Got::Value(value) if at < map.over.lists().len() => lists.push(value),
                Got::Value(value) => first = Some(value),
                Got::Absent => return End::Skipped { blamed: false },
                Got::Wrong => return End::Failed,
            }
        }
        let Some((items, mut keys)) = items(&map.over, lists) else { return End::Failed };
        if let Some(by) = map.key_by {
            let Some(found) = keys_by(by, &items) else { return End::Failed };
            keys = Some(found);
        }
        if map.key && keys.is_none() {
            return End::Failed;
        }
        let mut results = Vec::new();
        let mut gone = Vec::new();
        let mut failed = false;
        let fixed = around.len();
        for (index, item) in items.iter().enumerate() {
            around.truncate(fixed);
            around.extend(item.iter().cloned());
            around.push(Val::Int(index as i64));
            if let Some(keys) = keys.as_ref().filter(|_| map.key) {
                around.push(Val::Text(keys[index].clone()));
            }
            let (end, _) = self.flow(&map.body, &around);
            if map.outcomes {
                results.push(outcome(&end));
                continue;
            }
            match end {
                End::Ok(value) => results.push(value),
                End::Skipped { .. } => {
                    gone.push(index);
                    results.push(Val::Null);
                }
                End::Failed => failed = true,
            }
        }
        if failed {
            return End::Failed;
        }
        match (&map.reduce, keys) {
            (Some(reduce), _) => reduced(reduce, first, results, &gone),
            (None, Some(keys)) => End::Ok(Val::Map(keys.into_iter().zip(results).collect())),
            (None, None) => End::Ok(Val::List(results)),
        }
    }

    fn repeat(&mut self, repeat: &Loop, ends: &[End], inputs: &[Val]) -> End {
        let mut around = match captures(&repeat.body, ends, inputs) {
            Ok(values) => values,
            Err(end) => return end,
        };
        let fixed = around.len();
        let mut carried = Vec::new();
        for start in &repeat.start {
            match get(start, ends, inputs) {
                Got::Value(value) => carried.push(value),
                Got::Absent => return End::Skipped { blamed: false },
                Got::Wrong => return End::Failed,
            }
        }
        for pass in 0..repeat.max {
            around.truncate(fixed);
            around.append(&mut carried);
            around.push(Val::Int(pass as i64));
            let (end, inner) = self.flow(&repeat.body, &around);
            if end == End::Failed {
                return End::Failed;
            }
            // A loop ends as its last pass does.
            match repeat.until.map(|until| get(&Arg::Node(until), &inner, &around)) {
                Some(Got::Value(Val::Bool(true))) => return end,
                Some(Got::Value(Val::Bool(false))) => {}
                Some(_) => return End::Failed,
                None if pass + 1 == repeat.max => return end,
                None => {}
            }
            for next in &repeat.next {
                match get(next, &inner, &around) {
                    Got::Value(value) => carried.push(value),
                    Got::Absent => carried.push(Val::Null),
                    Got::Wrong => return End::Failed,
                }
            }
        }
        End::Failed
    }
}

/// Why a node may have to be skipped, the worst of what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blame {
    Nobody,
    Absence,
    Failure,
}

fn of_end(end: &End) -> Blame {
    match end {
        End::Ok(_) => Blame::Nobody,
        End::Failed | End::Skipped { blamed: true } => Blame::Failure,
        End::Skipped { blamed: false } => Blame::Absence,
    }
}

/// A node's references: which node, and the worst end of it that the reference can live with.
fn edges(node: &Node) -> Vec<(usize, Blame)> {
    let mut edges: Vec<(usize, Blame)> =
        node.after.iter().chain(&node.when).map(|&on| (on, Blame::Nobody)).collect();
    let mut add = |arg: &Arg, bears: Blame| {
        if let Arg::Node(on) | Arg::Part(on, _) = arg {
            edges.push((*on, bears));
        }
    };
    match &node.what {
        What::Task(task) => {
            for port in &task.ports {
                match port {
                    Port::Plain(arg) => add(arg, Blame::Nobody),
                    Port::Optional(arg) => add(arg, Blame::Absence),
                    Port::Outcome(on) => add(&Arg::Node(*on), Blame::Failure),
                }
            }
        }
        What::Once(flow, _) | What::Given(flow, _) => {
            flow.captures.iter().for_each(|arg| add(arg, Blame::Nobody));
        }
        What::Map(map) => {
            let start = map.reduce.as_ref().and_then(|reduce| reduce.start.as_ref());
            let all = map.body.captures.iter().chain(map.over.lists()).chain(start);
            all.for_each(|arg| add(arg, Blame::Nobody));
        }
        What::Loop(repeat) => {
            let all = repeat.body.captures.iter().chain(&repeat.start);
            all.for_each(|arg| add(arg, Blame::Nobody));
        }
    }
    edges
}

fn blame(node: &Node, ends: &[End]) -> Blame {
    let found = edges(node).into_iter().map(|(on, bears)| (of_end(&ends[on]), bears));
    found.filter(|(end, bears)| end > bears).map(|(end, _)| end).max().unwrap_or(Blame::Nobody)
}

fn any_failure(node: &Node, ends: &[End]) -> bool {
    edges(node).into_iter().any(|(on, _)| of_end(&ends[on]) == Blame::Failure)
}

fn get(arg: &Arg, ends: &[End], inputs: &[Val]) -> Got {
    match arg {
        Arg::Const(value) => Got::Value(value.clone()),
        Arg::Input(at) => Got::Value(inputs[*at].clone()),
        Arg::Node(on) => match &ends[*on] {
            End::Ok(value) => Got::Value(value.clone()),
            _ => Got::Absent,
        },
        Arg::Part(on, step) => match &ends[*on] {
            End::Ok(value) => part(value, step).map_or(Got::Wrong, Got::Value),
            _ => Got::Absent,
        },
    }
}

fn part(value: &Val, step: &Step) -> Option<Val> {
    match (value, step) {
        (Val::List(items), Step::Index(at)) => items.get(*at as usize).cloned(),
        (Val::Map(entries), Step::Key(key)) => {
            entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        }
        _ => None,
    }
}

/// What a flow sees of the one around it.
fn captures(flow: &Flow, ends: &[End], inputs: &[Val]) -> Result<Vec<Val>, End> {
    let mut values = Vec::new();
    for arg in &flow.captures {
        match get(arg, ends, inputs) {
            Got::Value(value) => values.push(value),
            Got::Absent => return Err(End::Skipped { blamed: false }),
            Got::Wrong => return Err(End::Failed),
        }
    }
    Ok(values)
}

/// An end as tasks see it, as far as this test compares it.
fn outcome(end: &End) -> Val {
    let status = |name: &str| ("status".to_owned(), Val::Text(name.to_owned()));
    Val::Map(match end {
        End::Ok(value) => vec![status("ok"), ("value".to_owned(), value.clone())],
        End::Failed => vec![status("failed")],
        End::Skipped { .. } => vec![status("skipped")],
    })
}

/// The items, each with one value per list, and their keys.
type Items = (Vec<Vec<Val>>, Option<Vec<String>>);

fn items(over: &Over, lists: Vec<Val>) -> Option<Items> {
    let mut columns = Vec::new();
    for list in lists {
        columns.push(match list {
            Val::List(items) => (items, None),
            Val::Map(entries) => {
                let (keys, values): (Vec<String>, Vec<Val>) = entries.into_iter().unzip();
                (values, Some(keys))
            }
            _ => return None,
        });
    }
    if let Over::Cross(_) = over {
        let mut rows = vec![Vec::new()];
        for (column, _) in columns {
            let longer = |row: &Vec<Val>| {
                let row = row.clone();
                column
                    .iter()
                    .map(move |value| row.iter().cloned().chain([value.clone()]).collect())
                    .collect::<Vec<Vec<Val>>>()
            };
            rows = rows.iter().flat_map(longer).collect();
        }
        return Some((rows, None));
    }
    let (first, keys) = columns[0].clone();
    if columns.iter().any(|(column, of)| column.len() != first.len() || *of != keys) {
        return None;
    }
    let row = |at: usize| columns.iter().map(|(column, _)| column[at].clone()).collect();
    Some(((0..first.len()).map(row).collect(), keys))
}

fn keys_by(by: KeyBy, items: &[Vec<Val>]) -> Option<Vec<String>> {
    let mut keys: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let of = match by {
            KeyBy::Index | KeyBy::TextOfIndex => Val::Int(index as i64),
            KeyBy::Item | KeyBy::TextOfItem => item[0].clone(),
        };
        let text = match of {
            Val::Int(number) => number.to_string(),
            Val::Bool(truth) => truth.to_string(),
            Val::Text(text) => text,
            _ => return None,
        };
        let letter = if matches!(by, KeyBy::Index | KeyBy::Item) { "" } else { "k" };
        let key = format!("{letter}{text}");
        if keys.contains(&key) {
            return None;
        }
        keys.push(key);
    }
    Some(keys)
}

/// `gone`: the items that were absent, and are left out.
fn reduced(reduce: &Reduce, first: Option<Val>, results: Vec<Val>, gone: &[usize]) -> End {
    let results = results.into_iter().enumerate();
    let mut row: Vec<Option<Val>> =
        results.map(|(at, value)| (!gone.contains(&at)).then_some(value)).collect();
    if reduce.tree {
        // What is left out leaves its place empty: who sits beside whom is a matter of positions.
        while row.len() > 1 {
            let mut above = Vec::new();
            for pair in row.chunks(2) {
                above.push(match pair {
                    [Some(left), Some(right)] => match combine(reduce, left, right) {
                        Ok(value) => Some(value),
                        Err(_) => return End::Failed,
                    },
                    rest => rest.iter().flatten().next().cloned(),
                });
            }
            row = above;
        }
    }
    let joined: Vec<Val> = first.into_iter().chain(row.into_iter().flatten()).collect();
    let mut joined = joined.into_iter();
    let Some(mut left) = joined.next() else { return End::Failed };
    for right in joined {
        left = match combine(reduce, &left, &right) {
            Ok(value) => value,
            Err(_) => return End::Failed,
        };
    }
    End::Ok(left)
}

//! From what stands in the text to an [`Instance`], or everything that is wrong with it.

use std::collections::HashMap;
use std::time::Duration;

use terrace_core::{Place, Problem, Problems, show_duration};

use super::{File, Instance, RecordedTask, Task, Text};

/// Problems beyond these are not kept: nobody reads them.
const MOST: usize = 100;
/// The longest time that a workflow file can say: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 31_557_600);

/// What is wrong, with the text's name and the path inside.
struct Report<'t> {
    name: &'t str,
    list: &'static str,
    found: Vec<Problem>,
    more: usize,
}

impl Report<'_> {
    fn add(&mut self, path: &str, message: String, help: &str) {
        if self.found.len() == MOST {
            self.more += 1;
            return;
        }
        let mut problem = Problem::new(message);
        problem.place = Place::Value(format!("{}: {path}", self.name));
        self.found.push(match help {
            "" => problem,
            help => problem.with_help(help),
        });
    }

    fn task(&mut self, at: usize, part: &str, message: String, help: &str) {
        let path = format!("{}[{at}]{part}", self.list);
        self.add(&path, message, help);
    }
}

pub(super) fn check(name: &str, file: File<'_>) -> Result<Instance, Problems> {
    let mut report = Report { name, list: "workflow.tasks", found: Vec::new(), more: 0 };
    let Some(workflow) = file.workflow else {
        report.add("workflow", "it is missing".to_owned(), "a WfFormat instance has tasks in it");
        return Err(problems(report));
    };
    let (mut timed, mut makespan) = (None, workflow.makespan);
    if let Some(execution) = workflow.execution {
        makespan = execution.makespan.or(makespan);
        timed = Some(execution.tasks);
    }
    let tasks = match (workflow.specification, workflow.tasks) {
        (Some(specification), _) => {
            report.list = "workflow.specification.tasks";
            specification.tasks
        }
        (None, Some(tasks)) => tasks,
        (None, None) => {
            let help = "a list of tasks stands there, in older files in `workflow.tasks`";
            report.add("workflow.specification.tasks", "it is missing".to_owned(), help);
            return Err(problems(report));
        }
    };
    let ids = ids(&tasks, &mut report);
    let runtimes = runtimes(&tasks, timed.as_deref(), &ids, &mut report);
    let parents = edges(&tasks, &ids, &mut report);
    find_cycles(&tasks, &parents, &mut report);
    if !report.found.is_empty() {
        return Err(problems(report));
    }
    let recorded = tasks.iter().zip(runtimes).zip(parents);
    let tasks = recorded.map(|((task, runtime), parents)| RecordedTask {
        id: id_of(task).to_owned(),
        kind: kind(task.name.as_deref().unwrap_or_else(|| id_of(task))).to_owned(),
        runtime,
        parents,
    });
    Ok(Instance {
        name: file.name.map(String::from).filter(|name| !name.trim().is_empty()),
        tasks: tasks.collect(),
        makespan: makespan.and_then(|makespan| Duration::try_from_secs_f64(makespan).ok()),
    })
}

fn problems(report: Report<'_>) -> Problems {
    let mut found = report.found;
    if report.more > 0 {
        found.push(Problem::new(format!("{} more problems of {}", report.more, report.name)));
    }
    match Problems::check(found) {
        Err(problems) => problems,
        Ok(()) => Problem::new("nothing is wrong").into(),
    }
}

/// The id of a task, or what stands for it.
fn id_of<'t>(task: &'t Task<'_>) -> &'t str {
    task.id.as_deref().or(task.name.as_deref()).unwrap_or_default()
}

/// A name without the number behind it: `mProject_ID0000001` is an `mProject`.
fn kind(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = bare.strip_suffix("ID").unwrap_or(bare);
    let bare = bare.trim_end_matches(['_', '-', '.', ':', ' ']);
    if bare.is_empty() { name } else { bare }
}

/// Where each task is: by id, and by names that only one of them has.
struct Ids<'t> {
    by_id: HashMap<&'t str, u32>,
    /// `None`: several have it.
    by_name: HashMap<&'t str, Option<u32>>,
}

impl Ids<'_> {
    fn find(&self, text: &str) -> Option<u32> {
        self.by_id.get(text).copied().or_else(|| *self.by_name.get(text)?)
    }
}

fn ids<'t>(tasks: &'t [Task<'_>], report: &mut Report<'_>) -> Ids<'t> {
    let mut ids = Ids { by_id: HashMap::with_capacity(tasks.len()), by_name: HashMap::new() };
    if tasks.len() > u32::MAX as usize / 2 {
        report.task(tasks.len() - 1, "", "there are too many tasks".to_owned(), "");
        return ids;
    }
    for (at, task) in tasks.iter().enumerate() {
        let id = id_of(task);
        if id.is_empty() {
            report.task(at, "", "it has neither `id` nor `name`".to_owned(), "give it an id");
            continue;
        }
        if let Some(first) = ids.by_id.insert(id, at as u32) {
            let list = report.list;
            let message = format!("`{id}` is the id of {list}[{first}] too");
            report.task(at, ".id", message, "give one of them another id");
            ids.by_id.insert(id, first);
        }
        if let Some(name) = task.name.as_deref().filter(|name| *name != id) {
            let only = ids.by_name.entry(name).or_insert(Some(at as u32));
            *only = only.filter(|&only| only == at as u32);
        }
    }
    ids
}

/// How long each task took.
fn runtimes(
    tasks: &[Task<'_>],
    timed: Option<&[Task<'_>]>,
    ids: &Ids<'_>,
    report: &mut Report<'_>,
) -> Vec<Duration> {
    let mut found: Vec<Option<f64>> = tasks.iter().map(|task| task.runtime).collect();
    for (at, task) in timed.unwrap_or_default().iter().enumerate() {
        let path = format!("workflow.execution.tasks[{at}]");
        match ids.find(id_of(task)) {
            None => {
                let message = format!("there is no task `{}`", id_of(task));
                report.add(&path, message, &format!("`{}` has all tasks", report.list));
            }
            Some(of) => match (task.runtime, &mut found[of as usize]) {
                (Some(_), Some(_)) => {
                    let message = format!("the time of `{}` is told twice", id_of(task));
                    report.add(&path, message, "remove one of them");
                }
                (Some(runtime), none) => *none = Some(runtime),
                (None, _) => {}
            },
        }
    }
    let found = found.into_iter().enumerate();
    let checked = found.map(|(at, runtime)| {
        let id = id_of(&tasks[at]);
        let Some(runtime) = runtime else {
            // What has no id of its own has been told.
            if ids.by_id.get(id) != Some(&(at as u32)) {
                return Duration::ZERO;
            }
            let help = "`runtimeInSeconds` says how long it took";
            report.task(at, "", format!("`{id}` has no runtime"), help);
            return Duration::ZERO;
        };
        match Duration::try_from_secs_f64(runtime) {
            Ok(time) if time <= LONGEST => time,
            _ => {
                let message = format!("{runtime:?} s is no time that `{id}` can have taken");
                let help = format!("it must be from 0 to {}", show_duration(LONGEST));
                report.task(at, ".runtime", message, &help);
                Duration::ZERO
            }
        }
    });
    checked.collect()
}

/// What each task depends on.
fn edges(tasks: &[Task<'_>], ids: &Ids<'_>, report: &mut Report<'_>) -> Vec<Vec<u32>> {
    let mut parents: Vec<Vec<u32>> =
        tasks.iter().map(|task| Vec::with_capacity(task.parents.len())).collect();
    for (at, task) in tasks.iter().enumerate() {
        let mut find = |part: &str, others: &[Text<'_>]| -> Vec<u32> {
            let mut found = Vec::with_capacity(others.len());
            for (number, other) in others.iter().enumerate() {
                match ids.find(&other.0) {
                    Some(other) => found.push(other),
                    None => {
                        let message = format!("there is no task `{}`", other.0);
                        report.task(at, &format!(".{part}[{number}]"), message, "");
                    }
                }
            }
            found
        };
        let own = find("parents", &task.parents);
        let children = find("children", &task.children);
        parents[at].extend(own);
        for child in children {
            parents[child as usize].push(at as u32);
        }
    }
    for parents in &mut parents {
        parents.sort_unstable();
        parents.dedup();
    }
    parents
}

/// Tells cycles, such that no two share a task.
fn find_cycles(tasks: &[Task<'_>], parents: &[Vec<u32>], report: &mut Report<'_>) {
    let mut open: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
    for (at, parents) in parents.iter().enumerate() {
        parents.iter().for_each(|&parent| children[parent as usize].push(at as u32));
    }
    let mut ready: Vec<u32> = (0..open.len() as u32).filter(|&at| open[at as usize] == 0).collect();
    while let Some(at) = ready.pop() {
        for &child in &children[at as usize] {
            open[child as usize] -= 1;
            if open[child as usize] == 0 {
                ready.push(child);
            }
        }
    }
    // What is left is in a cycle or behind one: going back along what is left ends in a cycle.
    let mut seen = vec![0_u32; parents.len()];
    for start in (0..parents.len()).filter(|&at| open[at] > 0) {
        let (mut at, mut way) = (start as u32, Vec::new());
        while seen[at as usize] == 0 {
            seen[at as usize] = start as u32 + 1;
            way.push(at);
            let back = parents[at as usize].iter().find(|&&parent| open[parent as usize] > 0);
            let Some(&back) = back else { break };
            at = back;
        }
        if seen[at as usize] != start as u32 + 1 {
            continue;
        }
        let Some(begin) = way.iter().position(|&on| on == at) else { continue };
        let mut names: Vec<&str> =
            way[begin..].iter().rev().map(|&on| id_of(&tasks[on as usize])).collect();
        let first = names[0];
        if names.len() > 12 {
            names.splice(11..names.len() - 1, ["…"]);
        }
        names.push(first);
        let message = format!("tasks depend on each other: {}", names.join(" → "));
        let last = way[way.len() - 1] as usize;
        report.task(last, ".parents", message, "remove one of these edges");
    }
}

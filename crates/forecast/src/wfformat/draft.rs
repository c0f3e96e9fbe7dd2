//! From an [`Instance`] to a workflow: names that a file can have, bodies that take as long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Args, Draft, Expr, Lane, NodeDraft, NodeId, PackRequirement, Policy, Problem, Problems,
    Signature, Task, TaskChoice, TaskRef, Value,
};

use super::Instance;
use crate::names::Names;
use crate::never::Never;

/// What the nodes of an imported workflow do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// They sleep as long as their tasks took, on the lane that computes, so that as many sleep at
    /// once as there are workers: `util/sleep`.
    Sleep,
    /// They keep a core busy as long as their tasks took: `util/spin`.
    Spin,
    /// They are only looked at or simulated; a run of them fails.
    Nothing,
}

impl Instance {
    /// A workflow with the same graph, each node as long as its task, times `scale`.
    ///
    /// Ids that cannot name a node are written with `_` for what cannot stand in a name, and a
    /// number where that would name two; the id is then the node's label.
    ///
    /// # Errors
    /// When the scale is no number above 0, or makes times longer than ten years.
    pub fn draft(&self, body: Body, scale: f64) -> Result<Draft, Problems> {
        if !(scale.is_finite() && scale > 0.0) {
            return Err(Problem::new(format!("{scale} is no scale: it must be above 0")).into());
        }
        let mut names = Names::default();
        let mut tasks: HashMap<&str, TaskRef> = HashMap::new();
        let signature = Arc::new(Signature::default());
        let never: Arc<dyn Task> = Arc::new(Never);
        let [sleep, spin]: [Arc<str>; 2] = ["util/sleep".into(), "util/spin".into()];
        let mut nodes = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let time = scaled(task.runtime, scale).ok_or_else(|| {
                Problem::new(format!("times {scale}, `{}` takes longer than ten years", task.id))
            })?;
            let named = |name: &Arc<str>| TaskChoice::Named { name: name.clone(), expect: None };
            let with = |port: &str, value: f64| {
                Args::Named(vec![(port.to_owned(), Expr::Const(Value::from(value)))])
            };
            let (choice, args) = match body {
                Body::Sleep => (named(&sleep), with("seconds", time.as_secs_f64())),
                Body::Spin => (named(&spin), with("micros", time.as_secs_f64() * 1e6)),
                Body::Nothing => {
                    let made = tasks.entry(&task.kind).or_insert_with(|| TaskRef {
                        name: task.kind.as_str().into(),
                        signature: signature.clone(),
                        body: never.clone(),
                        pack: None,
                    });
                    (TaskChoice::Inline(made.clone()), Args::Positional(Vec::new()))
                }
            };
            let mut node = NodeDraft::new(choice, args);
            let name = names.name(&task.id);
            node.label = (*name != *task.id).then(|| task.id.clone());
            node.name = Some(name);
            node.lane = (body == Body::Sleep).then_some(Lane::Compute);
            node.after = task.parents.iter().filter_map(|&at| NodeId::at(at as usize)).collect();
            node.policy = Some(Arc::new(Policy { expected: Some(time), ..Policy::default() }));
            nodes.push(node);
        }
        let packs = match body {
            Body::Nothing => Vec::new(),
            Body::Sleep | Body::Spin => vec![PackRequirement {
                alias: "util".to_owned(),
                name: "util".to_owned(),
                version: "^0.1".to_owned(),
                span: None,
            }],
        };
        Ok(Draft { name: self.name.clone(), packs, nodes, ..Draft::default() })
    }
}

/// A time by whole nanoseconds; `None` beyond ten years.
fn scaled(time: Duration, scale: f64) -> Option<Duration> {
    let time = if scale == 1.0 {
        time
    } else {
        Duration::try_from_secs_f64(time.as_secs_f64() * scale).ok()?
    };
    (time <= Duration::from_secs(10 * 31_557_600)).then_some(time)
}

//! [`RunOptions`]: what one run is given besides its plan.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Observer, OnFailure, Redactor, Value};

use crate::cancel::CancelToken;
use crate::checkpoint::Approve;
use crate::environment::Environment;
use crate::expand::Expand;
use crate::watch::Watch;

/// When a node may start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// When everything it depends on has ended.
    #[default]
    Dataflow,
    /// When all of the level before has ended.
    Levels,
}

/// Which path runs the plan. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathChoice {
    /// The fast path where nothing asks for order, else the dispatcher.
    #[default]
    Auto,
    /// The ordered dispatcher: urgent nodes first.
    Dispatcher,
    /// Work stealing. [`Order::Levels`] runs through the dispatcher all the same.
    Fast,
}

/// Whether each node's start and duration are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Timing {
    /// A reading of the clock, about 20 ns, per node. Nodes of less than some 400 ns that one thread
    /// runs share the readings around the stretch that they ran in, nodes that threads share in blocks
    /// of 2 to 6 µs those of their block: as if they were equally long.
    #[default]
    On,
    /// A reading per node, whatever it costs.
    Exact,
    /// None: starts and durations are zero.
    Off,
}

/// How large a run may grow by the workflows that its tasks give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// How deep they may lie inside each other; 20,000 where not given.
    pub depth: u32,
    /// How many nodes they may have together; a million where not given.
    pub nodes: u64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { depth: 20_000, nodes: 1_000_000 }
    }
}

/// What one run is given besides its plan.
#[derive(Clone)]
#[non_exhaustive]
pub struct RunOptions {
    /// The inputs' values, in the workflow's order; missing ones take their defaults.
    pub inputs: Vec<Value>,
    /// The run's id; one is made where none is given.
    pub run_id: Option<String>,
    /// Where all random numbers of the run come from.
    pub seed: u64,
    /// The folder of the workflow's file.
    pub workflow_dir: String,
    /// When a node may start.
    pub order: Order,
    /// Which path runs it.
    pub path: PathChoice,
    /// Who wants to know what happens.
    pub observer: Option<Arc<dyn Observer>>,
    /// Says stop.
    pub cancel: CancelToken,
    /// Where tasks' temporary folders are made; the system's place where not given.
    pub temp_root: Option<PathBuf>,
    /// Whether each node's start and duration are taken.
    pub timing: Timing,
    /// Makes workflows of the descriptions that tasks give.
    pub expander: Option<Arc<dyn Expand>>,
    /// How large the run may grow by itself.
    pub growth: Growth,
    /// How long it may take; the stricter of this and what the workflow says holds.
    pub deadline: Option<Duration>,
    /// Who decides at checkpoints whether the run goes on; without, it stops there.
    pub approver: Option<Arc<dyn Approve>>,
    /// How many tasks may run at once, beside what the workflow says.
    pub max_concurrent: Option<u32>,
    /// What a failure does to the rest, whatever the workflow says.
    pub on_failure: Option<OnFailure>,
    /// What inputs of workflows inside nodes have from the environment.
    pub environment: Option<Arc<dyn Environment>>,
    /// Learns the values of secret inputs, those of workflows inside nodes as soon as they are
    /// known. Whoever shows or writes down anything of the run masks it with this.
    pub redactor: Redactor,
    /// Looks at the run while it goes on.
    pub watch: Option<Watch>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            run_id: None,
            seed: 0,
            workflow_dir: String::new(),
            order: Order::Dataflow,
            path: PathChoice::Auto,
            observer: None,
            cancel: CancelToken::new(),
            temp_root: None,
            timing: Timing::On,
            expander: None,
            growth: Growth::default(),
            deadline: None,
            approver: None,
            max_concurrent: None,
            on_failure: None,
            environment: None,
            redactor: Redactor::default(),
            watch: None,
        }
    }
}

impl RunOptions {
    /// Sets the inputs' values, in the workflow's order.
    #[must_use]
    pub fn with_inputs(mut self, inputs: Vec<Value>) -> Self {
        self.inputs = inputs;
        self
    }
    /// Sets the run's id.
    #[must_use]
    pub fn with_run_id(mut self, id: impl Into<String>) -> Self {
        self.run_id = Some(id.into());
        self
    }
    /// Sets where all random numbers of the run come from.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// Sets the folder of the workflow's file.
    #[must_use]
    pub fn with_workflow_dir(mut self, dir: impl Into<String>) -> Self {
        self.workflow_dir = dir.into();
        self
    }
    /// Sets when a node may start.
    #[must_use]
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }
    /// Sets which path runs it.
    #[must_use]
    pub fn with_path(mut self, path: PathChoice) -> Self {
        self.path = path;
        self
    }
    /// Sets who wants to know what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
    /// Sets the token that says stop.
    #[must_use]
    pub fn with_cancel(mut self, token: CancelToken) -> Self {
        self.cancel = token;
        self
    }
    /// Sets where tasks' temporary folders are made.
    #[must_use]
    pub fn with_temp_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.temp_root = Some(root.into());
        self
    }
    /// Sets who makes workflows of the descriptions that tasks give.
    #[must_use]
    pub fn with_expander(mut self, expander: Arc<dyn Expand>) -> Self {
        self.expander = Some(expander);
        self
    }
    /// Sets how long it may take.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
    /// Sets who decides at checkpoints whether the run goes on.
    #[must_use]
    pub fn with_approver(mut self, approver: Arc<dyn Approve>) -> Self {
        self.approver = Some(approver);
        self
    }
    /// Sets how many tasks may run at once.
    #[must_use]
    pub fn with_max_concurrent(mut self, tasks: u32) -> Self {
        self.max_concurrent = Some(tasks);
        self
    }
    /// Sets what a failure does to the rest.
    #[must_use]
    pub fn with_on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = Some(on_failure);
        self
    }
    /// Sets how large the run may grow by itself.
    #[must_use]
    pub fn with_growth(mut self, growth: Growth) -> Self {
        self.growth = growth;
        self
    }
    /// Sets what inputs of workflows inside nodes have from the environment.
    #[must_use]
    pub fn with_environment(mut self, environment: Arc<dyn Environment>) -> Self {
        self.environment = Some(environment);
        self
    }
    /// Sets who learns the values of secret inputs; a clone shares what it learns.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }
    /// Sets who looks at the run while it goes on.
    #[must_use]
    pub fn with_watch(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }
    /// Sets whether each node's start and duration are taken.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the inputs: they may hold secrets.
        f.debug_struct("RunOptions")
            .field("run_id", &self.run_id)
            .field("seed", &self.seed)
            .field("order", &self.order)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

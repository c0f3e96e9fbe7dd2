//! [`RunRequest`]: what a run gets and how it goes.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Observer, OnFailure, Redactor, Value, Workflow};
use terrace_plugin_api::PortType;
use terrace_scheduler::{Approve, CancelToken, Growth, Order, Timing, Watch};

use crate::error::Error;
use crate::inputs;

/// What a run gets and how it goes. Everything has a default.
#[derive(Clone, Default)]
pub struct RunRequest {
    pub(crate) inputs: Vec<(String, Value)>,
    pub(crate) unreadable: Vec<(String, String)>,
    pub(crate) targets: Vec<String>,
    pub(crate) order: Order,
    pub(crate) growth: Growth,
    pub(crate) timing: Timing,
    pub(crate) deadline: Option<Duration>,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) max_concurrent: Option<u32>,
    pub(crate) approver: Option<Arc<dyn Approve>>,
    pub(crate) seed: u64,
    pub(crate) run_id: Option<String>,
    pub(crate) workflow_dir: String,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) cancel: Option<CancelToken>,
    pub(crate) redactor: Redactor,
    pub(crate) watch: Option<Watch>,
}

impl std::fmt::Debug for RunRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secret: only their names are shown.
        let inputs: Vec<&str> = self.inputs.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RunRequest")
            .field("inputs", &inputs)
            .field("targets", &self.targets)
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

impl RunRequest {
    /// A run with the inputs' defaults, in dataflow order.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives an input its value.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, value: impl PortType) -> Self {
        let name = name.into();
        match value.into_value() {
            Ok(value) => self.inputs.push((name, value)),
            Err(error) => self.unreadable.push((name, error.to_string())),
        }
        self
    }

    /// Runs only what a node needs, and keeps its output. May be called several times.
    #[must_use]
    pub fn target(mut self, node: impl Into<String>) -> Self {
        self.targets.push(node.into());
        self
    }

    /// Sets when a node starts: as soon as its inputs exist, or level by level.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How closely it is timed when nodes ran.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Sets how large the run may grow by workflows that its tasks give: 20,000 deep and a million
    /// nodes where not given.
    #[must_use]
    pub fn growth(mut self, growth: Growth) -> Self {
        self.growth = growth;
        self
    }

    /// Sets how long the run may take; the shorter of this and what the workflow says holds. What
    /// still runs then is given up, and nothing new starts.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets who decides at checkpoints whether the run goes on. Without, it stops at the first.
    #[must_use]
    pub fn approver(mut self, approver: Arc<dyn Approve>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// Sets how many tasks may run at once, beside what the workflow says.
    #[must_use]
    pub fn max_concurrent(mut self, tasks: u32) -> Self {
        self.max_concurrent = Some(tasks);
        self
    }

    /// Sets what a failure does to the rest, whatever the workflow says.
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = Some(on_failure);
        self
    }

    /// Sets what tasks draw random numbers from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Names the run; one is made up otherwise.
    #[must_use]
    pub fn run_id(mut self, id: impl Into<String>) -> Self {
        self.run_id = Some(id.into());
        self
    }

    /// Sets what `${workflow.dir}` gives.
    #[must_use]
    pub fn workflow_dir(mut self, dir: impl Into<String>) -> Self {
        self.workflow_dir = dir.into();
        self
    }

    /// Tells someone what happens, as it happens.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Lets the token's holder cancel the run.
    #[must_use]
    pub fn cancel_token(mut self, token: CancelToken) -> Self {
        self.cancel = Some(token);
        self
    }

    /// Sets who learns the values of secret inputs, those of workflows inside nodes included, each
    /// before anything that gets it starts. Keep a clone: it masks what you print of the run.
    ///
    /// ```
    /// use terrace::core::Redactor;
    /// use terrace::{Engine, RunRequest};
    ///
    /// let engine = Engine::builder().workers(1).build()?;
    /// let wf = engine.workflow("masked");
    /// let token = wf.input::<String>("token").secret();
    /// let header = wf.call(|token: String| format!("Bearer {token}"), (&token,));
    /// wf.output("header", &header);
    /// let wf = engine.build(wf)?;
    ///
    /// let redactor = Redactor::default();
    /// let request = RunRequest::new().input("token", "s3cr3t".to_owned()).redactor(redactor.clone());
    /// let report = engine.run(&wf, &request)?;
    /// let header = report.output("header").and_then(|header| header.as_ref().ok());
    /// let header = header.and_then(|header| header.as_str());
    /// assert_eq!(header.map(|header| redactor.mask(header).into_owned()).as_deref(), Some("Bearer ***"));
    /// # Ok::<(), terrace::Error>(())
    /// ```
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Lets a watch look at the run while it goes on, which costs the run nothing. Keep a clone.
    #[must_use]
    pub fn watch(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// The value of each of a workflow's inputs as a run would get them: given, from the
    /// environment, or by default, in the workflow's order.
    ///
    /// # Errors
    /// Everything that is wrong with the inputs; and of workflows inside nodes each input that is to
    /// come from the environment and does not.
    pub fn settle(&self, workflow: &Workflow) -> Result<Vec<Value>, Error> {
        Ok(inputs::settle(workflow, &self.inputs, &self.unreadable)?)
    }
}

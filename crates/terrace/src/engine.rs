//! [`Engine`]: packs and a scheduler, kept together for as long as a program runs workflows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrace_core::{Draft, PackRequirement, Plan, Source, Workflow, WorkflowBuilder};
use terrace_forecast::Foreseen;
use terrace_plugin_api::StaticPack;
use terrace_plugin_host::{PackPath, PackSet, Registry, ResolveError, resolve, resolve_names};
use terrace_scheduler::{RunHandle, RunOptions, RunReport, Scheduler, SchedulerBuilder};

use crate::error::Error;
use crate::expand::Expander;
use crate::file::{read_draft, read_source};
use crate::inputs::Variables;
use crate::request::RunRequest;

/// Runs workflows. Cheap to clone; all clones share packs and threads.
#[derive(Clone, Debug)]
pub struct Engine {
    scheduler: Scheduler,
    packs: Packs,
}

/// The packs that an engine has and those that it may find.
#[derive(Clone, Debug)]
pub(crate) struct Packs {
    registry: Arc<Registry>,
    path: PackPath,
}

impl Packs {
    /// What was asked for by requirement, and by task name where there is no requirement at all.
    pub(crate) fn find(
        &self,
        packs: &[PackRequirement],
        tasks: &[String],
    ) -> Result<PackSet, Vec<ResolveError>> {
        if packs.is_empty() {
            self.registry.load_names(pack_names(tasks), &self.path)
        } else {
            self.registry.load_required(packs, &self.path)
        }
    }
}

/// Makes an [`Engine`].
pub struct EngineBuilder {
    scheduler: SchedulerBuilder,
    path: PackPath,
    files: Vec<PathBuf>,
    packs: Vec<StaticPack>,
}

impl std::fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("path", &self.path)
            .field("files", &self.files)
            .field("static_packs", &self.packs.len())
            .finish_non_exhaustive()
    }
}

impl EngineBuilder {
    /// Sets how many threads compute. Without it, as many as the machine has cores; 0 runs
    /// everything on the caller's thread, in sequence.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.scheduler = self.scheduler.workers(workers);
        self
    }

    /// Sets how many blocking tasks may wait at once; 512 without it.
    #[must_use]
    pub fn max_blocking(mut self, threads: usize) -> Self {
        self.scheduler = self.scheduler.max_blocking(threads);
        self
    }

    /// Adds a folder to look for packs in, after those already there.
    #[must_use]
    pub fn pack_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.path = self.path.with_folder(folder.as_ref());
        self
    }

    /// Sets all the folders to look for packs in.
    #[must_use]
    pub fn pack_path(mut self, path: PackPath) -> Self {
        self.path = path;
        self
    }

    /// Loads one pack from a file, whatever its name.
    #[must_use]
    pub fn pack_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.files.push(file.into());
        self
    }

    /// Adds a pack that is linked into the program: `.static_pack(terrace_pack_math::pack())`.
    #[must_use]
    pub fn static_pack(mut self, pack: StaticPack) -> Self {
        self.packs.push(pack);
        self
    }

    /// Starts the engine.
    ///
    /// # Errors
    /// When a named pack is refused or threads cannot be started.
    pub fn build(self) -> Result<Engine, Error> {
        let registry = Registry::new();
        for pack in self.packs {
            registry.add_static(&pack)?;
        }
        for file in &self.files {
            registry.load_file(file)?;
        }
        Ok(Engine {
            scheduler: self.scheduler.build()?,
            packs: Packs { registry: Arc::new(registry), path: self.path },
        })
    }
}

impl Engine {
    /// Starts to make an engine.
    pub fn builder() -> EngineBuilder {
        EngineBuilder {
            scheduler: Scheduler::builder(),
            path: PackPath::new(),
            files: Vec::new(),
            packs: Vec::new(),
        }
    }

    /// Starts a workflow; [`Engine::build`] checks it.
    pub fn workflow(&self, name: impl Into<String>) -> WorkflowBuilder {
        WorkflowBuilder::new(name)
    }

    /// Reads a workflow file and those it uses, loads the packs they want and checks it all.
    ///
    /// # Errors
    /// When the file cannot be read, is not a workflow, or wants packs that are not there.
    pub fn read(&self, file: impl AsRef<Path>) -> Result<Workflow, Error> {
        tracing::debug!(file = %file.as_ref().display(), "workflow file");
        let source = read_source(file.as_ref())?;
        self.read_source(&source)
    }

    /// Reads a workflow from text. The files it uses are found by the text's name, as if that were
    /// the path of a file.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub fn read_source(&self, source: &Source) -> Result<Workflow, Error> {
        let draft = read_draft(source)?;
        let catalog = self.packs_for(&draft)?;
        let workflow = draft.validate(&catalog)?;
        let (nodes, levels) = (workflow.nodes().len(), workflow.levels().len());
        tracing::debug!(workflow = workflow.name(), nodes, levels, "workflow checked");
        Ok(workflow)
    }

    /// Reads a workflow file to look at it: packs are known by their manifests alone and nothing
    /// of theirs is executed. Running it fails every node of a pack.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub fn describe(&self, file: impl AsRef<Path>) -> Result<Workflow, Error> {
        let draft = read_draft(&read_source(file.as_ref())?)?;
        let catalog = self.described(&draft)?;
        Ok(draft.validate(&catalog)?)
    }

    /// Checks a draft to forecast its runs ([`crate::forecast`]): packs are known by their manifests
    /// alone, and what their tasks give is made up.
    ///
    /// # Errors
    /// When it is wrong, or wants packs that are not there.
    pub fn foresee(&self, draft: Draft) -> Result<Workflow, Error> {
        let catalog = Foreseen(self.described(&draft)?);
        Ok(draft.validate(&catalog)?)
    }

    /// The packs that a draft wants, by their manifests.
    fn described(&self, draft: &Draft) -> Result<PackSet, Error> {
        let resolved = if draft.packs.is_empty() {
            resolve_names(pack_names(&draft.task_names()), &self.packs.path)
        } else {
            resolve(&draft.packs, &self.packs.path)
        };
        Ok(PackSet::described(&resolved.map_err(|errors| refuse(errors, draft))?))
    }

    /// Checks a workflow built in Rust, loading the packs it wants.
    ///
    /// # Errors
    /// When it is wrong, or wants packs that are not there.
    pub fn build(&self, workflow: WorkflowBuilder) -> Result<Workflow, Error> {
        let catalog = self
            .packs
            .find(&workflow.packs(), &workflow.task_names())
            .map_err(|errors| Error::Packs { errors, text: None, problems: Vec::new() })?;
        Ok(workflow.build(&catalog)?)
    }

    /// Loads the packs that a draft wants.
    ///
    /// # Errors
    /// Every pack that is missing, does not meet its requirement or was refused.
    pub fn packs_for(&self, draft: &Draft) -> Result<PackSet, Error> {
        self.packs.find(&draft.packs, &draft.task_names()).map_err(|errors| refuse(errors, draft))
    }

    /// Runs a workflow and waits for its end.
    ///
    /// # Errors
    /// When its inputs or targets are wrong. A run that starts always gives a report, whatever
    /// happens in it: look at [`RunReport`]'s `status`.
    pub fn run(&self, workflow: &Workflow, request: &RunRequest) -> Result<RunReport, Error> {
        self.run_plan(&self.plan(workflow, request)?, request)
    }

    /// Starts a workflow and gives a handle to wait for it, poll it or cancel it.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn start(&self, workflow: &Workflow, request: &RunRequest) -> Result<RunHandle, Error> {
        self.start_plan(&self.plan(workflow, request)?, request)
    }

    /// Compiles a workflow, or what the request's targets need of it, for who runs it more than once:
    /// [`Engine::run`] does so each time. What was learned of how long its nodes take stays with the
    /// plan, so that the next run is shared among threads from the start.
    ///
    /// ```
    /// use terrace::{Engine, RunRequest};
    ///
    /// let engine = Engine::builder().build()?;
    /// let wf = engine.workflow("squares");
    /// let n = wf.input::<i64>("n");
    /// let square = wf.call(|n: i64| n * n, (&n,));
    /// wf.output("square", &square);
    /// let wf = engine.build(wf)?;
    ///
    /// let plan = engine.plan(&wf, &RunRequest::new())?;
    /// for n in 1..4_i64 {
    ///     let report = engine.run_plan(&plan, &RunRequest::new().input("n", n))?;
    ///     assert_eq!(report.get(&square)?, n * n);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a target is not a node.
    pub fn plan(&self, workflow: &Workflow, request: &RunRequest) -> Result<Arc<Plan>, Error> {
        Ok(Arc::new(match request.targets.is_empty() {
            true => workflow.plan(),
            false => workflow.plan_for(&request.targets)?,
        }))
    }

    /// Runs a plan and waits for its end. What the request says of targets was for [`Engine::plan`].
    ///
    /// # Errors
    /// When the inputs are wrong.
    pub fn run_plan(&self, plan: &Arc<Plan>, request: &RunRequest) -> Result<RunReport, Error> {
        Ok(self.scheduler.run(plan, self.options(plan, request)?))
    }

    /// Starts a plan, as [`Engine::start`] starts a workflow.
    ///
    /// # Errors
    /// As [`Engine::run_plan`].
    pub fn start_plan(&self, plan: &Arc<Plan>, request: &RunRequest) -> Result<RunHandle, Error> {
        Ok(self.scheduler.start(plan, self.options(plan, request)?))
    }

    fn options(&self, plan: &Plan, request: &RunRequest) -> Result<RunOptions, Error> {
        Ok(options(plan.workflow(), request)?.with_expander(self.expander()))
    }

    /// Who makes workflows of the descriptions that tasks of a run give.
    fn expander(&self) -> Arc<Expander> {
        Arc::new(Expander::new(self.packs.clone()))
    }

    /// The packs that have been loaded.
    pub fn registry(&self) -> &Registry {
        &self.packs.registry
    }

    /// Where packs are looked for.
    pub fn pack_path(&self) -> &PackPath {
        &self.packs.path
    }

    /// The pool that runs things.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }
}

/// What a request says of a run.
fn options(workflow: &Workflow, request: &RunRequest) -> Result<RunOptions, Error> {
    let inputs = request.settle(workflow)?;
    let mut options = RunOptions::default()
        .with_inputs(inputs)
        .with_order(request.order)
        .with_growth(request.growth)
        .with_timing(request.timing)
        .with_seed(request.seed)
        .with_environment(Arc::new(Variables))
        .with_redactor(request.redactor.clone())
        .with_workflow_dir(request.workflow_dir.clone());
    options.deadline = request.deadline;
    options.on_failure = request.on_failure;
    options.max_concurrent = request.max_concurrent;
    options.approver = request.approver.clone();
    options.watch = request.watch.clone();
    if let Some(id) = &request.run_id {
        options = options.with_run_id(id.clone());
    }
    if let Some(observer) = &request.observer {
        options = options.with_observer(observer.clone());
    }
    if let Some(cancel) = &request.cancel {
        options = options.with_cancel(cancel.clone());
    }
    Ok(options)
}

/// The packs of tasks, each once.
fn pack_names(tasks: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> =
        tasks.iter().filter_map(|task| Some(task.split_once('/')?.0)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The error of packs that cannot be had, with whatever else is wrong already.
fn refuse(errors: Vec<ResolveError>, draft: &Draft) -> Error {
    Error::Packs { errors, text: draft.source.clone(), problems: draft.problems.clone() }
}

//! Workflows like recorded ones, from a seed: fork-join, montage-like, bundles of chains, layers.

use std::time::Duration;

use terrace_core::{Draft, NoTasks, Workflow};
use terrace_forecast::wfformat::{Body, Instance, RecordedTask};

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A time of a kind of task that takes `typical` seconds: mostly near that, at times thrice.
    fn time(&mut self, typical: f64) -> Duration {
        let spread = 0.6 + 0.8 * self.part();
        let tail = if self.part() < 0.05 { 3.0 } else { 1.0 };
        Duration::from_secs_f64(typical * spread * tail)
    }
}

/// An instance being made.
#[derive(Default)]
struct Made(Vec<RecordedTask>);

impl Made {
    fn task(&mut self, kind: &str, runtime: Duration, parents: &[u32]) -> u32 {
        let at = self.0.len() as u32;
        let mut parents = parents.to_vec();
        parents.sort_unstable();
        parents.dedup();
        let id = format!("{kind}_{at:05}");
        self.0.push(RecordedTask { id, kind: kind.to_owned(), runtime, parents });
        at
    }
}

/// How many shapes there are.
pub(crate) const SHAPES: u64 = 5;
/// The last is of phases that wait for each other: whatever the order, each ends with idle workers.
pub(crate) const PHASES: u64 = 4;

/// An instance of a seed.
pub(crate) fn instance(seed: u64) -> Instance {
    let mut rng = Rng(seed);
    let mut made = Made::default();
    match seed % SHAPES {
        0 => fork_join(&mut rng, &mut made, 1),
        1 => montage(&mut rng, &mut made),
        2 => chains(&mut rng, &mut made),
        3 => layers(&mut rng, &mut made),
        _ => fork_join(&mut rng, &mut made, 3),
    }
    Instance { name: Some(format!("seed {seed}")), tasks: made.0, makespan: None }
}

fn fork_join(rng: &mut Rng, made: &mut Made, phases: u64) {
    let mut before = Vec::new();
    for _ in 0..phases {
        let time = rng.time(1.0);
        let split = made.task("split", time, &before);
        let typical = 1.0 + 30.0 * rng.part();
        let width = rng.range(8, 90);
        let work = (0..width).map(|_| {
            let time = rng.time(typical);
            made.task("work", time, &[split])
        });
        let work: Vec<u32> = work.collect();
        let time = rng.time(2.0);
        before = vec![made.task("join", time, &work)];
    }
}

fn montage(rng: &mut Rng, made: &mut Made) {
    let images = rng.range(6, 40);
    let projected = (0..images).map(|_| {
        let time = rng.time(15.0);
        made.task("mProject", time, &[])
    });
    let projected: Vec<u32> = projected.collect();
    let mut differences = Vec::new();
    for pair in projected.windows(2) {
        let time = rng.time(0.5);
        differences.push(made.task("mDiffFit", time, pair));
    }
    let time = rng.time(0.3);
    let fit = made.task("mConcatFit", time, &differences);
    let time = rng.time(1.0);
    let model = made.task("mBgModel", time, &[fit]);
    let corrected = projected.iter().map(|&image| {
        let time = rng.time(0.5);
        made.task("mBackground", time, &[image, model])
    });
    let corrected: Vec<u32> = corrected.collect();
    let time = rng.time(0.5);
    let table = made.task("mImgtbl", time, &corrected);
    let time = rng.time(3.0);
    let added = made.task("mAdd", time, &[table]);
    let time = rng.time(1.0);
    made.task("mViewer", time, &[added]);
}

/// Samples that go through the same tools one after the other, then a report of all.
fn chains(rng: &mut Rng, made: &mut Made) {
    let (samples, tools) = (rng.range(3, 24), rng.range(2, 9));
    let typical: Vec<f64> = (0..tools).map(|_| 0.5 + 60.0 * rng.part().powi(3)).collect();
    let mut ends = Vec::new();
    for _ in 0..samples {
        let mut before: Vec<u32> = Vec::new();
        for (tool, typical) in typical.iter().enumerate() {
            let time = rng.time(*typical);
            before = vec![made.task(&format!("tool{tool}"), time, &before)];
        }
        ends.extend(before);
    }
    let time = rng.time(5.0);
    made.task("multiqc", time, &ends);
}

fn layers(rng: &mut Rng, made: &mut Made) {
    let mut before: Vec<u32> = Vec::new();
    for layer in 0..rng.range(3, 9) {
        let typical = 0.5 + 20.0 * rng.part();
        let width = rng.range(2, 40);
        let mut now = Vec::new();
        for _ in 0..width {
            let mut parents = Vec::new();
            for _ in 0..rng.range(1, 3) {
                if !before.is_empty() {
                    parents.push(before[rng.range(0, before.len() as u64 - 1) as usize]);
                }
            }
            let time = rng.time(typical);
            now.push(made.task(&format!("layer{layer}"), time, &parents));
        }
        before = now;
    }
}

/// The workflow of a draft that needs no packs.
pub(crate) fn workflow(draft: Draft) -> Workflow {
    draft.validate(&NoTasks).unwrap()
}

/// The workflow of an instance.
pub(crate) fn workflow_of(instance: &Instance) -> Workflow {
    workflow(instance.draft(Body::Nothing, 1.0).unwrap())
}

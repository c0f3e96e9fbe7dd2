//! [`Demand`]: what a unit takes while it runs.

use std::collections::HashMap;

use super::budget::BudgetId;
use super::limits::LimitId;

/// What a unit takes while it runs, and how much it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Demand {
    /// Of limits. Each once.
    pub needs: Vec<(LimitId, u64)>,
    /// How many places to compute it takes, at least 1.
    pub cpus: u32,
    /// The higher starts first.
    pub priority: i32,
    /// What one attempt costs, in millionths. Each budget once.
    pub cost: Vec<(BudgetId, u64)>,
    /// How many attempts there may be: as many are paid in advance.
    pub attempts: u32,
}

/// A demand of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DemandId(u32);

impl DemandId {
    /// One place on its lane, and nothing else.
    pub const PLAIN: Self = Self(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The demands of a run, each once.
#[derive(Debug)]
pub(super) struct Demands {
    all: Vec<Demand>,
    ids: HashMap<Demand, DemandId>,
    free: Vec<u32>,
}

impl Demands {
    pub(super) fn new() -> Self {
        let plain = Demand { cpus: 1, attempts: 1, ..Demand::default() };
        let ids = HashMap::from([(plain.clone(), DemandId::PLAIN)]);
        Self { all: vec![plain], ids, free: Vec::new() }
    }

    pub(super) fn add(&mut self, mut demand: Demand) -> DemandId {
        demand.cpus = demand.cpus.max(1);
        demand.attempts = demand.attempts.max(1);
        demand.needs.sort_unstable();
        demand.cost.sort_unstable();
        if let Some(&id) = self.ids.get(&demand) {
            return id;
        }
        let id = match self.free.pop() {
            Some(at) => {
                self.all[at as usize] = demand.clone();
                DemandId(at)
            }
            None => {
                self.all.push(demand.clone());
                DemandId(self.all.len() as u32 - 1)
            }
        };
        self.ids.insert(demand, id);
        id
    }

    /// Forgets what names a limit, since that is forgotten. No unit takes it any more.
    pub(super) fn forget(&mut self, limit: LimitId) -> Vec<DemandId> {
        let names = |demand: &Demand| demand.needs.iter().any(|(id, _)| *id == limit);
        let gone: Vec<DemandId> =
            self.ids.iter().filter(|(demand, _)| names(demand)).map(|(_, id)| *id).collect();
        self.ids.retain(|demand, _| !names(demand));
        self.free.extend(gone.iter().map(|id| id.0));
        gone
    }

    pub(super) fn get(&self, id: DemandId) -> &Demand {
        &self.all[id.0 as usize]
    }
}

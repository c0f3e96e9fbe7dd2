//! Whose turn it is.

use std::time::Duration;

use super::budget::{BudgetId, Payable};
use super::demand::DemandId;
use super::key::Key;
use super::ready::Class;
use super::{Command, Dispatcher};

/// What orders queues: those that have lost their patience, priority, then their first unit.
pub(super) type Rank = (bool, i32, Key);

pub(super) enum Choice {
    /// The first unit of this queue.
    Start(usize),
    /// The first of this one is never to be paid.
    Unpayable(usize, BudgetId),
    /// Nothing can start; what would come first.
    Nothing(Option<usize>),
}

/// Why a unit does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// Its lane is full.
    Place,
    /// Something it takes is in use, or kept.
    Share,
    /// It comes too early for a rate; it may start then.
    Time(Duration),
}

impl<U: Copy> Dispatcher<U> {
    /// The queue whose first unit starts next. Adds a command when something is kept for somebody.
    pub(super) fn choose(&mut self, commands: &mut Vec<Command<U>>) -> Choice {
        if self.has_gone {
            let waiting = &self.waiting;
            self.queues.drop_gone(|slot| waiting.get(slot).is_none());
        }
        self.queues.tidy();
        match self.at_a_glance() {
            Some(choice) => choice,
            None => self.choose_of_all(commands),
        }
    }

    /// What is to be chosen where nothing has to be weighed: all places are taken and nothing waits
    /// for anything else, or the first of all fits. `None`: more has to be looked at.
    fn at_a_glance(&mut self) -> Option<Choice> {
        let full = self.running.compute >= self.capacities.compute;
        let mut first: Option<(Rank, usize)> = None;
        for &at in &self.queues.live {
            let queue = &self.queues.all[at as usize];
            if !queue.is_simple || queue.passed >= self.patience {
                return None;
            }
            if !full {
                let (key, _) = queue.first()?;
                let rank = (false, queue.priority, key);
                if first.is_none_or(|(best, _)| rank > best) {
                    first = Some((rank, at as usize));
                }
            }
        }
        let Some(((_, priority, _), at)) = first else { return Some(Choice::Nothing(None)) };
        let class = self.queues.all[at].class;
        if self.lack(class, None).is_some() {
            return None;
        }
        if self.queues.live.len() > 1 {
            // All are of one lane.
            for &other in &self.queues.live {
                let queue = &mut self.queues.all[other as usize];
                if queue.priority < priority {
                    queue.passed = queue.passed.saturating_add(1);
                }
            }
        }
        Some(Choice::Start(at))
    }

    fn choose_of_all(&mut self, commands: &mut Vec<Command<U>>) -> Choice {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        for &at in &self.queues.live {
            let queue = &self.queues.all[at as usize];
            if let Some((key, _)) = queue.first() {
                let impatient = queue.passed >= self.patience;
                order.push(((impatient, queue.priority, key), at as usize));
            }
        }
        if order.len() > 1 {
            order.sort_unstable_by(|a, b| b.cmp(a));
        }
        let choice = self.first_that_fits(&order, commands);
        self.order = order;
        choice
    }

    fn first_that_fits(
        &mut self,
        order: &[(Rank, usize)],
        commands: &mut Vec<Command<U>>,
    ) -> Choice {
        // Where the first that has lost its patience does not fit, what it takes is kept for it.
        let mut kept: Option<usize> = None;
        let mut poor = false;
        let mut passed = std::mem::take(&mut self.passed);
        passed.clear();
        let mut choice = Choice::Nothing(order.first().map(|&(_, at)| at));
        for (place, &((impatient, ..), at)) in order.iter().enumerate() {
            match self.payable(at) {
                // In order, so that what is bought is not a matter of who came first.
                _ if poor && self.costs(at) => continue,
                Payable::Now => {}
                Payable::Later => {
                    poor = true;
                    continue;
                }
                Payable::Never(budget) => {
                    choice = Choice::Unpayable(at, budget);
                    break;
                }
            }
            let class = self.queues.all[at].class;
            let Some(lack) = self.lack(class, kept) else {
                self.pass_over(order, place, &passed);
                choice = Choice::Start(at);
                break;
            };
            if let Lack::Time(when) = lack {
                self.by_rate = self.by_rate.into_iter().chain([when]).min();
            }
            let wide = self.demands.get(class.demand).cpus > 1;
            // A place becomes free: what is bought is no matter of when.
            poor |= lack == Lack::Place && self.costs(at);
            if lack != Lack::Place || wide {
                passed.push(at);
                if impatient && kept.is_none() {
                    kept = Some(at);
                    self.tell_kept(at, commands);
                }
            }
        }
        self.passed = passed;
        choice
    }

    /// Whether something is to be paid for units of a queue.
    fn costs(&self, at: usize) -> bool {
        let class = self.queues.all[at].class;
        !class.paid && !self.demands.get(class.demand).cost.is_empty()
    }

    /// Whether the first unit of a queue can be paid.
    fn payable(&self, at: usize) -> Payable {
        if !self.costs(at) {
            return Payable::Now;
        }
        let demand = self.demands.get(self.queues.all[at].class.demand);
        self.budgets.payable(&demand.cost, demand.attempts)
    }

    /// Why units of a class do not start, beside what is kept for a queue; `None`: they may.
    fn lack(&self, class: Class, kept: Option<usize>) -> Option<Lack> {
        let kept = kept.map(|at| self.queues.all[at].class);
        if !self.has_place(class, kept) {
            return Some(Lack::Place);
        }
        self.lacks(class.demand, kept.map(|class| class.demand))
    }

    fn has_place(&self, class: Class, kept: Option<Class>) -> bool {
        if class.blocking {
            return self.running.blocking < self.capacities.blocking;
        }
        let cpus = |class: Class| {
            (self.demands.get(class.demand).cpus as usize).min(self.capacities.compute)
        };
        // One place is found by whoever comes first; several have to be kept.
        let kept = kept.filter(|class| !class.blocking).map(cpus).filter(|&cpus| cpus > 1);
        self.running.compute + kept.unwrap_or(0) + cpus(class) <= self.capacities.compute
    }

    fn lacks(&self, id: DemandId, kept: Option<DemandId>) -> Option<Lack> {
        let kept = kept.map(|kept| &self.demands.get(kept).needs[..]).unwrap_or_default();
        let mut lack = None;
        for &(limit, amount) in &self.demands.get(id).needs {
            let kept = kept.iter().find(|(other, _)| *other == limit);
            let kept = kept.map_or(0, |&(_, amount)| amount);
            match self.limits.fits(limit, amount, kept, self.now) {
                Ok(()) => {}
                Err(None) => return Some(Lack::Share),
                Err(Some(when)) => {
                    lack = match lack {
                        Some(Lack::Time(other)) => Some(Lack::Time(when.max(other))),
                        _ => Some(Lack::Time(when)),
                    }
                }
            }
        }
        lack
    }

    /// Counts who was passed over: those that came first and did not fit; and those of the same
    /// lane that have a lower priority.
    fn pass_over(&mut self, order: &[(Rank, usize)], started: usize, passed: &[usize]) {
        for &at in passed {
            self.queues.all[at].passed = self.queues.all[at].passed.saturating_add(1);
        }
        let ((_, priority, _), started_at) = order[started];
        let blocking = self.queues.all[started_at].class.blocking;
        for &((_, other, _), at) in &order[started + 1..] {
            let queue = &mut self.queues.all[at];
            if other < priority && queue.class.blocking == blocking {
                queue.passed = queue.passed.saturating_add(1);
            }
        }
    }

    /// Tells, once, for whom something is kept.
    fn tell_kept(&mut self, at: usize, commands: &mut Vec<Command<U>>) {
        let Some((_, slot)) = self.queues.all[at].first() else { return };
        if self.kept != Some(slot)
            && let Some(arrival) = self.waiting.get(slot)
        {
            commands.push(Command::Reserved { unit: arrival.unit });
            self.kept = Some(slot);
        }
    }
}

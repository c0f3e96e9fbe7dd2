//! [`Budgets`]: what is used up and does not come back.

use std::collections::HashMap;

use terrace_core::Amount;

/// A budget of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BudgetId(u32);

/// What was spent of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Of what, and how much there was, in millionths.
    pub budget: Amount,
    /// How much was spent, in millionths.
    pub spent: u64,
}

/// All budgets of a run. What is spent and what is reserved are never more than there is.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    all: Vec<State>,
    by_name: HashMap<Box<str>, BudgetId>,
}

#[derive(Debug)]
struct State {
    budget: Amount,
    spent: u64,
    reserved: u64,
}

/// Whether something can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payable {
    Now,
    /// Perhaps, when others have ended that cost less than was reserved for them.
    Later,
    /// Of this budget there will never be enough.
    Never(BudgetId),
}

impl Budgets {
    /// Declares a budget; of two of one name the smaller one holds.
    pub(super) fn declare(&mut self, budget: &Amount) -> BudgetId {
        match self.by_name.get(&*budget.of) {
            Some(&id) => {
                let state = &mut self.all[id.0 as usize];
                state.budget.millionths = state.budget.millionths.min(budget.millionths);
                id
            }
            None => {
                let id = BudgetId(self.all.len() as u32);
                self.all.push(State { budget: budget.clone(), spent: 0, reserved: 0 });
                self.by_name.insert((*budget.of).into(), id);
                id
            }
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<BudgetId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn budget(&self, id: BudgetId) -> &Amount {
        &self.all[id.0 as usize].budget
    }

    /// Whether some costs can be paid, `times` over.
    pub(super) fn payable(&self, costs: &[(BudgetId, u64)], times: u32) -> Payable {
        let mut payable = Payable::Now;
        for &(id, cost) in costs {
            let state = &self.all[id.0 as usize];
            let cost = cost.saturating_mul(u64::from(times));
            let left = state.budget.millionths.saturating_sub(state.spent);
            if cost > left {
                return Payable::Never(id);
            }
            if cost > left.saturating_sub(state.reserved) {
                payable = Payable::Later;
            }
        }
        payable
    }

    /// Reserves what [`Self::payable`] said is there.
    pub(super) fn reserve(&mut self, costs: &[(BudgetId, u64)], times: u32) {
        for &(id, cost) in costs {
            self.all[id.0 as usize].reserved += cost.saturating_mul(u64::from(times));
        }
    }

    /// Gives back what was reserved `times` over, of which `used` were used.
    pub(super) fn settle(&mut self, costs: &[(BudgetId, u64)], times: u32, used: u32) {
        for &(id, cost) in costs {
            let state = &mut self.all[id.0 as usize];
            debug_assert!(used <= times, "more was used than was reserved");
            state.reserved = state.reserved.saturating_sub(cost.saturating_mul(u64::from(times)));
            state.spent += cost.saturating_mul(u64::from(used));
        }
    }

    pub(super) fn spent(&self) -> Vec<Spent> {
        let all = self.all.iter();
        all.map(|state| Spent { budget: state.budget.clone(), spent: state.spent }).collect()
    }
}

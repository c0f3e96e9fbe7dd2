//! Limits, deadlines and budgets that cannot be met, or of which one makes another meaningless.

use std::sync::Arc;

use super::{Findings, LintCode, Site};
use crate::plan::Plan;
use crate::policy::{Amount, LimitKind, Rate, units};
use crate::preview::{
    Bound, Conditions, Counting, Evaluated, Evaluation, Nanos, at_best, duration, near,
};

/// How far two parts of a limit must be apart: less may well be meant.
const FAR: u128 = 2;

pub(super) fn find(plan: &Plan, site: &Site<'_>, workers: Option<usize>, findings: &mut Findings) {
    let conditions = Conditions::new(workers.unwrap_or(usize::MAX));
    let certain = Evaluation::of(plan, &conditions, Counting::Certain);
    deadline(site, &certain, &conditions, workers, findings);
    budget(site, &certain, findings);
    let usual = Evaluation::of(plan, &conditions, Counting::Usual);
    rates(site, &usual, findings);
}

/// A deadline that is shorter than the run can be.
fn deadline(
    site: &Site<'_>,
    certain: &Evaluated,
    conditions: &Conditions,
    workers: Option<usize>,
    findings: &mut Findings,
) {
    let Some(deadline) = site.workflow.rules().deadline else { return };
    let load = &certain.whole;
    let (best, bound) = at_best(site.workflow, load, conditions);
    if best <= deadline.as_nanos() {
        return;
    }
    let why = match &bound {
        Bound::Path => "the critical path takes".to_owned(),
        Bound::AtOnce => "with so few at once it takes".to_owned(),
        Bound::Workers => match workers.unwrap_or_default() {
            0 => "in sequence it takes".to_owned(),
            1 => "on 1 worker it takes".to_owned(),
            workers => format!("on {workers} workers it takes"),
        },
        Bound::Blocking => "with so many calls waiting it takes".to_owned(),
        Bound::Limit(name) => format!("with limit `{name}` it takes"),
        Bound::Rate(name) => {
            let starts = load.uses.get(name).map_or(0, |used| used.starts);
            format!("at the rate of `{name}` its {starts} starts take")
        }
    };
    let message = format!(
        "the deadline of {} cannot be met: {why} at least {}",
        near(deadline),
        near(duration(best)),
    );
    let help = match bound {
        Bound::Limit(_) | Bound::Rate(_) | Bound::AtOnce => "raise it, or the limit",
        _ => "raise it, or correct `expected`",
    };
    let origin = site.workflow.origin();
    let span = origin.and_then(|origin| match &bound {
        Bound::Limit(name) | Bound::Rate(name) => origin.limit(position(site, name)?),
        _ => None,
    });
    findings.add(site.whole(LintCode::DeadlineTooShort, span, message).help(help));
}

fn position(site: &Site<'_>, limit: &Arc<str>) -> Option<usize> {
    site.workflow.rules().limits.iter().position(|known| known.name == *limit)
}

/// A budget that is smaller than what is certain to be spent.
fn budget(site: &Site<'_>, certain: &Evaluated, findings: &mut Findings) {
    for (at, budget) in site.workflow.rules().budget.iter().enumerate() {
        let cost = certain.whole.cost.get(&budget.of);
        let Some(cost) = cost.filter(|cost| cost.expected.least > budget.millionths) else {
            continue;
        };
        let spent = Amount { of: budget.of.clone(), millionths: cost.expected.least };
        let message = format!(
            "one attempt of everything costs {} of `{}`, and the budget has {}",
            spent.shown(),
            budget.of,
            budget.shown(),
        );
        let span = site.workflow.origin().and_then(|origin| origin.budget(at));
        let finding = site.whole(LintCode::BudgetTooSmall, span, message);
        findings.add(finding.help("the run stops when it is used up: raise it"));
    }
}

/// Limits with both places and a rate, of which one leaves the other far from being reached.
fn rates(site: &Site<'_>, usual: &Evaluated, findings: &mut Findings) {
    for (at, limit) in site.workflow.rules().limits.iter().enumerate() {
        let (Some(places), Some(rate)) = (limit.most, limit.rate) else { continue };
        let Some(used) = usual.whole.uses.get(&limit.name) else { continue };
        // A user that says nothing may be as quick as it likes.
        if limit.kind != LimitKind::Concurrency || used.shortest == 0 {
            continue;
        }
        let span = || site.workflow.origin().and_then(|origin| origin.limit(at));
        if let Some((fit, wanted)) = too_few_places(places, rate, used.starts, used.shortest) {
            let message = format!(
                "the rate of limit `{}` is never reached: {places} places for calls of {} start at \
                 most {fit} in {}, and {} may",
                limit.name,
                longer(used.shortest, used.longest),
                near(rate.per),
                rate.starts,
            );
            let help =
                format!("{wanted} places would use it: raise `concurrency`, or lower `rate`");
            findings.add(site.whole(LintCode::RateNeverReached, span(), message).help(help));
        } else if let Some(filled) = too_many_places(places, rate, used.starts, used.longest) {
            let message = format!(
                "of the {places} places of limit `{}` at most {filled} are ever taken: {} lets no \
                 more start while calls of {} run",
                limit.name,
                units::show_rate(rate.starts, rate.per),
                longer(used.longest, used.shortest),
            );
            let help = "lower `concurrency`, or raise `rate`";
            findings.add(site.whole(LintCode::PlacesNeverFilled, span(), message).help(help));
        }
    }
}

/// A time, and `or more` or `or less` where there is another.
fn longer(time: Nanos, other: Nanos) -> String {
    let more = match other.cmp(&time) {
        std::cmp::Ordering::Greater => " or more",
        std::cmp::Ordering::Less => " or less",
        std::cmp::Ordering::Equal => "",
    };
    format!("{}{more}", near(duration(time)))
}

/// How many starts the places let through in the time of the rate, and how many places its starts
/// need, where there are far too few for so many starts to come near it.
fn too_few_places(places: u64, rate: Rate, starts: u128, shortest: Nanos) -> Option<(u128, u128)> {
    let per = rate.per.as_nanos();
    // Each place begins a call every `shortest`, the first at once.
    let fit = u128::from(places).saturating_mul(per.div_ceil(shortest));
    let rated = u128::from(rate.starts);
    let few = fit.saturating_mul(FAR) <= rated && starts > rated;
    few.then(|| (fit, rated.saturating_mul(shortest).div_ceil(per)))
}

/// How many places are taken at most, where that is far fewer than there are.
fn too_many_places(places: u64, rate: Rate, starts: u128, longest: Nanos) -> Option<u128> {
    let (most, per) = (u128::from(rate.starts.max(1)), rate.per.as_nanos().max(1));
    // All that start in a stretch as long as a call may be there together.
    let by_window = most.saturating_mul(longest / per + 1);
    let filled = match rate.burst.map(u128::from).filter(|burst| *burst < most) {
        Some(burst) => by_window.min(burst + longest.saturating_mul(most).div_ceil(per)),
        None => by_window,
    };
    let places = u128::from(places);
    (filled.saturating_mul(FAR) <= places && starts >= places).then_some(filled)
}

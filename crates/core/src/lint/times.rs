//! Where the time goes, and whether running in parallel pays: one node that is most of it, a chain,
//! calls too short to be handed out; and attempts that are given less time than they take.

use super::{Finding, Findings, LintCode, Site, names};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::preview::{Conditions, Counting, Evaluated, Evaluation, Nanos, duration, near};
use crate::workflow::Node;

/// What handing out a call costs, in nanoseconds. Measured on the 2 cores of the design's machine:
/// tens of nanoseconds on the thread that has it, about 1 µs to share it with another.
const HANDING_OUT: Nanos = 1_000;

/// The fewest nodes of which it is worth saying how they follow each other.
const FEW: usize = 3;

pub(super) fn find(plan: &Plan, site: &Site<'_>, findings: &mut Findings) {
    let conditions = Conditions::new(usize::MAX);
    let evaluated = Evaluation::of(plan, &conditions, Counting::Usual);
    let told =
        too_small(site, &evaluated, findings) || dominating(plan, site, &evaluated, findings);
    // Where an edge is there for nothing, that is what makes the chain.
    let idle =
        |finding: &Finding| matches!(finding.code, LintCode::UnreadPort | LintCode::NeedlessOrder);
    if !told && !findings.0.iter().any(idle) {
        chain(plan, site, findings);
    }
}

/// Calls that are shorter than what it costs to hand them out.
fn too_small(site: &Site<'_>, evaluated: &Evaluated, findings: &mut Findings) -> bool {
    let load = &evaluated.whole;
    let Some(calls) = load.calls.known().filter(|&calls| calls >= FEW as u64) else { return false };
    if !load.timed || load.work >= HANDING_OUT.saturating_mul(calls.into()) {
        return false;
    }
    let message = format!(
        "{calls} calls take {} together: handing one out costs about {}, more than it takes",
        near(duration(load.work)),
        near(duration(HANDING_OUT)),
    );
    let help = "let one task do more at a time, or run it in sequence with `--workers 0`";
    findings.add(site.whole(LintCode::TooSmall, None, message).help(help));
    true
}

/// One node that is more than half of the critical path.
fn dominating(
    plan: &Plan,
    site: &Site<'_>,
    evaluated: &Evaluated,
    findings: &mut Findings,
) -> bool {
    let whole = &evaluated.whole;
    if plan.len() < FEW || !whole.timed || whole.path == 0 {
        return false;
    }
    let longest = site.nodes().filter_map(|id| {
        // What runs many, or a workflow, is split already.
        let load = evaluated.nodes[id.index()].as_ref()?;
        site.workflow.node(id).flow().is_none().then_some((id, load.path))
    });
    let Some((id, time)) = longest.max_by_key(|(_, time)| *time) else { return false };
    // Without it, everything must take less than half: else something beside it is as long.
    let rest = site.workflow.critical_path(|other| match &evaluated.nodes[other.index()] {
        Some(load) if other != id => load.path as f64,
        _ => 0.0,
    });
    if time.saturating_mul(2) <= whole.path || rest.length * 2.0 > whole.path as f64 {
        return false;
    }
    let waiting: Vec<&str> = plan.place(id).map_or_else(Vec::new, |at| {
        plan.successors(at).iter().map(|&next| plan.node(next).name()).collect()
    });
    let share = time.saturating_mul(100) / whole.path;
    let name = site.name(id);
    let mut message = format!(
        "`{name}` takes {} of the {} of the critical path ({share} %)",
        near(duration(time)),
        near(duration(whole.path)),
    );
    if !waiting.is_empty() {
        let waits = if waiting.len() == 1 { "waits" } else { "wait" };
        message = format!("{message}, and {} {waits} for it", names(waiting.into_iter()));
    }
    let help = format!(
        "nothing else makes the run much faster: split `{name}`, or `map` it over parts of its input"
    );
    findings.add(site.at(LintCode::DominatingNode, id, None, message).help(help));
    true
}

/// Every node waits for the one before it, and none runs anything at once.
fn chain(plan: &Plan, site: &Site<'_>, findings: &mut Findings) {
    let alone = |node: &Node| node.flow().is_none() && !node.is_dynamic();
    let is_chain = plan.len() >= FEW
        && plan.levels() == plan.len()
        && site.nodes().all(|id| alone(site.workflow.node(id)));
    if is_chain {
        let message = format!(
            "a chain: each of the {} nodes waits for the one before, so more workers make it no \
             faster",
            plan.len()
        );
        findings.add(site.whole(LintCode::Chain, None, message));
    }
}

/// Attempts that are given less time than they are expected to take.
pub(super) fn find_timeouts(site: &Site<'_>, findings: &mut Findings) {
    for id in site.nodes() {
        let node = site.workflow.node(id);
        let each = node.map().and_then(|map| map.each.as_deref());
        for policy in node.policy().into_iter().chain(each) {
            let Policy { expected: Some(expected), timeout, total_timeout, .. } = policy else {
                continue;
            };
            let Some(timeout) = timeout.iter().chain(total_timeout).min() else { continue };
            if expected > timeout {
                let message = format!(
                    "`{}` is expected to take {} and given {}: every attempt times out",
                    node.name(),
                    near(*expected),
                    near(*timeout),
                );
                let span = site.workflow.origin().and_then(|origin| origin.timeout(id));
                let finding = site.at(LintCode::TimeoutTooShort, id, span, message);
                findings.add(finding.help("raise the timeout, or correct `expected`"));
            }
        }
    }
}

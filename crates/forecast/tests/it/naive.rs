//! A list scheduler that shares no code with ours: whoever is free takes the ready task that ranks
//! first. Times in nanoseconds.

use std::time::Duration;

use terrace_forecast::wfformat::Instance;

/// The longest way from each task to an end, itself included.
pub(crate) fn ways(instance: &Instance) -> Vec<u128> {
    let tasks = &instance.tasks;
    let mut ways: Vec<u128> = tasks.iter().map(|task| task.runtime.as_nanos()).collect();
    // Until nothing changes: slow, and right for any order of the file.
    loop {
        let mut changed = false;
        for task in 0..tasks.len() {
            for &parent in &tasks[task].parents {
                let way = tasks[parent as usize].runtime.as_nanos() + ways[task];
                if way > ways[parent as usize] {
                    ways[parent as usize] = way;
                    changed = true;
                }
            }
        }
        if !changed {
            return ways;
        }
    }
}

/// How long a run takes in which of the ready tasks that with the highest rank goes first.
pub(crate) fn makespan(instance: &Instance, workers: usize, rank: &[u128]) -> Duration {
    let tasks = &instance.tasks;
    let mut ended: Vec<Option<u128>> = vec![None; tasks.len()];
    let mut started = vec![false; tasks.len()];
    let mut running: Vec<(u128, usize)> = Vec::new();
    let mut now = 0_u128;
    loop {
        while running.len() < workers {
            let is_ready = |task: &usize| {
                let parents = &tasks[*task].parents;
                !started[*task] && parents.iter().all(|&parent| ended[parent as usize].is_some())
            };
            let ready = (0..tasks.len()).filter(is_ready);
            let Some(next) = ready.max_by_key(|&task| (rank[task], std::cmp::Reverse(task))) else {
                break;
            };
            started[next] = true;
            running.push((now + tasks[next].runtime.as_nanos(), next));
        }
        let Some(&(end, _)) = running.iter().min() else { break };
        now = end;
        // All that end at one moment end before anything starts.
        running.retain(|&(at, task)| {
            if at == end {
                ended[task] = Some(at);
            }
            at != end
        });
    }
    assert!(ended.iter().all(Option::is_some), "a task never ran");
    Duration::from_nanos(u64::try_from(now).unwrap())
}

//! What a good engineer writes by hand: a counter per node, a deque per thread, no outputs, errors,
//! panics or cancellation. The number to compare with.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use crossbeam::deque::{Steal, Stealer, Worker};

use crate::shape::Graph;

pub(crate) struct ByHand {
    successors: Vec<Vec<u32>>,
    in_degrees: Vec<u32>,
    open: Vec<AtomicU32>,
    done: AtomicUsize,
}

impl ByHand {
    pub(crate) fn new(graph: &Graph) -> Self {
        let n = graph.len();
        let mut successors = vec![Vec::new(); n];
        let mut in_degrees = vec![0; n];
        for (node, in_degree) in in_degrees.iter_mut().enumerate() {
            *in_degree = graph.dependencies(node).len() as u32;
            for &on in graph.dependencies(node) {
                successors[on as usize].push(node as u32);
            }
        }
        let open = in_degrees.iter().map(|&degree| AtomicU32::new(degree)).collect();
        Self { successors, in_degrees, open, done: AtomicUsize::new(0) }
    }

    /// Runs every node once. Threads are started anew: their cost is part of the price.
    pub(crate) fn run(&self, threads: usize) {
        for (open, &degree) in self.open.iter().zip(&self.in_degrees) {
            open.store(degree, Ordering::Relaxed);
        }
        self.done.store(0, Ordering::Relaxed);
        let deques: Vec<Worker<u32>> = (0..threads).map(|_| Worker::new_lifo()).collect();
        let stealers: Vec<Stealer<u32>> = deques.iter().map(Worker::stealer).collect();
        for (node, &degree) in self.in_degrees.iter().enumerate() {
            if degree == 0 {
                deques[0].push(node as u32);
            }
        }
        thread::scope(|scope| {
            let mut deques = deques.into_iter();
            let own = deques.next();
            for deque in deques {
                let stealers = &stealers;
                scope.spawn(move || self.work(&deque, stealers));
            }
            if let Some(own) = own {
                self.work(&own, &stealers);
            }
        });
    }

    fn work(&self, deque: &Worker<u32>, stealers: &[Stealer<u32>]) {
        let n = self.open.len();
        let mut slot = None;
        let mut finished = 0;
        loop {
            let next = slot.take().or_else(|| deque.pop()).or_else(|| {
                stealers.iter().find_map(|stealer| match stealer.steal() {
                    Steal::Success(node) => Some(node),
                    _ => None,
                })
            });
            let Some(node) = next else {
                // Counted only when there is nothing to do, so that the counter is not contended.
                self.done.fetch_add(std::mem::take(&mut finished), Ordering::Relaxed);
                if self.done.load(Ordering::Relaxed) == n {
                    return;
                }
                std::hint::spin_loop();
                continue;
            };
            std::hint::black_box(());
            finished += 1;
            for &next in &self.successors[node as usize] {
                // Pairs with the other predecessors' own decrements: the last sees all they wrote.
                let is_ready = self.open[next as usize].fetch_sub(1, Ordering::AcqRel) == 1;
                if is_ready && let Some(other) = slot.replace(next) {
                    deque.push(other);
                }
            }
        }
    }
}

//! [`Drive`]: the loop that takes a simulated run to its end.
//!
//! Everything happens on this thread, in one order: the run says all it has to say, then what it
//! wants done is begun, and only when neither is left does the clock move on, to the first event.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use terrace_core::{Lane, TaskError, Value};
use terrace_plugin_api::ErrorClass;

use super::made::made;
use super::script::{Attempt, Gives, Script};
use super::stage::{Order, Stage, name_of};
use crate::attempt::Detached;
use crate::clock::{Clock, ManualClock, nanos};
use crate::error::SimulationError;
use crate::report::RunReport;
use crate::run::{Desk, Role, Run};
use crate::timer::Tick;

/// Takes a simulated run to its end.
pub(super) struct Drive<'s> {
    run: Arc<Run>,
    stage: Arc<Stage>,
    clock: Arc<ManualClock>,
    script: &'s mut dyn Script,
    answer_after: Duration,
    events: BinaryHeap<Reverse<Due>>,
    /// How many events there were: of those at one time the first to be known comes first.
    known: u64,
    /// Attempts that have begun and not come back, by their name on the stage.
    playing: HashMap<usize, Playing>,
    /// Those of them that look whether they are told to stop, in the order in which they began.
    looking: BTreeSet<(u64, usize)>,
    /// Who is who: numbers of computing and of blocking attempts.
    places: [Places; 2],
    /// Whether those that look were told that the run ends.
    told: bool,
}

/// An attempt that has begun and not come back.
struct Playing {
    attempt: Arc<Detached>,
    /// What it will give.
    result: Result<Value, TaskError>,
    stops_after: Option<Duration>,
    lane: Lane,
    /// When it began, among the events.
    order: u64,
    /// Whether nobody waits for it any more.
    lost: bool,
}

/// An event that is known.
struct Due {
    at: Duration,
    order: u64,
    what: What,
}

enum What {
    /// An attempt comes back. It is kept, so that no other has its name meanwhile.
    Back(Arc<Detached>),
    Wake(Weak<dyn Tick>),
    Answer(Box<dyn FnOnce() + Send>),
    Cancel,
}

/// Numbers that attempts of a lane have while they run.
#[derive(Default)]
struct Places {
    made: u16,
    free: BTreeSet<u16>,
}

impl Places {
    /// The lowest that nobody has.
    fn lowest(&self) -> u16 {
        self.free.first().copied().unwrap_or(self.made)
    }

    fn take(&mut self, number: u16) {
        if !self.free.remove(&number) {
            self.made = self.made.max(number.saturating_add(1));
        }
    }

    fn give_back(&mut self, number: u16) {
        self.free.insert(number);
    }
}

impl<'s> Drive<'s> {
    pub(super) fn new(
        run: Arc<Run>,
        stage: Arc<Stage>,
        clock: Arc<ManualClock>,
        script: &'s mut dyn Script,
        answer_after: Duration,
    ) -> Self {
        Self {
            run,
            stage,
            clock,
            script,
            answer_after,
            events: BinaryHeap::new(),
            known: 0,
            playing: HashMap::new(),
            looking: BTreeSet::new(),
            places: Default::default(),
            told: false,
        }
    }

    pub(super) fn cancel_at(&mut self, at: Option<Duration>) {
        if let Some(at) = at {
            self.plan(at, What::Cancel);
        }
    }

    /// Takes the run to its end.
    pub(super) fn run(mut self) -> Result<RunReport, SimulationError> {
        // The one seat there is.
        let seated = self.run.sit();
        debug_assert!(seated, "nobody else knows of the run");
        self.run.begin(Role::Owner);
        let mut waits_for = Vec::new();
        loop {
            self.settle();
            if self.run.is_finished() {
                break;
            }
            if self.step() {
                continue;
            }
            // Nothing will ever happen again.
            if !waits_for.is_empty() || self.playing.is_empty() {
                return Err(self.stalled(waits_for));
            }
            waits_for = self.let_go();
        }
        // What was given up comes back all the same, to nobody.
        while self.step() {}
        match self.run.report() {
            Some(report) if waits_for.is_empty() => Ok(report),
            _ => Err(self.stalled(waits_for)),
        }
    }

    fn stalled(&self, waits_for: Vec<String>) -> SimulationError {
        SimulationError::NeverEnds { at: self.run.now(), waits_for }
    }

    /// Lets the run say all that it has to say at this moment, and begins what it wants.
    fn settle(&mut self) {
        let mut desk = Desk::new(0);
        loop {
            let run = Arc::clone(&self.run);
            let next = run.shell().and_then(|shell| shell.next(&run, Role::Owner, &mut desk));
            // Before it is known who is free: attempts may have been given up.
            self.carry_out(Lane::Compute);
            if let Some(job) = next {
                // SAFETY: the unit was commanded to start once and came out of one queue, once; the
                // caller holds it.
                let lane = unsafe { run.lane_of(job.unit) };
                desk.number = self.places[lane as usize].lowest();
                desk.idle();
                desk.take(job);
                // SAFETY: as above.
                unsafe { run.advance(job.unit, &mut desk) };
                self.carry_out(lane);
                continue;
            }
            self.tell_those_that_look();
            return;
        }
    }

    /// Does what the run wants done; `lane` is that of the attempt that has begun, if one has.
    fn carry_out(&mut self, lane: Lane) {
        while let Some(order) = self.stage.next() {
            match order {
                Order::Attempt(attempt) => self.begin(attempt, lane),
                Order::Wake(at, who) => self.plan(at, What::Wake(who)),
                Order::Ask(asks) => {
                    let at = self.clock.now().saturating_add(self.answer_after);
                    self.plan(at, What::Answer(asks));
                }
                Order::Lost(name) => {
                    let Some(playing) = self.playing.get_mut(&name) else { continue };
                    playing.lost = true;
                    self.places[playing.lane as usize].give_back(playing.attempt.worker());
                    self.tell(name);
                }
            }
        }
    }

    fn begin(&mut self, attempt: Arc<Detached>, lane: Lane) {
        if !attempt.begin() {
            return;
        }
        self.places[lane as usize].take(attempt.worker());
        let about = &attempt.about;
        let course = self.script.attempt(&Attempt {
            node: about.id,
            path: &about.name.text,
            item: about.item.as_ref(),
            task: attempt.task(),
            number: about.number,
            seed: about.seed,
            lane,
            at: self.run.now(),
            due: about.due,
            policy: about.policy.as_deref(),
            cpus: about.cpus,
            output: attempt.output(),
        });
        let result = match course.gives {
            Gives::Called => attempt.call(),
            Gives::Made(items) => Ok(made(attempt.output(), &items)),
            Gives::This(result) => result.and_then(|value| attempt.check(value)),
        };
        let name = name_of(&attempt);
        if let Some(takes) = course.takes {
            let at = self.clock.now().saturating_add(takes);
            self.plan(at, What::Back(Arc::clone(&attempt)));
        }
        self.known += 1;
        let order = self.known;
        let stops_after = course.stops_after;
        if stops_after.is_some() {
            self.looking.insert((order, name));
        }
        let playing = Playing { attempt, result, stops_after, lane, order, lost: false };
        self.playing.insert(name, playing);
        if self.told {
            self.tell(name);
        }
    }

    /// Tells those that look that the run ends, where it does.
    fn tell_those_that_look(&mut self) {
        if self.told || !self.run.ends() {
            return;
        }
        self.told = true;
        while let Some(&(_, name)) = self.looking.first() {
            self.tell(name);
        }
    }

    /// Tells an attempt to stop, where it looks.
    fn tell(&mut self, name: usize) {
        let Some(playing) = self.playing.get(&name) else { return };
        let Some(after) = playing.stops_after.filter(|_| playing.attempt.is_told_to_stop()) else {
            return;
        };
        if self.looking.remove(&(playing.order, name)) {
            let at = self.clock.now().saturating_add(after);
            let attempt = Arc::clone(&playing.attempt);
            self.plan(at, What::Back(attempt));
        }
    }

    fn plan(&mut self, at: Duration, what: What) {
        // Beyond what the clock can tell nothing ever happens.
        if nanos(at) == u64::MAX {
            return;
        }
        self.known += 1;
        self.events.push(Reverse(Due { at, order: self.known, what }));
    }

    /// Moves the clock to the next event, and lets that happen. False: there is none.
    fn step(&mut self) -> bool {
        let Some(Reverse(Due { at, what, .. })) = self.events.pop() else { return false };
        let now = self.clock.now();
        self.clock.advance(at.saturating_sub(now));
        match what {
            What::Back(attempt) => self.back(&attempt),
            What::Wake(who) => {
                if let Some(who) = who.upgrade() {
                    who.tick();
                }
            }
            What::Answer(asks) => asks(),
            What::Cancel => self.run.token().cancel(),
        }
        true
    }

    /// An attempt comes back, where it has not yet.
    fn back(&mut self, attempt: &Arc<Detached>) {
        let name = name_of(attempt);
        let Some(playing) = self.playing.remove(&name) else { return };
        let looked = playing.stops_after.is_some();
        let told = looked && !self.looking.remove(&(playing.order, name));
        let result = match told {
            true => Err(told_to_stop()),
            false => playing.result,
        };
        let worker = playing.attempt.worker();
        if !playing.lost {
            self.places[playing.lane as usize].give_back(worker);
        }
        playing.attempt.end(result, worker);
    }

    /// Cancels the run and lets all come back that never would. Gives their names.
    fn let_go(&mut self) -> Vec<String> {
        let mut playing: Vec<&mut Playing> = self.playing.values_mut().collect();
        playing.sort_unstable_by_key(|playing| playing.order);
        for playing in &mut playing {
            playing.result = Err(told_to_stop());
        }
        let names = playing.iter().map(|playing| playing.attempt.about.name.text.to_string());
        let names = names.collect();
        let back: Vec<_> = playing.iter().map(|playing| Arc::clone(&playing.attempt)).collect();
        let now = self.clock.now();
        for attempt in back {
            self.plan(now, What::Back(attempt));
        }
        self.run.token().cancel();
        names
    }
}

/// What an attempt says that stopped when it was told to.
fn told_to_stop() -> TaskError {
    TaskError::new(ErrorClass::CANCELLED, "told to stop")
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

//! [`Levels`]: the barrier between levels.

/// Units of later levels, until their level opens.
#[derive(Debug)]
pub(super) struct Levels<T> {
    /// The level that may start.
    level: usize,
    /// How many nodes of each level have not ended.
    open: Vec<u32>,
    held: Vec<Vec<T>>,
    /// Whether someone looks at each level before the next opens.
    stops: bool,
}

impl<T> Levels<T> {
    /// `open` has the number of nodes of each level.
    pub(super) fn new(open: Vec<u32>) -> Self {
        Self { level: 0, held: open.iter().map(|_| Vec::new()).collect(), open, stops: false }
    }

    /// Somebody looks at each level before the next opens.
    pub(super) fn stop_at_each(&mut self) {
        self.stops = true;
    }

    /// Whether nodes of a level may not start yet.
    pub(super) fn is_closed(&self, level: u32) -> bool {
        level as usize > self.level
    }

    pub(super) fn hold(&mut self, level: u32, unit: T) {
        self.held[level as usize].push(unit);
    }

    /// A node has ended. Gives the level that ended with it, where somebody wants to look at that
    /// before the next opens.
    pub(super) fn end(&mut self, level: u32, opened: &mut Vec<T>) -> Option<u32> {
        let level = level as usize;
        debug_assert_ne!(self.open[level], 0, "a level ends more often than it has nodes");
        self.open[level] -= 1;
        if self.stops && level == self.level && self.open[level] == 0 && level + 1 < self.open.len()
        {
            return Some(level as u32);
        }
        if !self.stops {
            self.advance(opened);
        }
        None
    }

    /// Opens the next level when all of one have ended; one that is written off whole opens the
    /// next in turn.
    pub(super) fn advance(&mut self, opened: &mut Vec<T>) {
        while self.level + 1 < self.open.len() && self.open[self.level] == 0 {
            self.level += 1;
            opened.append(&mut self.held[self.level]);
        }
    }

    /// Lets each level open when the one before has ended, whoever wanted to look. Nothing is held.
    pub(super) fn stop_no_more(&mut self) {
        self.stops = false;
        self.advance(&mut Vec::new());
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.held.iter_mut().flat_map(|held| held.drain(..))
    }
}

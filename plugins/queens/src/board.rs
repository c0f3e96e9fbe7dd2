//! [`Board`]: the columns and diagonals that the queens placed so far attack, as bits.
//!
//! Row by row, as by Somers (jsomers.com/nqueen_demo, 2002), after Richards, Backtracking
//! algorithms in MCPL using bit patterns and recursion (1997): bit `c` of a mask is column `c` of
//! the next row, and going down a row shifts the diagonals by one.

use terrace_plugin_api::{ErrorClass, TaskContext, TaskError};

/// The largest board. It is also the largest whose solutions have ever been counted (OEIS
/// A000170: 234,907,967,154,122,528), and the largest whose count an `i64` is known to hold.
pub const MAX_QUEENS: u32 = 27;
/// Rows that are counted between two looks at whether the task should stop: below 2^8 boards.
const CHECK_EVERY: u32 = 6;

/// What the rows placed so far leave free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// The columns there are.
    all: u32,
    columns: u32,
    /// Diagonals that go down towards column 0.
    falling: u32,
    /// Diagonals that go down away from it.
    rising: u32,
    /// Rows without a queen.
    left: u32,
}

impl Board {
    /// A board of `n` rows with a queen in each of the first ones, in the columns given.
    ///
    /// # Errors
    /// Code `board` where it is larger than [`MAX_QUEENS`], where there are more queens than rows,
    /// or where one is outside or attacked.
    pub fn with_queens(n: u32, placed: &[u32]) -> Result<Self, TaskError> {
        let refused = |message: String| {
            Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("board"))
        };
        if n > MAX_QUEENS {
            return refused(format!("input `n`: {n} is not from 0 to {MAX_QUEENS}"));
        }
        if placed.len() > n as usize {
            return refused(format!("input `placed`: {} rows of {n}", placed.len()));
        }
        let mut board = Self { all: (1 << n) - 1, columns: 0, falling: 0, rising: 0, left: n };
        for (row, &column) in placed.iter().enumerate() {
            if column >= n || board.free() & 1 << column == 0 {
                return refused(format!(
                    "input `placed`: no queen can be in column {column} of row {row}"
                ));
            }
            board = board.place(1 << column);
        }
        Ok(board)
    }

    /// The columns of the next row that nobody attacks.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.all & !(self.columns | self.falling | self.rising)
    }

    /// How many rows have no queen yet.
    #[must_use]
    pub fn rows_left(&self) -> u32 {
        self.left
    }

    /// Puts a queen into the next row; `bit` is one of [`Self::free`].
    fn place(&self, bit: u32) -> Self {
        Self {
            all: self.all,
            columns: self.columns | bit,
            falling: (self.falling | bit) >> 1,
            rising: (self.rising | bit) << 1,
            left: self.left - 1,
        }
    }

    /// Counts the ways to fill the rows that are left. At most [`MAX_QUEENS`] calls deep.
    ///
    /// # Errors
    /// Cancelled.
    pub fn count(&self, ctx: &TaskContext) -> Result<i64, TaskError> {
        if self.left <= CHECK_EVERY {
            return Ok(self.count_on());
        }
        ctx.check_cancelled()?;
        let mut count = 0;
        for bit in bits(self.free()) {
            count += self.place(bit).count(ctx)?;
        }
        Ok(count)
    }

    fn count_on(&self) -> i64 {
        match self.left {
            0 => 1,
            1 => i64::from(self.free().count_ones()),
            _ => bits(self.free()).map(|bit| self.place(bit).count_on()).sum(),
        }
    }
}

/// The set bits of a mask, lowest first.
pub fn bits(mut mask: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = mask & mask.wrapping_neg();
        mask ^= lowest;
        (lowest != 0).then_some(lowest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(n: u32, placed: &[u32]) -> i64 {
        Board::with_queens(n, placed).unwrap().count(&TaskContext::detached()).unwrap()
    }

    /// OEIS A000170.
    #[test]
    fn the_known_counts() {
        let known = [1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2_680, 14_200];
        for (n, known) in known.into_iter().enumerate() {
            assert_eq!(count(n as u32, &[]), known, "{n}");
        }
        if !cfg!(debug_assertions) {
            assert_eq!((count(13, &[]), count(14, &[])), (73_712, 365_596));
        }
    }

    /// Places queens wherever no two share a column or diagonal, without bits.
    fn naive(n: i64, placed: &mut Vec<i64>) -> i64 {
        if placed.len() as i64 == n {
            return 1;
        }
        let row = placed.len() as i64;
        let free = |column: i64, placed: &[i64]| {
            (0_i64..).zip(placed).all(|(r, &c)| c != column && (c - column).abs() != row - r)
        };
        let mut count = 0;
        for column in 0..n {
            if free(column, placed) {
                placed.push(column);
                count += naive(n, placed);
                placed.pop();
            }
        }
        count
    }

    #[test]
    fn any_beginning_agrees_with_a_search_without_bits() {
        for n in 1..=7_u32 {
            for first in 0..n {
                let mut placed = vec![i64::from(first)];
                assert_eq!(count(n, &[first]), naive(n.into(), &mut placed), "{n} {first}");
            }
        }
        assert_eq!(count(8, &[0, 4, 7, 5, 2, 6, 1, 3]), 1);
    }

    #[test]
    fn what_is_no_board_is_refused() {
        for (n, placed) in [
            (28, &[][..]),
            (u32::MAX, &[]),
            (2, &[0, 1, 0]),
            (4, &[4]),
            (4, &[40]),
            (4, &[1, 1]),
            (4, &[1, 2]),
            (4, &[1, 0]),
        ] {
            let error = Board::with_queens(n, placed).unwrap_err();
            assert_eq!(error.code(), "board", "{n} {placed:?}");
        }
        assert!(Board::with_queens(27, &[26]).is_ok());
    }
}

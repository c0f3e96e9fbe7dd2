//! [`View`]: which part of the plane is looked at, and how closely.

use terrace_plugin_api::{ErrorClass, Record, TaskError};

/// The most pixels that a picture may have.
pub const MAX_PIXELS: u64 = 1 << 28;

/// A part of the plane as pixels. Row 0 is at the top.
#[derive(Clone, Copy, Debug, PartialEq, Record)]
pub struct View {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The left edge.
    pub left: f64,
    /// The right edge.
    pub right: f64,
    /// The lower edge.
    pub bottom: f64,
    /// The upper edge.
    pub top: f64,
    /// How many iterations make a point one of the set, at least 1.
    pub iterations: u32,
}

impl View {
    /// Checks what the others take for granted.
    ///
    /// # Errors
    /// Code `view` where there is no pixel or too many, no iteration, or an edge is on the wrong
    /// side or no number.
    pub fn check(&self) -> Result<(), TaskError> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let problem = if !(1..=MAX_PIXELS).contains(&pixels) {
            format!("{} by {} pixels are not from 1 to {MAX_PIXELS}", self.width, self.height)
        } else if !(1..=i32::MAX as u32).contains(&self.iterations) {
            format!("{} iterations are not from 1 to {}", self.iterations, i32::MAX)
        } else if !is_range(self.left, self.right) {
            format!("{} is not left of {}", self.left, self.right)
        } else if !is_range(self.bottom, self.top) {
            format!("{} is not below {}", self.bottom, self.top)
        } else {
            return Ok(());
        };
        let message = format!("input `view`: {problem}");
        Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("view"))
    }

    /// The centre of the pixel in a column and a row.
    #[must_use]
    pub fn centre(&self, column: u32, row: u32) -> (f64, f64) {
        let step_x = (self.right - self.left) / f64::from(self.width);
        let step_y = (self.top - self.bottom) / f64::from(self.height);
        (self.left + (f64::from(column) + 0.5) * step_x, self.top - (f64::from(row) + 0.5) * step_y)
    }
}

fn is_range(low: f64, high: f64) -> bool {
    low < high && (high - low).is_finite()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The whole set, as the examples look at it.
    pub(crate) const WHOLE: View = View {
        width: 400,
        height: 300,
        left: -2.5,
        right: 1.0,
        bottom: -1.3125,
        top: 1.3125,
        iterations: 256,
    };

    #[test]
    fn pixels_are_taken_at_their_centres() {
        let view =
            View { width: 2, height: 2, left: 0.0, right: 4.0, bottom: 0.0, top: 8.0, ..WHOLE };
        assert_eq!(view.centre(0, 0), (1.0, 6.0));
        assert_eq!(view.centre(1, 1), (3.0, 2.0));
    }

    #[test]
    fn views_of_nothing_are_refused() {
        assert!(WHOLE.check().is_ok());
        for wrong in [
            View { width: 0, ..WHOLE },
            View { width: u32::MAX, ..WHOLE },
            View { iterations: 0, ..WHOLE },
            View { iterations: u32::MAX, ..WHOLE },
            View { left: 1.0, ..WHOLE },
            View { top: f64::NAN, ..WHOLE },
            View { left: f64::MIN, right: f64::MAX, ..WHOLE },
        ] {
            assert_eq!(wrong.check().unwrap_err().code(), "view", "{wrong:?}");
        }
    }
}

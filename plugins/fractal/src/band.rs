//! Bands of rows: a picture cut into them, counted one by one, and joined again.

use terrace_plugin_api::{Array, ErrorClass, Record, TaskError, task};

use crate::view::View;

/// The rows from `from` up to, and without, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Record)]
pub struct Rows {
    /// The first, from 0 at the top.
    pub from: u32,
    /// One after the last.
    pub to: u32,
}

impl Rows {
    /// How many.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "checked rows are never empty")]
    pub fn len(&self) -> u32 {
        self.to - self.from
    }

    /// Checks that they are of a view.
    ///
    /// # Errors
    /// Code `rows` where there is none, or one outside.
    pub fn check(&self, view: &View) -> Result<(), TaskError> {
        if self.from < self.to && self.to <= view.height {
            return Ok(());
        }
        let Self { from, to } = self;
        Err(refused("rows", format!("rows {from} to {to} are not of {} rows", view.height)))
    }
}

/// Some rows of a picture.
#[derive(Clone, Record)]
pub struct Band {
    /// Which.
    pub rows: Rows,
    /// How many pixels are inside the set.
    pub inside: u64,
    /// How many iterations it took, of all pixels together.
    pub iterations: u64,
    /// The iterations of each pixel, a row after the other.
    pub counts: Array,
}

/// A whole picture.
#[derive(Clone, Record)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How many pixels are inside the set.
    pub inside: u64,
    /// How many iterations it took, of all pixels together.
    pub iterations: u64,
    /// How many of them make a pixel one of the set.
    pub most: u32,
    /// The iterations of each pixel, a row after the other.
    pub counts: Array,
}

/// Cuts the rows of a view into bands of `height`; the last may be lower.
///
/// # Errors
/// Code `view` where the view is of nothing, `height` where the height is 0.
#[task(pure)]
pub fn bands(
    /// The part of the plane.
    view: View,
    /// How many rows each has.
    #[default = 16]
    height: u32,
) -> Result<Vec<Rows>, TaskError> {
    view.check()?;
    if height == 0 {
        return Err(refused("height", "bands of 0 rows make no picture".to_owned()));
    }
    let starts = (0..view.height).step_by(height as usize);
    Ok(starts.map(|from| Rows { from, to: view.height.min(from.saturating_add(height)) }).collect())
}

/// Joins the bands of a view to a picture, from top to bottom.
///
/// # Errors
/// Code `view` where the view is of nothing, `bands` where they are not all rows of it in their
/// order, each of the view's width.
#[task(pure)]
pub fn join(
    /// The part of the plane.
    view: View,
    /// What `mandelbrot` gave, in the order of the rows.
    bands: Vec<Band>,
) -> Result<Picture, TaskError> {
    view.check()?;
    let mut counts: Vec<i32> = Vec::new();
    let mut next = 0;
    for Band { rows, counts: band, .. } in &bands {
        let (from, to) = (rows.from, rows.to);
        if from != next || from >= to || to > view.height {
            let message =
                format!("rows {from} to {to} of {} do not follow row {next}", view.height);
            return Err(refused("bands", message));
        }
        let width = u64::from(view.width);
        let items = band.as_slice::<i32>().filter(|_| band.shape() == [rows.len().into(), width]);
        let Some(items) = items else {
            let message = format!("rows {from} to {to} are not rows of {width} counts");
            return Err(refused("bands", message));
        };
        counts.extend_from_slice(items);
        next = to;
    }
    if next != view.height {
        return Err(refused("bands", format!("the rows from {next} on are missing")));
    }
    Ok(Picture {
        width: view.width,
        height: view.height,
        inside: bands.iter().map(|band| band.inside).sum(),
        iterations: bands.iter().map(|band| band.iterations).sum(),
        most: view.iterations,
        counts: Array::with_shape(&counts, &[view.height.into(), view.width.into()])?,
    })
}

/// The error of an input of that name.
fn refused(input: &str, message: String) -> TaskError {
    TaskError::new(ErrorClass::INVALID_INPUT, format!("input `{input}`: {message}"))
        .with_code(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::WHOLE;

    const SMALL: View = View { width: 2, height: 5, ..WHOLE };

    fn band(from: u32, to: u32) -> Band {
        let counts = vec![from as i32; 2 * (to - from) as usize];
        let counts = Array::with_shape(&counts, &[(to - from).into(), 2]).unwrap();
        Band { rows: Rows { from, to }, inside: 1, iterations: 10, counts }
    }

    #[test]
    fn bands_cover_every_row_once() {
        for height in [1, 2, 5, 100, u32::MAX] {
            let rows: Vec<u32> =
                bands(SMALL, height).unwrap().iter().flat_map(|rows| rows.from..rows.to).collect();
            assert_eq!(rows, [0, 1, 2, 3, 4], "{height}");
        }
        assert_eq!(bands(SMALL, 0).unwrap_err().code(), "height");
    }

    #[test]
    fn bands_join_from_top_to_bottom() {
        let picture = join(SMALL, vec![band(0, 2), band(2, 5)]).unwrap();
        assert_eq!(picture.counts.as_slice::<i32>().unwrap(), [0, 0, 0, 0, 2, 2, 2, 2, 2, 2]);
        assert_eq!(picture.counts.shape(), [5, 2]);
        assert_eq!((picture.inside, picture.iterations, picture.most), (2, 20, 256));
    }

    #[test]
    fn bands_that_are_no_picture_are_refused() {
        let mut narrow = band(0, 5);
        narrow.counts = Array::with_shape(&[0_i32; 5], &[5, 1]).unwrap();
        let mut floats = band(0, 5);
        floats.counts = Array::with_shape(&[0.0; 10], &[5, 2]).unwrap();
        for wrong in [
            vec![],
            vec![band(0, 4)],
            vec![band(1, 5)],
            vec![band(2, 5), band(0, 2)],
            vec![band(0, 3), band(2, 5)],
            vec![band(0, 6)],
            vec![narrow],
            vec![floats],
        ] {
            assert_eq!(join(SMALL, wrong).err().unwrap().code(), "bands");
        }
    }
}

//! How long each point takes to leave.

use terrace_plugin_api::{Array, TaskContext, TaskError, task};

use crate::band::{Band, Rows};
use crate::view::View;

/// Counts, for each pixel of a band of rows, how many times z ← z² + c, from 0 on, leaves |z| ≤ 2,
/// for c at the pixel's centre; a pixel that reaches the iterations of the view counts as inside
/// the set.
///
/// # Errors
/// Code `view` where the view is of nothing, `rows` where the rows are not of the view; cancelled.
#[task(pure)]
pub fn mandelbrot(
    ctx: &TaskContext,
    /// The part of the plane.
    view: View,
    /// The rows to count: from `from` up to, and without, `to`.
    rows: Rows,
) -> Result<Band, TaskError> {
    view.check()?;
    rows.check(&view)?;
    let mut counts = Vec::with_capacity(rows.len() as usize * view.width as usize);
    for row in rows.from..rows.to {
        ctx.check_cancelled()?;
        for column in 0..view.width {
            counts.push(escape(view.centre(column, row), view.iterations) as i32);
        }
        ctx.progress(f64::from(row + 1 - rows.from) / f64::from(rows.len()), "");
    }
    let inside = counts.iter().filter(|&&count| count as u32 == view.iterations).count() as u64;
    let iterations = counts.iter().map(|&count| count as u64).sum();
    let shape = [rows.len().into(), view.width.into()];
    Ok(Band { rows, inside, iterations, counts: Array::with_shape(&counts, &shape)? })
}

/// How many iterations leave |z| ≤ 2, at most `most`.
fn escape((x, y): (f64, f64), most: u32) -> u32 {
    let (mut re, mut im) = (0.0, 0.0);
    for count in 0..most {
        let (re_sq, im_sq) = (re * re, im * im);
        if re_sq + im_sq > 4.0 {
            return count;
        }
        (re, im) = (re_sq - im_sq + x, 2.0 * re * im + y);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::band::{bands, join};
    use crate::view::tests::WHOLE;

    #[test]
    fn points_of_known_fate() {
        for (c, expected) in [
            ((0.0, 0.0), 256),
            ((-1.0, 0.0), 256),
            ((-2.0, 0.0), 256),
            ((0.25, 0.0), 256),
            // z = 0, 1, 2, 5: the fourth is outside.
            ((1.0, 0.0), 3),
            ((2.5, 0.0), 1),
        ] {
            assert_eq!(escape(c, 256), expected, "{c:?}");
        }
    }

    #[test]
    fn the_whole_set_has_the_known_counts_in_bands_of_any_height() {
        let ctx = TaskContext::detached();
        let mut seen = Vec::new();
        for height in [16, 300] {
            let parts = bands(WHOLE, height).unwrap();
            let counted = parts.into_iter().map(|rows| mandelbrot(&ctx, WHOLE, rows).unwrap());
            let picture = join(WHOLE, counted.collect()).unwrap();
            assert_eq!((picture.inside, picture.iterations), (19_864, 5_571_138), "{height}");
            seen.push(picture.counts.as_slice::<i32>().unwrap().to_vec());
        }
        assert_eq!(seen[0], seen[1]);
    }

    #[test]
    fn rows_outside_are_refused() {
        let ctx = TaskContext::detached();
        for (from, to) in [(0, 301), (5, 5), (6, 5), (300, 301)] {
            let error = mandelbrot(&ctx, WHOLE, Rows { from, to }).err().unwrap();
            assert_eq!(error.code(), "rows", "{from} {to}");
        }
        let nothing = View { width: 0, ..WHOLE };
        assert_eq!(
            mandelbrot(&ctx, nothing, Rows { from: 0, to: 1 }).err().unwrap().code(),
            "view"
        );
    }
}
